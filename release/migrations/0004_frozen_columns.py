"""Approved specifications, their markets and reported results cannot be changed: the guards in the database."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent.parent / "sql" / "frozen_columns_v1.sql"
TRIGGERS = {
    "release_specification": ("frozen", "frozen_approval"),
    "release_result": ("frozen", "frozen_review", "frozen_reason"),
    "release_market": ("frozen", "frozen_code"),
}


class Migration(migrations.Migration):
    dependencies = [("release", "0003_search_path"), ("ledger", "0004_frozen_columns")]
    operations = [
        migrations.RunSQL(
            SQL.read_text(encoding="utf-8"),
            "".join(f"DROP TRIGGER {name} ON {table}; " for table, names in TRIGGERS.items() for name in names)
            + "DROP FUNCTION release_market_guard_v1();",
        )
    ]
