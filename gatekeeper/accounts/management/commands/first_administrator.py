"""``manage.py first_administrator``: the first site and its two administrators, in an empty system only."""

import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from gatekeeper import environment
from gatekeeper.accounts.actions.founding import found
from gatekeeper.accounts.actor import SYSTEM
from gatekeeper.core.refusal import Refusal


class Command(BaseCommand):
    """Ask for two initial passwords (or take them from the environment) and found the system."""

    help = "Found an empty system: its first site and two administrators who have checked each other's identity."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the site and two people."""
        for option in ("site-code", "site-name", "country", "timezone"):
            parser.add_argument(f"--{option}", required=True)
        for who in ("first", "second"):
            parser.add_argument(f"--{who}-username", required=True)
            parser.add_argument(f"--{who}-name", required=True)

    def handle(self, *_args: object, **options: Any) -> None:
        """Found the system, or say why not."""
        people = tuple(
            {
                "username": options[f"{who}_username"],
                "full_name": options[f"{who}_name"],
                "initial_password": _password(who, options[f"{who}_username"]),
            }
            for who in ("first", "second")
        )
        site = {
            "code": options["site_code"],
            "name": options["site_name"],
            "country": options["country"],
            "timezone": options["timezone"],
        }
        try:
            first, second = found(by=SYSTEM, site=site, administrators=people)
        except Refusal as refusal:
            raise CommandError("\n".join(one.message for one in refusal.all)) from refusal
        self.stdout.write(f"{first} and {second} administer {options['site_name']}.")


def _password(who: str, username: str) -> str:
    given = environment.text(f"GATEKEEPER_{who.upper()}_PASSWORD", "")
    return given or getpass.getpass(f"Initial password of {username}: ")
