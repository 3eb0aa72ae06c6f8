"""The guard reads the record's own tables, whatever a session has put into its temporary schema."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("release", "0002_disposition_guard")]

    operations = [
        migrations.RunSQL(
            "ALTER FUNCTION release_disposition_guard_v1() SET search_path = public, pg_catalog, pg_temp",
            migrations.RunSQL.noop,
        ),
    ]
