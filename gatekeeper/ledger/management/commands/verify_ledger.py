"""Checks the evidence log, as an auditor or every night."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from gatekeeper.ledger import checkpoint, verification


class Command(BaseCommand):
    """Says whether anything sealed was altered, and names the first altered entry. 21 CFR 11.10(a)."""

    help = "Recompute the evidence log and compare it with the records and with checkpoints kept outside."
    requires_system_checks: list[str] = []  # it must work when the site does not

    def add_arguments(self, parser: Any) -> None:
        """Take the outside checkpoints, the public key, the alias and the form of the answer."""
        parser.add_argument("--against", type=Path, help="a checkpoint file, or a folder of them, kept outside")
        parser.add_argument("--key", type=Path, help="the public key (default: LEDGER_PUBLIC_KEY_FILE)")
        parser.add_argument("--database", default="default", help="the alias whose role reads")
        parser.add_argument("--json", action="store_true", help="answer in JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the report and end with 1 when anything was found.

        :raises CommandError: without a public key or without the checkpoints that were named.
        """
        key = options["key"] or settings.LEDGER_PUBLIC_KEY_FILE
        if key is None:
            raise CommandError("Name the public key: --key or LEDGER_PUBLIC_KEY_FILE.")
        try:
            outside = verification.read_outside(options["against"]) if options["against"] else []
            verifier = checkpoint.read_verifier(Path(key), settings.LEDGER_ORIGIN)
        except (OSError, ValueError) as error:
            raise CommandError(str(error)) from error
        report = verification.verify(verifier, outside, using=options["database"])
        if options["json"]:
            self.stdout.write(json.dumps(report.as_dict(), indent=2))
        else:
            self._print(report)
        if not report.intact:
            raise SystemExit(1)

    def _print(self, report: verification.Report) -> None:
        self.stdout.write(
            f"{report.entries} sealed entries, {report.unsealed} not sealed yet, {report.checkpoints} checkpoints, "
            f"{report.outside} from outside, {report.rows} rows."
        )
        if report.intact:
            self.stdout.write("Intact.")
            return
        self.stdout.write(f"ALTERED: {len(report.findings)} findings, the first:")
        for finding in report.findings[:20]:
            place = f" entry {finding.index}" if finding.index is not None else ""
            self.stdout.write(f"  {finding.code}{place} {finding.table} {finding.pk}: {finding.message}")
