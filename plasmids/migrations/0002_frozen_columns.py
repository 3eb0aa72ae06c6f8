"""Constructs, papers of received lots and approved specifications cannot be changed: the guards in the database."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent.parent / "sql" / "frozen_columns_v1.sql"
TABLES = ("plasmid", "plasmidlot", "incomingspecification")


class Migration(migrations.Migration):
    dependencies = [("plasmids", "0001_initial"), ("ledger", "0004_frozen_columns")]
    operations = [
        migrations.RunSQL(
            SQL.read_text(encoding="utf-8"),
            "DROP TRIGGER frozen_approval ON plasmids_incomingspecification; "
            + "".join(f"DROP TRIGGER frozen ON plasmids_{table}; " for table in TABLES),
        )
    ]
