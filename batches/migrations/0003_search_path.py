"""The guard reads the record's own tables, whatever a session has put into its temporary schema."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("batches", "0002_frozen_columns")]

    operations = [
        migrations.RunSQL(
            "ALTER FUNCTION batches_frozen_columns_v1() SET search_path = public, pg_catalog, pg_temp",
            migrations.RunSQL.noop,
        ),
    ]
