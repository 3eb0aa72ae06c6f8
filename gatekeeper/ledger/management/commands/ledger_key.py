"""Makes the key pair of the sealer."""

import os
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from gatekeeper.ledger import checkpoint


class Command(BaseCommand):
    """Writes ``ledger.pem`` (mode 0600, for the sealer alone) and ``ledger.pub.pem`` (for everybody)."""

    help = "Make the Ed25519 key pair that signs checkpoints; an existing key is never replaced."
    requires_system_checks: list[str] = []  # the site need not work to make its key

    def add_arguments(self, parser: Any) -> None:
        """Take the folder."""
        parser.add_argument("folder", type=Path)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Write both files and print the public key as C2SP tools read it.

        :raises CommandError: when there is a key already.
        """
        folder: Path = options["folder"]
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = Ed25519PrivateKey.generate()
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        try:
            handle = os.open(folder / "ledger.pem", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as error:
            raise CommandError(f"{folder / 'ledger.pem'} exists: a sealing key is never replaced in place.") from error
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
        (folder / "ledger.pub.pem").write_bytes(public)
        self.stdout.write(str(checkpoint.verifier_of(key, settings.LEDGER_ORIGIN)))
