"""What a message has its share in, such as a source: messages of one share are done together."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0004_frozen_columns")]

    operations = [
        migrations.AddField("outbox", "share", models.CharField(blank=True, default="", db_default="", max_length=60)),
        migrations.AddIndex(
            "outbox",
            models.Index(fields=["kind", "share"], condition=models.Q(done_at__isnull=True), name="outbox_undone"),
        ),
    ]
