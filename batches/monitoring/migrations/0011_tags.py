"""Tags say what happens between two samples and how often they come; sensors are fitted to them."""

from pathlib import Path

import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models

SQL = Path(__file__).parent.parent / "sql" / "frozen_tags_v1.sql"


class Migration(migrations.Migration):
    dependencies = [
        ("batches", "0003_reopened"),
        ("monitoring", "0010_disputes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="HistoricalSensorFitting",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("reason", models.TextField(blank=True)),
                ("fitted_at", models.DateTimeField()),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
            ],
            options={
                "verbose_name": "historical sensor fitting",
                "verbose_name_plural": "historical sensor fittings",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="SensorFitting",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.TextField(blank=True)),
                ("fitted_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["tag", "id"],
            },
        ),
        migrations.AddField(
            model_name="historicaltag",
            name="sampling_s",
            field=models.DecimalField(blank=True, decimal_places=6, max_digits=12, null=True),
        ),
        migrations.AddField(
            model_name="historicaltag",
            name="signal_type",
            field=models.CharField(
                blank=True,
                choices=[("linear", "continuous"), ("hold", "last value holds"), ("event", "events")],
                default="",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="tag",
            name="sampling_s",
            field=models.DecimalField(blank=True, decimal_places=6, max_digits=12, null=True),
        ),
        migrations.AddField(
            model_name="tag",
            name="signal_type",
            field=models.CharField(
                blank=True,
                choices=[("linear", "continuous"), ("hold", "last value holds"), ("event", "events")],
                default="",
                max_length=8,
            ),
        ),
        migrations.AddConstraint(
            model_name="tag",
            constraint=models.CheckConstraint(
                condition=models.Q(("signal_type__in", ["", "linear", "hold", "event"])), name="tag_signal_type"
            ),
        ),
        migrations.AddConstraint(
            model_name="tag",
            constraint=models.CheckConstraint(
                condition=models.Q(("sampling_s__isnull", True), ("sampling_s__gt", 0), _connector="OR"),
                name="tag_sampling_positive",
            ),
        ),
        migrations.AddField(
            model_name="historicalsensorfitting",
            name="fitted_by",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="historicalsensorfitting",
            name="history_user",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="historicalsensorfitting",
            name="sensor",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="batches.equipment",
            ),
        ),
        migrations.AddField(
            model_name="historicalsensorfitting",
            name="tag",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="monitoring.tag",
            ),
        ),
        migrations.AddField(
            model_name="sensorfitting",
            name="fitted_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="sensorfitting",
            name="sensor",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="fittings", to="batches.equipment"
            ),
        ),
        migrations.AddField(
            model_name="sensorfitting",
            name="tag",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="fittings", to="monitoring.tag"
            ),
        ),
        migrations.RunSQL(
            SQL.read_text(encoding="utf-8"),
            "DROP TRIGGER frozen ON monitoring_tag; "
            "CREATE TRIGGER frozen BEFORE INSERT OR UPDATE ON monitoring_tag FOR EACH ROW "
            "EXECUTE FUNCTION monitoring_frozen_once_read_v1('source_id', 'source_id', 'code', 'parameter', 'unit', "
            "'range_low', 'range_high'); ALTER TABLE monitoring_tag ENABLE ALWAYS TRIGGER frozen;",
        ),
    ]
