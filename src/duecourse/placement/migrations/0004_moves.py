"""Create the tables of moves and policies, and give each step of a placement its code."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Add moves, their rows, and dated policies."""

    dependencies = [
        ("parties", "0002_walls"),
        ("placement", "0003_frozen_terms"),
        ("portfolio", "0003_merge_gate"),
    ]

    operations = [
        migrations.AddField(
            model_name="placementtransition",
            name="last_on",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="placementtransition",
            name="reason_code",
            field=models.TextField(db_default="", default=""),
        ),
        migrations.CreateModel(
            name="PlacementMoveSet",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.TextField()),
                ("reason_code", models.TextField()),
                ("words", models.TextField(default="")),
                ("as_of", models.DateField()),
                ("parameters", models.JSONField(default=dict)),
                ("rows_hash", models.CharField(max_length=64)),
                ("state", models.TextField(default="previewed")),
                ("requested_by", models.BigIntegerField()),
                ("known_at", models.DateTimeField()),
                ("applied_at", models.DateTimeField(null=True)),
                (
                    "agency",
                    models.ForeignKey(
                        db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.agency"
                    ),
                ),
                (
                    "creditor",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.creditor",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PlacementMove",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("seen_transition_id", models.BigIntegerField(null=True)),
                ("ground", models.TextField(default="")),
                ("verdict", models.TextField()),
                ("outcome", models.TextField(default="")),
                (
                    "case",
                    models.ForeignKey(
                        db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="portfolio.case"
                    ),
                ),
                (
                    "creditor",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.creditor",
                    ),
                ),
                (
                    "placement",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="placement.placement",
                    ),
                ),
                (
                    "move_set",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="placement.placementmoveset",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="placementtransition",
            name="move_set",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="placement.placementmoveset",
            ),
        ),
        migrations.CreateModel(
            name="PlacementPolicy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("effective_on", models.DateField()),
                ("terms", models.JSONField()),
                ("known_at", models.DateTimeField()),
                ("actor_id", models.BigIntegerField()),
                (
                    "contract",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.contract",
                    ),
                ),
                (
                    "creditor",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.creditor",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddConstraint(
            model_name="placementmoveset",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["extend", "return", "recall", "swap", "close"])), name="move_set_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="placementmoveset",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["previewed", "requested", "applied", "rejected", "withdrawn", "undone"])),
                name="move_set_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="placementmoveset",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "previewed")), fields=("creditor", "rows_hash"), name="move_set_previewed_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="placementmove",
            constraint=models.UniqueConstraint(fields=("creditor", "move_set", "case"), name="move_once"),
        ),
    ]
