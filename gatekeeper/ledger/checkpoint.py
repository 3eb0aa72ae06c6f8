"""Signed heads of the log: C2SP tlog checkpoints as C2SP signed notes with Ed25519, and bundles that prove a record.

Formats: c2sp.org/tlog-checkpoint, c2sp.org/signed-note. Pure: no database, no clock; files only where a path is given.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gatekeeper.ledger import merkle

_ED25519 = b"\x01"  # the signature type of C2SP signed-note


class NotAuthenticError(ValueError):
    """A note or bundle that the key does not vouch for; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Head:
    """A verified checkpoint: ``size`` leaves of the log ``origin`` have the Merkle root ``root`` (32 bytes)."""

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key under its name, in C2SP's ``name+hash+key`` form when written."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The four bytes that begin each of its signatures."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> "Verifier":
        """Return the key that the text names.

        :raises NotAuthenticError: when it is not a key of this form or its hash does not fit.
        """
        try:
            name, key_hash, encoded = text.strip().split("+", 2)
            raw = base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error) as error:
            raise NotAuthenticError("this is not a verifier key") from error
        key = cls(name, raw[1:])
        if raw[:1] != _ED25519 or len(key.public) != 32 or key.key_id.hex() != key_hash:
            raise NotAuthenticError("this is not an Ed25519 verifier key")
        return key


def read_private_key(path: Path) -> Ed25519PrivateKey:
    """Return the sealing key from its PEM file.

    :raises TypeError: when the file holds a key of another kind.
    """
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError(f"{path} does not hold an Ed25519 key")
    return key


def read_verifier(path: Path, name: str) -> Verifier:
    """Return the public key from its file, PEM or C2SP, under the log's name.

    :raises NotAuthenticError: when the file holds a key of another kind.
    """
    written = path.read_bytes()
    if not written.startswith(b"-----BEGIN"):
        return Verifier.parse(written.decode())
    key = serialization.load_pem_public_key(written)
    if not isinstance(key, Ed25519PublicKey):
        raise NotAuthenticError(f"{path} does not hold an Ed25519 key")
    return Verifier(name, key.public_bytes_raw())


def verifier_of(key: Ed25519PrivateKey, name: str) -> Verifier:
    """Return the public half of a sealing key under its name."""
    return Verifier(name, key.public_key().public_bytes_raw())


def sign(key: Ed25519PrivateKey, head: Head) -> str:
    """Return the signed note of a head; the key's name is the log's origin."""
    body = f"{head.origin}\n{head.size}\n{base64.b64encode(head.root).decode()}\n"
    signature = verifier_of(key, head.origin).key_id + key.sign(body.encode())
    return f"{body}\n— {head.origin} {base64.b64encode(signature).decode()}\n"


def open_note(note: str, verifier: Verifier) -> Head:
    """Return the head that a note states.

    :raises NotAuthenticError: when no signature in it is by this key, one is false, or it is of another log.
    """
    try:
        text, signatures = note.split("\n\n", 1)
        origin, size, root = text.split("\n")[:3]
        head = Head(origin, int(size), base64.b64decode(root, validate=True))
        signed = [line.split(" ", 2)[1:] for line in signatures.splitlines()]
        ours = [base64.b64decode(encoded, validate=True) for name, encoded in signed if name == verifier.name]
    except (ValueError, binascii.Error) as error:
        raise NotAuthenticError("this is not a checkpoint") from error
    ours = [raw[4:] for raw in ours if raw[:4] == verifier.key_id]
    if not ours:
        raise NotAuthenticError("the checkpoint has no signature by the known key")
    if origin != verifier.name or len(head.root) != 32 or str(head.size) != size:
        raise NotAuthenticError("the checkpoint is of another log")
    public = Ed25519PublicKey.from_public_bytes(verifier.public)
    for raw in ours:
        try:
            public.verify(raw, f"{text}\n".encode())
        except InvalidSignature as error:
            raise NotAuthenticError("the checkpoint's signature is false") from error
    return head


def verify_bundle(bundle: Mapping[str, Any], verifier: Verifier) -> tuple[Head, list[dict[str, Any]]]:
    """Return the head and the parsed entries of an exported record, each proven to be in the signed log.

    :raises NotAuthenticError: when the checkpoint or one entry fails.
    """
    head = open_note(bundle["checkpoint"], verifier)
    for entry in bundle["entries"]:
        try:
            path = [bytes.fromhex(step) for step in entry["path"]]
            leaf = merkle.leaf_hash(entry["body"].encode())
            found = merkle.root_from_inclusion(entry["index"], head.size, leaf, path)
        except (ValueError, KeyError, TypeError) as error:
            raise NotAuthenticError(f"the proof of entry {entry.get('index')} is malformed") from error
        if found != head.root:
            raise NotAuthenticError(f"entry {entry['index']} is not in the signed log")
    return head, [json.loads(entry["body"]) for entry in bundle["entries"]]
