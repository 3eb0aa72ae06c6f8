"""E-q: an empty system gets its first two people by a command, once."""

import pytest
from django.core.management import CommandError, call_command

from gatekeeper.accounts.models import Person
from tests.accounts.making import FIRST, OWN

ARGUMENTS = {
    "site_code": "SG1",
    "site_name": "Singapore",
    "country": "SG",
    "timezone": "Asia/Singapore",
    "first_username": "ada",
    "first_name": "Ada Lim",
    "second_username": "ben",
    "second_name": "Ben Ong",
}


@pytest.fixture(autouse=True)
def passwords(monkeypatch):
    monkeypatch.setenv("GATEKEEPER_FIRST_PASSWORD", FIRST)
    monkeypatch.setenv("GATEKEEPER_SECOND_PASSWORD", OWN)


def test_the_command_founds_an_empty_system_once(db, capsys):
    call_command("first_administrator", **ARGUMENTS)
    assert "Ada Lim and Ben Ong administer Singapore." in capsys.readouterr().out
    assert Person.objects.get(username="ben").check_password(OWN)
    with pytest.raises(CommandError, match="There are people already"):
        call_command("first_administrator", **ARGUMENTS)


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        ({"timezone": "Asia/Nowhere"}, "is no time zone"),
        ({"timezone": "../etc/passwd"}, "is no time zone"),
        ({"country": "Singapore"}, "no two-letter country code"),
        ({"site_code": "sg 1"}, "capitals, digits and hyphens"),
        ({"first_username": "system"}, "cannot be a user name"),
        ({"second_name": "  "}, "printed name is missing"),
    ],
)
def test_a_founding_that_is_refused_leaves_nothing(db, bad, sentence):
    with pytest.raises(CommandError, match=sentence):
        call_command("first_administrator", **{**ARGUMENTS, **bad})
    assert not Person.objects.exists()
