"""The certificate of analysis as a page, as PDF and as JSON."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from gatekeeper.web import Page
from release import certificate as printing
from release import queries
from release.models import Certificate


class CertificateDetail(Page):
    """The certificate, as it was issued."""

    permission = "release.view"
    template_name = "release/certificate_detail.html"

    def certificate(self) -> Certificate:
        """Return the certificate of the address, when the person may see it."""
        return get_object_or_404(queries.visible_certificates(self.sites), number=self.kwargs["number"])

    def context(self) -> dict[str, Any]:
        """Return the certificate as it is printed."""
        certificate = self.certificate()
        return {"certificate": certificate, "printed": printing.printed(json.loads(certificate.content))}


class CertificatePdf(CertificateDetail):
    """The very bytes of the PDF that was issued."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Return the PDF."""
        certificate = self.certificate()
        return _file(bytes(certificate.pdf), "application/pdf", f"{certificate.number}.pdf")


class CertificateJson(CertificateDetail):
    """The very bytes of the content, whose digest is on record."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Return the canonical JSON."""
        certificate = self.certificate()
        return _file(certificate.content.encode(), "application/json", f"{certificate.number}.json")


def _file(content: bytes, content_type: str, name: str) -> HttpResponse:
    return HttpResponse(
        content, content_type=content_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
