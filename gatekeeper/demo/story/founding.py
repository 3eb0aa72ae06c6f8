"""The first scene: people are enrolled, machines get their tokens. There is no REST for an empty system."""

from datetime import timedelta

from gatekeeper.accounts.actions.tokens import issue_token
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person, Site
from gatekeeper.demo.people import enrol_everybody
from gatekeeper.demo.story.stage import SITE

SCOPES = {
    "lims": frozenset({"release.record_result", "release.view", "lots.view", "lots.receive", "batches.view"}),
    "skid-gateway": frozenset({"readings.record", "readings.view"}),
}


def is_founded() -> bool:
    """Return whether anybody is enrolled already."""
    return Person.objects.exists()


def found_everything() -> dict[str, str]:
    """Enrol everybody and return the text of each machine's token, which is shown only this once."""
    people = enrol_everybody()
    site, expires_at = Site.objects.get(code=SITE), now() + timedelta(days=90)
    return {
        name: issue_token(by=people["grace"], person=people[name], site=site, scopes=scopes, expires_at=expires_at)
        for name, scopes in SCOPES.items()
    }
