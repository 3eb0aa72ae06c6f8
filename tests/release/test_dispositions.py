"""G: a lot leaves only through the gate, with a signature, once, and its certificate with it (domain.md 4.2)."""

import hashlib
import json

import pytest

from gatekeeper.core.canonical import digest
from release import queries
from release.models import Certificate
from release.rules.gate import findings
from tests.release import making

pytestmark = pytest.mark.django_db


def dossier_of(record):
    return queries.dossier(record.lot, queries.market_named("SG"))


def test_a_lot_with_nothing_in_its_way_is_released_with_its_certificate():
    house, record = making.make_releasable()
    dossier = dossier_of(record)
    assert findings(dossier) == ()
    disposition = making.release(house, record, dossier_sha256=digest(dossier))
    record.lot.refresh_from_db()
    assert record.lot.status == "released"
    assert disposition.dossier_sha256 == digest(dossier)
    assert disposition.signature.meaning == "Released for supply in Singapore"
    certificate = Certificate.objects.get(disposition=disposition)
    content = json.loads(certificate.content)
    assert content["lot"]["number"] == record.lot.number
    assert {row["outcome"] for row in content["results"]} == {"pass", "reported"}
    assert [row["printed_name"] for row in content["signatures"]] == ["Farid Aziz", "Quinn Rao", "Rafael Cruz"]
    assert certificate.sha256 == hashlib.sha256(certificate.content.encode()).hexdigest()
    assert bytes(certificate.pdf).startswith(b"%PDF")
