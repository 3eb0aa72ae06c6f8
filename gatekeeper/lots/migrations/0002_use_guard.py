"""The family of lots has no circle: the guard in the database."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent.parent / "sql" / "use_guard_v1.sql"


class Migration(migrations.Migration):
    dependencies = [("lots", "0001_initial")]
    operations = [
        migrations.RunSQL(
            SQL.read_text(encoding="utf-8"),
            "DROP TRIGGER use_guard ON lots_use; DROP FUNCTION lots_use_guard_v1();",
        )
    ]
