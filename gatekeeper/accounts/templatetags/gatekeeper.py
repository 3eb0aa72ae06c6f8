"""How records are written on a page: quantities as reported, digests short, times with their zone."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.utils.html import format_html

from gatekeeper.accounts.requests import permits
from gatekeeper.core.quantity import unit

register = template.Library()
_SHORT = 12  # characters of a digest that a person compares


@register.filter
def quantity(value: Any, unit: str = "") -> str:
    """Return a value as it was reported with the label of its unit: a Quantity, or a number and its unit's code."""
    if value is None or value == "":
        return "–"
    return f"{value}\N{NO-BREAK SPACE}{unit}" if unit else str(value)


@register.filter
def amount(value: Decimal | None, unit_code: str = "") -> str:
    """Return a stored amount without the zeros that only its column adds, with the label of its unit."""
    if value is None:
        return "–"
    return f"{value.normalize():f}\N{NO-BREAK SPACE}{unit(unit_code).label if unit_code else ''}".strip()


@register.filter
def digest(value: Any) -> str:
    """Return the beginning of a SHA-256, enough for the eye."""
    text = str(value or "")
    return f"{text[:_SHORT]}…" if len(text) > _SHORT else text


@register.filter
def local_time(value: datetime | None, zone: str = "UTC") -> str:
    """Return a time in ISO order in a zone (IANA name), with the zone named; a dash for none."""
    if not value:
        return "–"
    local = value.astimezone(ZoneInfo(str(zone) or "UTC"))
    return format_html(
        '<time datetime="{}">{} {}</time>',
        value.isoformat(),
        local.strftime("%Y-%m-%d %H:%M:%S"),
        zone or "UTC",
    )


@register.simple_tag(takes_context=True)
def can(context: dict[str, Any], permission: str) -> bool:
    """Return whether the page's person holds the permission at some site: ``{% can "lots.receive" as receives %}``."""
    return permits(context["request"], permission)
