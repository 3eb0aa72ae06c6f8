"""The people of these tests, enrolled through the real actions: Ada and Ben administer, and both can sign."""

import uuid
from dataclasses import dataclass

from gatekeeper.accounts.actions.authentication import Credentials
from gatekeeper.accounts.actor import action
from gatekeeper.accounts.models import Person, Site
from tests.accounts.making import FIRST, OWN


@dataclass(frozen=True)
class Town:
    ada: Person
    ben: Person
    site: Site


def found_town() -> Town:
    """The founded system of the session, whose two people can sign."""
    ada, ben = (Person.objects.get(username=name) for name in ("ada", "ben"))
    return Town(ada, ben, Site.objects.get(code="SG1"))


def credentials(person: Person, password: str = OWN) -> Credentials:
    return Credentials(person.username, password)


@action
def open_site(*, by: Person, code: str = "", name: str = "Penang", reason: str = "") -> Site:
    """A small write of a small record, through the ORM as an action does it."""
    return Site.objects.create(
        code=code or uuid.uuid4().hex[:12], name=name, country="MY", timezone="Asia/Kuala_Lumpur"
    )


@action
def rename_site(*, by: Person, site: Site, name: str, reason: str = "") -> Site:
    site.name = name
    site.save()
    return site


__all__ = ["FIRST", "OWN", "Town", "credentials", "found_town", "open_site", "rename_site"]
