"""Readings by month, their keys led by the source, and envelopes of them for charts."""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

SQL = Path(__file__).parent.parent / "sql" / "segment_months_v1.sql"


def to(model, name):
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT, related_name=name, to=f"monitoring.{model}", db_index=False
    )


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0004_what_ifs"), ("ledger", "0004_frozen_columns")]
    operations = [
        migrations.AddConstraint(
            "frame", models.UniqueConstraint(fields=["source", "id", "first_at"], name="frame_place")
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(SQL.read_text(encoding="utf-8"))],
            state_operations=[
                migrations.DeleteModel("Segment"),
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
                        ("source", to("source", "+")),
                        ("frame", to("frame", "segments")),
                        ("tag", to("tag", "segments")),
                        ("frame_at", models.DateTimeField()),
                        ("first_us", models.BigIntegerField()),
                        ("last_us", models.BigIntegerField()),
                        ("count", models.PositiveIntegerField()),
                        ("times", models.BinaryField()),
                        ("values", models.BinaryField()),
                        ("quality", models.BinaryField(null=True)),
                    ],
                    options={"ordering": ["tag", "first_us"]},
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
                        ("source", to("source", "+")),
                        ("tag", to("tag", "+")),
                        ("minute", models.IntegerField()),
                        ("count", models.IntegerField()),
                        ("first_us", models.BigIntegerField()),
                        ("low", models.FloatField()),  # noqa: TID251 -- of float64 samples, for a picture: no record
                        ("high", models.FloatField()),  # noqa: TID251 -- the same
                        ("total", models.FloatField()),  # noqa: TID251 -- the same
                    ],
                    options={"ordering": ["tag", "minute"]},
                ),
            ],
        ),
    ]
