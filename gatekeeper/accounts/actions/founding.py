"""How an empty system gets its first people: once, two together, by the system itself as the actor.

Later everybody is enrolled by an administrator, and a second person checks the identity. So the first two must come
together: each has checked the other's identity and each grants the other's role.
"""

from gatekeeper.accounts.actions.people import found_administrators
from gatekeeper.accounts.actions.roles import import_roles, insert_assignment
from gatekeeper.accounts.actions.sites import add_site
from gatekeeper.accounts.actor import System, action
from gatekeeper.accounts.models import Person, Role
from gatekeeper.accounts.queries import day_at


@action
def found(*, by: System, site: dict[str, str], administrators: tuple[dict[str, str], ...]) -> tuple[Person, Person]:
    """Found an empty system: the shipped roles, the first site and its two administrators.

    ``site`` is ``{code, name, country, timezone}``, each administrator ``{username, full_name, initial_password}``.

    :raises Refusal: ``already_founded`` once anybody exists; what add_site and enrol_person refuse.
    """
    first, second = found_administrators(by=by, people=administrators)
    import_roles(by=by)
    place = add_site(by=by, **site)
    role = Role.objects.get(code="site_administrator")
    for person, other in ((first, second), (second, first)):
        insert_assignment(by=other, person=person, role=role, site=place, dates=(day_at(place), None))
    return first, second
