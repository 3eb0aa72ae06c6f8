"""Makers and releasers are different people: the guard in the database."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent.parent / "sql" / "disposition_guard_v1.sql"


class Migration(migrations.Migration):
    dependencies = [("release", "0001_initial"), ("batches", "0001_initial")]
    operations = [
        migrations.RunSQL(
            SQL.read_text(encoding="utf-8"),
            "DROP TRIGGER disposition_guard ON release_disposition; DROP FUNCTION release_disposition_guard_v1();",
        )
    ]
