"""Sites are added by an administrator; their code is what records name."""

import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gatekeeper.accounts.actor import System, action
from gatekeeper.accounts.models import Person, Site
from gatekeeper.accounts.queries import check_authority_anywhere
from gatekeeper.core.refusal import Kind, Refusal

_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{0,19}")


@action
def add_site(*, by: Person | System, code: str, name: str, country: str, timezone: str) -> Site:
    """Add a site; ``country`` is ISO 3166 alpha-2, ``timezone`` an IANA name.

    :raises Refusal: ``not_authorised``, ``site_code_malformed``, ``site_name_missing``, ``site_exists``,
        ``country_unknown``, ``timezone_unknown``.
    """
    check_authority_anywhere(by, "accounts.manage")
    if not _CODE.fullmatch(code):
        raise Refusal(
            "site_code_malformed",
            "A site code has capitals, digits and hyphens: not “{code}”.",
            field="code",
            code=code,
        )
    if not name.strip():
        raise Refusal("site_name_missing", "Say how the site is called.", field="name")
    if not re.fullmatch(r"[A-Z]{2}", country):
        raise Refusal("country_unknown", "“{code}” is no two-letter country code.", field="country", code=country)
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Refusal("timezone_unknown", "“{zone}” is no time zone.", field="timezone", zone=timezone) from error
    list(Site.objects.select_for_update(no_key=True).order_by("pk"))  # of two at once the second finds the first
    if Site.objects.filter(code=code).exists():
        raise Refusal("site_exists", "The site {code} exists already.", field="code", kind=Kind.CONFLICT, code=code)
    return Site.objects.create(code=code, name=name.strip(), country=country, timezone=timezone)
