"""What was issued, approved or entered cannot be changed: the guards in the database."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent.parent / "sql" / "frozen_columns_v1.sql"
TABLES = ("masterbatchrecord", "batchrecord", "phase", "inprocessresult", "deviation")


class Migration(migrations.Migration):
    dependencies = [("batches", "0001_initial"), ("ledger", "0004_frozen_columns")]
    operations = [
        migrations.RunSQL(
            SQL.read_text(encoding="utf-8"),
            "DROP TRIGGER frozen_check ON batches_inprocessresult; "
            + "".join(f"DROP TRIGGER frozen ON batches_{table}; " for table in TABLES),
        )
    ]
