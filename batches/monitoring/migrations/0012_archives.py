"""Months of readings that lie in files, and the way out of the database for them."""

from pathlib import Path

import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models

SQL = Path(__file__).parent.parent / "sql" / "month_emptied_v1.sql"


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0011_tags"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ArchivedMonth",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month_date", models.DateField()),
                ("part", models.PositiveIntegerField()),
                ("name", models.CharField(max_length=100)),
                ("place", models.TextField()),
                ("manifest_sha256", models.CharField(max_length=64)),
                ("frames", models.PositiveIntegerField()),
                ("segments", models.PositiveIntegerField()),
                ("samples", models.PositiveBigIntegerField()),
                ("frame_sum", models.CharField(max_length=512)),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("archived_at", models.DateTimeField()),
                (
                    "archived_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="archived_months",
                        to="monitoring.source",
                    ),
                ),
            ],
            options={
                "ordering": ["source", "month_date", "part"],
            },
        ),
        migrations.CreateModel(
            name="ArchiveMove",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=[("dropped", "dropped"), ("restored", "restored")], max_length=10)),
                ("moved_at", models.DateTimeField()),
                (
                    "archive",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="moves", to="monitoring.archivedmonth"
                    ),
                ),
                (
                    "moved_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ["archive", "id"],
            },
        ),
        migrations.CreateModel(
            name="HistoricalArchivedMonth",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("month_date", models.DateField()),
                ("part", models.PositiveIntegerField()),
                ("name", models.CharField(max_length=100)),
                ("place", models.TextField()),
                ("manifest_sha256", models.CharField(max_length=64)),
                ("frames", models.PositiveIntegerField()),
                ("segments", models.PositiveIntegerField()),
                ("samples", models.PositiveBigIntegerField()),
                ("frame_sum", models.CharField(max_length=512)),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("archived_at", models.DateTimeField()),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "archived_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="monitoring.source",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical archived month",
                "verbose_name_plural": "historical archived months",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalArchiveMove",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("kind", models.CharField(choices=[("dropped", "dropped"), ("restored", "restored")], max_length=10)),
                ("moved_at", models.DateTimeField()),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "archive",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="monitoring.archivedmonth",
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "moved_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "historical archive move",
                "verbose_name_plural": "historical archive moves",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.AddConstraint(
            model_name="archivedmonth",
            constraint=models.UniqueConstraint(
                models.F("source"), models.F("month_date"), models.F("part"), name="archived_month_part_once"
            ),
        ),
        migrations.RunSQL(
            SQL.read_text(encoding="utf-8"), "DROP FUNCTION monitoring_segment_month_emptied_v1(timestamptz, bigint[]);"
        ),
    ]
