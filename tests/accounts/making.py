"""Ada and Ben administer, Olivia operates, Sol works elsewhere: all enrolled through the real actions."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.test import Client

from gatekeeper.accounts import clock
from gatekeeper.accounts.actions import people
from gatekeeper.accounts.actions.authentication import Credentials
from gatekeeper.accounts.actions.founding import found
from gatekeeper.accounts.actions.roles import assign_role
from gatekeeper.accounts.actions.sites import add_site
from gatekeeper.accounts.actions.tokens import issue_token
from gatekeeper.accounts.actor import SYSTEM
from gatekeeper.accounts.models import Person, Site

FIRST, OWN = "a first passphrase of mine", "a much longer passphrase of mine"
SINGAPORE = {"code": "SG1", "name": "Singapore", "country": "SG", "timezone": "Asia/Singapore"}
SEOUL = {"code": "KR1", "name": "Seoul", "country": "KR", "timezone": "Asia/Seoul"}
BEGIN = date(2020, 1, 1)


@dataclass
class House:
    ada: Person
    ben: Person
    singapore: Site

    def ready(self, username: str) -> Person:
        """A person who chose a password and accepted what a signature means."""
        person = Person.objects.get(username=username)
        people.change_password(by=person, credentials=Credentials(username, FIRST), new_password=OWN)
        person.refresh_from_db()
        people.accept_accountability(by=person, credentials=Credentials(username, OWN))
        return Person.objects.get(username=username)

    def enrol(self, username: str, *roles: str, site: Site | None = None, **more) -> Person:
        full_name = more.pop("full_name", username.title())
        human = more.get("kind", Person.Kind.HUMAN) == Person.Kind.HUMAN
        person = people.enrol_person(
            by=self.ada,
            username=username,
            full_name=full_name,
            identity_checked_by=self.ben,
            initial_password=FIRST if human else "",
            **more,
        )
        for role in roles:
            assign_role(by=self.ada, person=person, role=role, site=site or self.singapore, from_date=BEGIN)
        return self.ready(username) if human else person

    def machine(self, username: str, *roles: str) -> Person:
        return self.enrol(username, *roles, kind=Person.Kind.MACHINE)

    def token(self, machine: Person, *scopes: str, site: Site | None = None, days: int = 30) -> str:
        return issue_token(
            by=self.ada,
            person=machine,
            site=site or self.singapore,
            scopes=frozenset(scopes),
            expires_at=clock.now() + timedelta(days=days),
        )

    def seoul(self) -> Site:
        return Site.objects.filter(code="KR1").first() or add_site(by=self.ada, **SEOUL)


def make_house() -> House:
    first, second = (
        {"username": name, "full_name": full, "initial_password": FIRST}
        for name, full in (("ada", "Ada Lim"), ("ben", "Ben Ong"))
    )
    found(by=SYSTEM, site=SINGAPORE, administrators=(first, second))
    house = found_house()
    house.ada, house.ben = house.ready("ada"), house.ready("ben")
    return house


def found_house() -> House:
    """What ``make_house`` made, in a copy of its database."""
    return House(Person.objects.get(username="ada"), Person.objects.get(username="ben"), Site.objects.get(code="SG1"))


def browser(username: str = "", password: str = OWN) -> Client:
    """A browser, after the log-in page when a name is given."""
    client = Client(raise_request_exception=False)
    if username:
        answer = enter(client, username, password)
        assert answer.status_code == 302, answer.content.decode()
    return client


def enter(client: Client, username: str, password: str = OWN, **more):
    return client.post("/accounts/log-in/", {"username": username, "password": password, **more})
