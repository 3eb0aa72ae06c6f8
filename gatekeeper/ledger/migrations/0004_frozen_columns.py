"""What was approved, received or reviewed cannot be changed: the function that every room hangs on its tables."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql" / "frozen_columns_v1.sql"


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_search_path")]

    operations = [
        migrations.RunSQL(
            SQL.read_text(encoding="utf-8"),
            "SET LOCAL ROLE ledger_owner; DROP FUNCTION ledger.refuse_frozen_v1(); RESET ROLE;",
        )
    ]
