"""Lists are read by cursor: ``{"results": [], "next": url, "previous": url}``, whatever is added meanwhile."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response


class ByCursor(CursorPagination):
    """Newest first by key, fifty at a time, up to 500 with ``?page_size=``."""

    ordering = "-pk"
    page_size_query_param = "page_size"
    max_page_size = 500

    def paginate_queryset(self, queryset: QuerySet[Any], request: Request, view: Any = None) -> list[Any]:
        """Return the page of the cursor.

        :raises NotFound: when the cursor is not one that a page was given with.
        """
        try:
            return super().paginate_queryset(queryset, request, view)
        except ValueError:
            raise NotFound(self.invalid_cursor_message) from None

    def get_paginated_response(self, data: list[Any]) -> Response:
        """Return the results between the two cursors."""
        return Response({"results": data, "next": self.get_next_link(), "previous": self.get_previous_link()})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return the schema of such an answer."""
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {"results": schema, "next": link, "previous": link},
        }


def rfc3339(text: str) -> datetime | None:
    """Return the time of a query parameter, None when it is none or has no offset."""
    try:
        at = parse_datetime(text.replace(" ", "+"))  # a plus sign that was not escaped arrives as a space
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None


def updated_since(request: Request) -> datetime | None:
    """Return ``?updated_since=`` as a time, None when it is not given.

    :raises ValidationError: when it is no RFC 3339 time with an offset.
    """
    text = request.query_params.get("updated_since")
    if text is None:
        return None
    if (at := rfc3339(text)) is None:
        raise ValidationError({"updated_since": "An RFC 3339 time with its offset is needed."}, code="time_malformed")
    return at


def narrowed(request: Request, records: QuerySet[Any], fields: Mapping[str, str]) -> QuerySet[Any]:
    """Return the records that have what the query parameters say, updated since ``?updated_since=`` where it is given.

    ``fields`` are the fields of the records by parameter.

    :raises ValidationError: ``?updated_since=`` is no time.
    """
    sent = request.query_params
    records = records.filter(**{field: sent[name] for name, field in fields.items() if name in sent})
    since = updated_since(request)
    return records if since is None else records.filter(updated_at__gte=since)


def changed_since(records: QuerySet[Any], at: datetime | None) -> QuerySet[Any]:
    """Return the records whose history has a row since the time; all of them without one."""
    if at is None:
        return records
    model = records.model
    key = model._meta.pk.name
    return records.filter(pk__in=model.history.filter(history_date__gte=at).values(key))
