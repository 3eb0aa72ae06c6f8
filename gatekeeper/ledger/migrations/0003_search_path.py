"""No function of the evidence looks at what a session has put into its temporary schema."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql" / "search_path_v1.sql"


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_evidence")]

    operations = [migrations.RunSQL(SQL.read_text(encoding="utf-8"), migrations.RunSQL.noop)]
