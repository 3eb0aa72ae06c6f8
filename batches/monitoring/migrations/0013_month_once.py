"""The first frames of a month may come at once: its partition is made by one of them, and the others go on."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql" / "segment_months_v2.sql"


class Migration(migrations.Migration):
    dependencies = [("ledger", "0005_outbox_share"), ("monitoring", "0012_archives")]

    operations = [migrations.RunSQL(SQL.read_text(encoding="utf-8"))]
