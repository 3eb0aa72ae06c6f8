"""The evidence schema: tables, functions and privileges, as the plain SQL in ledger/sql."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]

    operations = [
        migrations.RunSQL(
            (SQL / "evidence_v1.sql").read_text(encoding="utf-8"),
            (SQL / "evidence_v1_reverse.sql").read_text(encoding="utf-8"),
        ),
    ]
