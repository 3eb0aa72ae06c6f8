"""Stores columns of samples uncompressed."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent.parent / "sql" / "segment_storage_v1.sql"


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0001_initial")]
    operations = [migrations.RunSQL(SQL.read_text(encoding="utf-8"), migrations.RunSQL.noop)]
