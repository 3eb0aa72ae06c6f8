"""Addresses of the pages: the same for every kind of document."""

from typing import Any

from django.urls import URLPattern, path

from gatekeeper.core.documents import DocumentKind
from gatekeeper.documents import views
from gatekeeper.documents.queries import document_kinds

app_name = "documents"


def _view(page: type, **attributes: object) -> Any:
    return type(page.__name__, (page,), attributes)


def _pages(kind: DocumentKind) -> list[URLPattern]:
    version = f"{kind.address}/<str:code>/<int:version>/"
    rows = (
        ("list", f"{kind.address}/", views.DocumentList, kind.view),
        ("import", f"{kind.address}/import/", views.ImportDocument, kind.author),
        ("detail", version, views.DocumentDetail, kind.view),
        ("approve", f"{version}approve/", views.ApproveDocument, kind.approve),
        ("retire", f"{version}retire/", views.RetireDocument, kind.approve),
        ("export", f"{version}export/", views.ExportDocument, kind.view),
    )
    return [
        path(
            address,
            _view(page, kind=kind, permission=permission, __doc__=page.__doc__).as_view(),
            name=f"{kind.code}_{name}",
        )
        for name, address, page, permission in rows
    ]


urlpatterns = [row for kind in document_kinds() for row in _pages(kind)]
