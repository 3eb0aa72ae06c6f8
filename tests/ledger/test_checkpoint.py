"""E-b: an export re-verifies offline, with the public key and nothing else."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.ledger import checkpoint, merkle
from gatekeeper.ledger.checkpoint import Head, NotAuthenticError, Verifier

ORIGIN = "test.example/ledger"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
VERIFIER = checkpoint.verifier_of(KEY, ORIGIN)
HEAD = Head(ORIGIN, 42, bytes(range(32)))
NOTE = checkpoint.sign(KEY, HEAD)


def test_a_signed_note_opens_to_its_head():
    assert checkpoint.open_note(NOTE, VERIFIER) == HEAD


def test_a_note_has_the_form_of_c2sp():
    origin, size, root, blank, signature = NOTE.splitlines()
    assert (origin, size, base64.b64decode(root), blank) == (ORIGIN, "42", HEAD.root, "")
    dash, name, encoded = signature.split(" ")
    assert (dash, name) == ("—", ORIGIN)
    assert base64.b64decode(encoded)[:4] == VERIFIER.key_id


def test_a_key_survives_being_written_down():
    assert Verifier.parse(str(VERIFIER)) == VERIFIER


@pytest.mark.parametrize("text", ["", "a+b", f"{ORIGIN}+00000000+AQID", str(VERIFIER)[:-4], "x" + str(VERIFIER)])
def test_a_damaged_key_is_refused(text):
    with pytest.raises(NotAuthenticError):
        Verifier.parse(text)


def test_a_note_by_another_key_or_of_another_log_is_refused():
    stranger = Ed25519PrivateKey.generate()
    with pytest.raises(NotAuthenticError, match="no signature"):
        checkpoint.open_note(checkpoint.sign(stranger, HEAD), VERIFIER)
    with pytest.raises(NotAuthenticError):
        checkpoint.open_note(checkpoint.sign(KEY, Head("other.example", 42, HEAD.root)), VERIFIER)


@given(st.integers(0, len(NOTE) - 1), st.characters(codec="utf-8"))
def test_a_note_with_one_character_changed_is_refused_or_means_the_same(place, character):
    changed = NOTE[:place] + character + NOTE[place + 1 :]
    try:
        assert checkpoint.open_note(changed, VERIFIER) == HEAD
    except NotAuthenticError:
        assert changed != NOTE


def bundle_of(bodies, chosen):
    frontier = merkle.Frontier()
    nodes = {
        (level, index): found
        for body in bodies
        for level, index, found in frontier.append(merkle.leaf_hash(body.encode()))
    }
    head = Head(ORIGIN, len(bodies), frontier.root())
    entries = [
        {
            "index": index,
            "body": bodies[index],
            "path": [step.hex() for step in merkle.inclusion_path(lambda *at: nodes[at], index, len(bodies))],
        }
        for index in chosen
    ]
    return {"checkpoint": checkpoint.sign(KEY, head), "entries": entries}


BODIES = [json.dumps({"pk": str(number), "new": {"value": "1.10"}}) for number in range(11)]


def test_a_bundle_verifies_and_keeps_values_as_written():
    head, entries = checkpoint.verify_bundle(bundle_of(BODIES, [2, 10]), VERIFIER)
    assert head.size == 11
    assert [entry["pk"] for entry in entries] == ["2", "10"]
    assert entries[0]["new"]["value"] == "1.10"


@pytest.mark.parametrize(
    "tamper",
    [
        lambda entry: entry.update(body=entry["body"].replace("1.10", "1.1")),
        lambda entry: entry.update(index=3),
        lambda entry: entry.update(index=99),
        lambda entry: entry.update(path=entry["path"][1:]),
        lambda entry: entry.update(path=["zz"]),
        lambda entry: entry.pop("path"),
    ],
)
def test_a_tampered_bundle_is_refused(tamper):
    bundle = bundle_of(BODIES, [2])
    tamper(bundle["entries"][0])
    with pytest.raises(NotAuthenticError):
        checkpoint.verify_bundle(bundle, VERIFIER)
