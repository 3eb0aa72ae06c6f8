"""Approved rules, and tags that readings were recorded under, cannot be changed: the guards in the database."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent.parent / "sql" / "frozen_v1.sql"
TABLES = ("ruleset", "tag", "source")


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0002_segment_storage"), ("ledger", "0004_frozen_columns")]
    operations = [
        migrations.RunSQL(
            SQL.read_text(encoding="utf-8"),
            "".join(f"DROP TRIGGER frozen ON monitoring_{table}; " for table in TABLES)
            + "DROP FUNCTION monitoring_frozen_once_read_v1();",
        )
    ]
