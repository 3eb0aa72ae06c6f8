"""The people of these tests, enrolled through the real actions: Ada and Ben administer, and both can sign."""

import uuid
from dataclasses import dataclass

from gatekeeper.accounts.acting import SYSTEM, acting, action
from gatekeeper.accounts.actions import people
from gatekeeper.accounts.actions.authentication import Credentials
from gatekeeper.accounts.actions.founding import found
from gatekeeper.accounts.models import Person, Site

FIRST, OWN = "a first passphrase of mine", "a much longer passphrase of mine"
SINGAPORE = {"code": "SG1", "name": "Singapore", "country": "SG", "timezone": "Asia/Singapore"}


@dataclass(frozen=True)
class Town:
    ada: Person
    ben: Person
    site: Site


def make_town() -> Town:
    """An empty system, founded, whose two people can sign."""
    names = (("ada", "Ada Lim"), ("ben", "Ben Ong"))
    first, second = ({"username": name, "full_name": full, "initial_password": FIRST} for name, full in names)
    found(by=SYSTEM, site=SINGAPORE, administrators=(first, second))
    for name, _full in names:
        person = Person.objects.get(username=name)
        person = people.change_password(by=person, credentials=Credentials(name, FIRST), new_password=OWN)
        people.accept_accountability(by=person, credentials=Credentials(name, OWN))
    ada, ben = (Person.objects.get(username=name) for name, _full in names)
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


__all__ = ["OWN", "Town", "acting", "credentials", "make_town", "open_site", "rename_site"]
