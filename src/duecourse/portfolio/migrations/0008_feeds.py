"""Give what tapes say its instant, and add the facts of daily feeds."""

import django.db.models.deletion
from django.db import migrations, models

# What tapes said so far counts from the beginning of their day in the creditor's zone, later tapes of a day after earlier ones.
BACKFILL = """
UPDATE portfolio_taperow r SET feed_at = (t.as_of::timestamp AT TIME ZONE c.zone) + t.place * interval '1 microsecond'
FROM (SELECT id, creditor_id, as_of, row_number() OVER (PARTITION BY creditor_id, as_of ORDER BY id) - 1 AS place FROM portfolio_tape) t
JOIN parties_creditor c ON c.id = t.creditor_id
WHERE r.creditor_id = t.creditor_id AND r.tape_id = t.id
"""


def _to(model: str, *, name: str) -> tuple[str, models.ForeignKey]:
    key = models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=model)
    return name, key


def _id() -> tuple[str, models.BigAutoField]:
    return "id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    """Order what is known of an account by the core's instants."""

    dependencies = [("portfolio", "0007_case_snapshot_walls")]

    operations = [
        migrations.RemoveConstraint(model_name="tape", name="tape_once"),
        migrations.RemoveConstraint(model_name="taperow", name="tape_row_once"),
        migrations.AddField(model_name="account", name="waits_from_on", field=models.DateField(null=True)),
        migrations.AddField(model_name="tape", name="feed_at", field=models.DateTimeField(null=True)),
        migrations.AddField(model_name="taperow", name="feed_at", field=models.DateTimeField(null=True)),
        migrations.AddField(model_name="taperow", name="is_superseded", field=models.BooleanField(db_default=False, default=False)),
        migrations.RunSQL(BACKFILL),
        migrations.RunSQL(
            "ALTER TABLE portfolio_taperow ALTER COLUMN feed_at SET NOT NULL",
            state_operations=[
                migrations.AlterField(model_name="taperow", name="feed_at", field=models.DateTimeField()),
            ],
        ),
        migrations.AlterField(
            model_name="taperow",
            name="account",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="portfolio.account",
            ),
        ),
        migrations.AddIndex(model_name="taperow", index=models.Index(fields=["account", "-feed_at"], name="tape_row_newest")),
        migrations.AddConstraint(
            model_name="tape",
            constraint=models.UniqueConstraint(
                fields=("creditor", "feed_kind", "as_of", "feed_at", "sha256", "mapping_name", "mapping_version"),
                name="tape_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="taperow",
            constraint=models.UniqueConstraint(fields=("creditor", "tape", "row_number"), name="tape_row_once"),
        ),
        migrations.CreateModel(
            name="FeedFact",
            fields=[
                _id(),
                _to("parties.creditor", name="creditor"),
                _to("portfolio.tape", name="tape"),
                _to("portfolio.account", name="account"),
                ("row_number", models.IntegerField()),
                ("kind", models.TextField()),
                ("feed_at", models.DateTimeField()),
                ("known_at", models.DateTimeField()),
                ("is_superseded", models.BooleanField()),
                ("reason_code", models.TextField(db_default="", default="")),
                ("scope", models.TextField(db_default="", default="")),
                ("from_on", models.DateField(null=True)),
                ("until_on", models.DateField(null=True)),
                ("is_lifted", models.BooleanField(db_default=False, default=False)),
            ],
        ),
        migrations.CreateModel(
            name="WaitingRow",
            fields=[
                _id(),
                _to("parties.creditor", name="creditor"),
                _to("portfolio.tape", name="tape"),
                ("row_number", models.IntegerField()),
                ("number", models.TextField()),
                ("kind", models.TextField()),
                ("terms", models.JSONField(default=dict)),
            ],
        ),
        migrations.AddConstraint(
            model_name="feedfact",
            constraint=models.UniqueConstraint(fields=("creditor", "tape", "row_number"), name="feed_fact_once"),
        ),
        migrations.AddConstraint(
            model_name="feedfact",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["paid", "cured", "stopped", "recalled"])), name="feed_fact_kind"
            ),
        ),
        migrations.AddIndex(model_name="feedfact", index=models.Index(fields=["account", "kind", "feed_at"], name="feed_fact_newest")),
        migrations.AddConstraint(
            model_name="waitingrow",
            constraint=models.UniqueConstraint(fields=("creditor", "tape", "row_number"), name="waiting_row_once"),
        ),
        migrations.AddIndex(model_name="waitingrow", index=models.Index(fields=["creditor", "number"], name="waiting_row_number")),
    ]
