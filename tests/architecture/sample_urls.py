"""The real site, and beside it one small resource behind both doors, to try what the bases promise."""

from django import forms
from django.urls import path
from rest_framework import serializers
from rest_framework.response import Response

from gatekeeper.accounts.actions.authentication import prove
from gatekeeper.accounts.actor import action
from gatekeeper.accounts.models import Site
from gatekeeper.accounts.queries import check_authority
from gatekeeper.api import ApiView, Signs, check_match, etag_of
from gatekeeper.core.refusal import Kind, Refusal, refuse_all
from gatekeeper.pagination import changed_since, updated_since
from gatekeeper.urls import handler403, handler404, handler500, urlpatterns
from gatekeeper.web import ActionView, Page, SigningForm

REFUSALS = {
    "invalid": [Refusal("unit_unknown", "There is no unit “{unit}”.", field="unit", unit="µΩ")],
    "conflict": [Refusal("lot_used_up", "Nothing is left.", kind=Kind.CONFLICT)],
    "forbidden": [Refusal("verifier_performed", "Another person verifies.", kind=Kind.FORBIDDEN)],
    "locked": [Refusal("locked_out", "Locked.", kind=Kind.LOCKED)],
    "several": [
        Refusal("unit_unknown", "There is no unit “{unit}”.", field="unit", unit="x"),
        Refusal("value_missing", "The value is missing.", field="name"),
        Refusal("lot_expired", "The lot has expired."),
    ],
    "missing": [Refusal("lot_unknown", "There is no such lot.", kind=Kind.MISSING)],
    "pending": [Refusal("seal_pending", "Recorded, not sealed yet.", kind=Kind.PENDING)],
}


@action
def add(*, by, code, name):
    """Record a site and refuse what its name asks for: after the write, so that the write must be undone."""
    site = Site.objects.create(code=code, name=name, country="SG", timezone="UTC")
    refuse_all(REFUSALS.get(name, []))
    return site


class SampleForm(forms.Form):
    code = forms.CharField(max_length=20)
    name = forms.CharField(max_length=120)
    unit = forms.CharField(required=False)


class SamplePage(ActionView):
    permission = "lots.receive"
    template_name = "errors/error.html"
    form_class = SampleForm

    def perform(self, form):
        add(by=self.request.user, code=form.cleaned_data["code"], name=form.cleaned_data["name"])
        return "home"


class SampleInput(serializers.Serializer):
    code = serializers.CharField(max_length=20)
    name = serializers.CharField(max_length=120)


class SampleList(ApiView):
    permissions = {"GET": "lots.view", "POST": "lots.receive"}

    def get(self, request):
        sites = changed_since(Site.objects.all(), updated_since(request))
        return self.listed(sites, lambda site: {"code": site.code}, ordering="pk")

    def post(self, request):
        data = self.parsed(SampleInput).validated_data
        site = add(by=request.user, **data)
        return Response({"code": site.code, "key": site.pk}, status=201, headers={"Location": f"/{site.code}/"})


class SampleDetail(ApiView):
    permission = "lots.receive"

    def post(self, request, code):
        site = Site.objects.get(code=code)
        check_authority(request.user, "lots.receive", site)
        check_match(request, etag_of(site.pk, site.name))
        return Response({"name": site.name}, headers={"ETag": etag_of(site.pk, site.name)})

    def get(self, request, code):
        raise ZeroDivisionError(code)


class SampleSigning(ApiView):
    permissions = {"GET": "lots.view", "POST": "lots.release"}
    signs = True

    def get(self, request):
        return Response({"sites": [site.code for site in self.sites]})

    def post(self, request):
        proof = prove(by=request.user, credentials=self.parsed(Signs).credentials(request))
        return Response({"event": proof.event_id}, status=201)


class SampleSigningPage(ActionView):
    permission = "lots.release"
    template_name = "errors/error.html"
    form_class = SigningForm

    def perform(self, form):
        prove(by=self.request.user, credentials=form.credentials(self.request))
        return "home"


class SampleTime(Page):
    permission = "lots.view"
    template_name = "errors/error.html"

    def context(self):
        raise Refusal("lot_unknown", "There is no lot “{lot}”.", kind=Kind.MISSING, lot="<b>L1</b>")


urlpatterns = [
    path("sample/", SamplePage.as_view()),
    path("sample/signing/", SampleSigningPage.as_view()),
    path("sample/missing/", SampleTime.as_view()),
    path("api/v1/sample/", SampleList.as_view()),
    path("api/v1/sample/signing/", SampleSigning.as_view()),
    path("api/v1/sample/<str:code>/", SampleDetail.as_view()),
    *urlpatterns,
]
__all__ = ["handler403", "handler404", "handler500", "urlpatterns"]
