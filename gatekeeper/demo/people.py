"""The people of the demonstration and of the tests, enrolled through the project's own actions.

Olivia operates, Vera verifies, Quinn reviews for quality, Rafael releases, ``lims`` is a machine, Sol works at another
site and must see nothing.
"""

from dataclasses import dataclass
from datetime import timedelta

from gatekeeper.accounts.actions.authentication import Credentials
from gatekeeper.accounts.actions.founding import found
from gatekeeper.accounts.actions.people import accept_accountability, change_password, enrol_person
from gatekeeper.accounts.actions.roles import assign_role, grant_qualification
from gatekeeper.accounts.actions.sites import add_site
from gatekeeper.accounts.actor import SYSTEM
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person, Site

PASSWORD = "clean-room-2026-demo"  # noqa: S105 -- printed by the demonstration for whoever tries it
_FIRST_PASSWORD = "given-at-the-gate-2026"  # noqa: S105 -- replaced at once, as everybody must

SITES = (
    {"code": "SG01", "name": "Singapore, Tuas", "country": "SG", "timezone": "Asia/Singapore"},
    {"code": "KR01", "name": "Incheon, Songdo", "country": "KR", "timezone": "Asia/Seoul"},
)
PROCEDURES = ("SOP-UPSTREAM", "SOP-DOWNSTREAM", "SOP-FILL")


@dataclass(frozen=True, slots=True)
class Role:
    """One person of the demonstration: roles, site, and procedures they are trained for."""

    username: str
    full_name: str
    roles: tuple[str, ...]
    duty: str
    site: str = "SG01"
    procedures: tuple[str, ...] = ()
    kind: str = Person.Kind.HUMAN


ADMINISTRATORS = (
    Role("grace", "Grace Wong", ("site_administrator",), "administers people"),
    Role("dev", "Dev Menon", ("site_administrator",), "administers people"),
)
CAST = (
    Role("olivia", "Olivia Tan", ("operator",), "operates", procedures=PROCEDURES),
    Role("vera", "Vera Lim", ("operator",), "verifies", procedures=PROCEDURES),
    Role("farid", "Farid Aziz", ("production_reviewer",), "reviews for production, issues batch records"),
    Role("quinn", "Quinn Rao", ("qa_reviewer",), "reviews for quality"),
    Role("rafael", "Rafael Cruz", ("qa_releaser",), "releases lots"),
    Role("priya", "Priya Nair", ("qa_investigator",), "investigates and closes deviations"),
    Role("mei", "Mei Chen", ("master_data_author",), "writes master data"),
    Role("arun", "Arun Pillai", ("master_data_approver",), "approves master data"),
    Role("hana", "Hana Sato", ("qc_analyst",), "tests"),
    Role("jonas", "Jonas Berg", ("qc_reviewer",), "reviews test results"),
    Role("wen", "Wen Li", ("warehouse_receiver",), "receives lots"),
    Role("sol", "Sol Park", ("operator", "qa_reviewer"), "works at another site", site="KR01", procedures=PROCEDURES),
    Role("lims", "LIMS", ("integration_machine",), "sends results", kind=Person.Kind.MACHINE),
    Role("skid-gateway", "Skid gateway", ("skid_gateway",), "sends readings", kind=Person.Kind.MACHINE),
    Role("monitor", "Process monitor", ("process_monitor",), "judges readings", kind=Person.Kind.MACHINE),
)


def enrol_everybody() -> dict[str, Person]:
    """Found the system and enrol the whole cast; return everybody by user name. Needs an empty system."""
    first, second = found(
        by=SYSTEM,
        site=SITES[0],
        administrators=tuple(
            {"username": role.username, "full_name": role.full_name, "initial_password": _FIRST_PASSWORD}
            for role in ADMINISTRATORS
        ),
    )
    people = {person.username: _complete_enrolment(person) for person in (first, second)}
    for site in SITES[1:]:
        add_site(by=people["grace"], **site)
    for role in CAST:
        people[role.username] = enrol(role, by=people["grace"], checker=people["dev"])
    return people


def credentials(person: Person) -> Credentials:
    """Return user name and password of a person of the demonstration."""
    return Credentials(person.username, PASSWORD)


def enrol(role: Role, *, by: Person, checker: Person) -> Person:
    """Enrol one more person with their roles and qualifications; their password is PASSWORD."""
    person = enrol_person(
        by=by,
        username=role.username,
        full_name=role.full_name,
        identity_checked_by=checker,
        initial_password=_FIRST_PASSWORD if role.kind == Person.Kind.HUMAN else "",
        kind=Person.Kind(role.kind),
    )
    # From yesterday on: the assignment has begun at every site, whatever its time zone.
    site, since = Site.objects.get(code=role.site), now().date() - timedelta(days=1)
    for code in role.roles:
        assign_role(by=by, person=person, role=code, site=site, from_date=since)
    for procedure in role.procedures:
        grant_qualification(
            by=by,
            person=person,
            procedure=procedure,
            from_date=since,
            expiry_date=since + timedelta(days=365),
        )
    return _complete_enrolment(person) if person.kind == Person.Kind.HUMAN else person


def _complete_enrolment(person: Person) -> Person:
    """Let a person choose their own password and accept what their signature means."""
    person = change_password(
        by=person, credentials=Credentials(person.username, _FIRST_PASSWORD), new_password=PASSWORD
    )
    return accept_accountability(by=person, credentials=credentials(person))
