"""What a lot and a material are cannot be changed: the guards in the database."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent.parent / "sql" / "frozen_columns_v1.sql"


class Migration(migrations.Migration):
    dependencies = [("lots", "0003_search_path"), ("ledger", "0004_frozen_columns")]
    operations = [
        migrations.RunSQL(
            SQL.read_text(encoding="utf-8"),
            "DROP TRIGGER frozen ON lots_lot; DROP TRIGGER frozen_quantity ON lots_lot; "
            "DROP TRIGGER frozen ON lots_material;",
        )
    ]
