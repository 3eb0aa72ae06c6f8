"""What was issued, approved or recorded cannot be changed: the guards in the database."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent.parent / "sql" / "guards_v1.sql"


class Migration(migrations.Migration):
    dependencies = [("documents", "0001_initial"), ("ledger", "0002_evidence")]
    operations = [migrations.RunSQL(SQL.read_text(encoding="utf-8"))]
