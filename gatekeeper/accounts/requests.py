"""What a request knows about the person behind it: authority and sites, read once a request and never kept longer."""

from typing import Any

from gatekeeper.accounts.models import Person, Site
from gatekeeper.accounts.queries import authority_of


def authority_in(request: Any) -> dict[Site, frozenset[str]]:
    """Return the sites of the request's person and what is permitted at each; empty for nobody."""
    plain = getattr(request, "_request", request)  # REST framework wraps the request
    person = getattr(request, "user", None)
    if not isinstance(person, Person):
        return {}
    kept = getattr(plain, "authority", None)
    if kept is None or kept[0] != person.pk:
        kept = keep_authority(request, person, authority_of(person))
    return kept[1]


def keep_authority(
    request: Any, person: Person, authority: dict[Site, frozenset[str]]
) -> tuple[Any, dict[Site, frozenset[str]]]:
    """Keep what is permitted to the request's person for the rest of the request."""
    plain = getattr(request, "_request", request)
    plain.authority = (person.pk, authority)
    return plain.authority


def sites_in(request: Any, permission: str | None = None) -> list[Site]:
    """Return the sites where the request's person holds the permission (any role, when none is named)."""
    return [site for site, held in authority_in(request).items() if permission is None or permission in held]


def permits(request: Any, permission: str) -> bool:
    """Return whether the request's person holds the permission at some site."""
    return any(permission in held for held in authority_in(request).values())


def site_in(request: Any, wanted: str | None = None) -> Site | None:
    """Return the site of this code if the person belongs there, else the first of theirs."""
    sites = sites_in(request)
    return next((site for site in sites if site.code == wanted), sites[0] if sites else None)
