"""Readings by month, their keys led by the source, and envelopes of them for charts."""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

SQL = Path(__file__).parent.parent / "sql" / "segments_v1.sql"


class Migration(migrations.Migration):
    dependencies = [("readings", "0001_initial"), ("ledger", "0002_evidence")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(SQL.read_text(encoding="utf-8"))],
            state_operations=[
                migrations.CreateModel(
                    name="Segment",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "source_id",
                                "frame_id",
                                "tag_id",
                                "frame_at",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("frame_at", models.DateTimeField()),
                        ("first_us", models.BigIntegerField()),
                        ("last_us", models.BigIntegerField()),
                        ("count", models.PositiveIntegerField()),
                        ("times", models.BinaryField()),
                        ("values", models.BinaryField()),
                        ("quality", models.BinaryField(null=True)),
                        (
                            "frame",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="segments",
                                to="readings.frame",
                            ),
                        ),
                        (
                            "source",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="readings.source",
                            ),
                        ),
                        (
                            "tag",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="segments",
                                to="readings.tag",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["tag", "first_us"],
                    },
                ),
                migrations.CreateModel(
                    name="Envelope",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "source_id",
                                "tag_id",
                                "minute",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("minute", models.IntegerField()),
                        ("count", models.IntegerField()),
                        ("first_us", models.BigIntegerField()),
                        ("low", models.FloatField()),
                        ("high", models.FloatField()),
                        ("total", models.FloatField()),
                        (
                            "source",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="readings.source",
                            ),
                        ),
                        (
                            "tag",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="readings.tag",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["tag", "minute"],
                    },
                ),
            ],
        )
    ]
