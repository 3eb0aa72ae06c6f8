"""What waits for an administrator, and for everybody about themself."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from gatekeeper.accounts import clock
from gatekeeper.accounts.models import AccessEvent, Person, Qualification, Site
from gatekeeper.accounts.queries import day_at

_NOTICE = timedelta(days=30)  # how early a person is reminded; it limits nothing


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that waits: a sentence, what is known about it, where it is done, its state (see mark.html).

    ``live`` is where what is measured meanwhile can be followed, empty where nothing is.
    """

    title: str
    detail: str = ""
    url: str = ""
    state: str = "plain"
    mark: str = ""
    live: str = ""


@dataclass(frozen=True, slots=True)
class WorkList:
    """A queue: its name, the page of all of it, how many wait, the first of them."""

    label: str
    url: str
    count: int
    rows: tuple[Row, ...] = field(default=())


def locked_out_people(*, person: Person, sites: Sequence[Site]) -> WorkList:
    """Return who was locked out within the cool-off time: attempts are reported at once. 21 CFR 11.300(d)."""
    since = clock.now() - timedelta(hours=settings.LOCKOUT_HOURS)
    events = AccessEvent.objects.filter(kind=AccessEvent.Kind.LOCKED_OUT, at__gt=since).order_by("username", "-at")
    rows = [
        Row(
            _("%(name)s is locked out after failed attempts") % {"name": name},
            _("last from %(address)s") % {"address": last.ip_address or _("an unknown address")},
            state="action",
            mark=_("Locked"),
        )
        for name, group in groupby(events, key=lambda event: event.username)
        for last in [next(group)]
    ]
    return WorkList(_("Failed attempts to enter or sign"), "", len(rows), tuple(rows))


def expiring_qualifications(*, person: Person, sites: Sequence[Site]) -> WorkList:
    """Return the qualifications at these sites that end soon or have ended without a newer one."""
    people = Person.objects.filter(is_active=True, assignments__site__in=sites).distinct()
    return _ending(Qualification.objects.filter(person__in=people), _("Qualifications that expire"), named=True)


def own_qualifications(*, person: Person, sites: Sequence[Site]) -> WorkList:
    """Return the person's own qualifications that end soon or have ended."""
    return _ending(Qualification.objects.filter(person=person), _("My qualifications that expire"), named=False)


def _ending(found: QuerySet[Qualification], label: str, *, named: bool) -> WorkList:
    today = day_at(None)
    newest: dict[tuple[int, str], Qualification] = {}
    for row in found.select_related("person").order_by("expiry_date"):
        newest[row.person_id, row.procedure] = row
    ending = [row for row in newest.values() if row.expiry_date <= today + _NOTICE]
    rows = tuple(
        Row(
            f"{row.person.full_name}: {row.procedure}" if named else row.procedure,
            _("until %(day)s") % {"day": row.expiry_date.isoformat()},
            url=reverse("accounts:person", args=[row.person.username]) if named else "",
            state="action" if row.expiry_date < today else "alert",
            mark=_("Expired") if row.expiry_date < today else _("Expires"),
        )
        for row in sorted(ending, key=lambda row: row.expiry_date)
    )
    return WorkList(label, "", len(rows), rows)
