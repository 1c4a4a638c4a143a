"""Create the tables of the room `settlement`."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("parties", "0001_parties"),
        ("placement", "0001_placements"),
        ("repayment", "0001_payments"),
    ]

    operations = [
        migrations.CreateModel(
            name="Statement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.CharField(max_length=7)),
                ("currency", models.CharField(max_length=3)),
                ("total_minor", models.BigIntegerField()),
                ("line_count", models.IntegerField()),
                ("lines_hash", models.CharField(max_length=64)),
                ("inputs_hash", models.CharField(max_length=64)),
                ("entry_id", models.BigIntegerField(null=True)),
                ("drafted_at", models.DateTimeField()),
                (
                    "agency",
                    models.ForeignKey(
                        db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.agency"
                    ),
                ),
                (
                    "contract",
                    models.ForeignKey(
                        db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.contract"
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
            name="StatementLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("line_key", models.TextField()),
                ("kind", models.TextField()),
                ("product_class", models.TextField()),
                ("days_past_due", models.IntegerField()),
                ("hand", models.SmallIntegerField()),
                ("basis_minor", models.BigIntegerField()),
                ("achieved_bp", models.IntegerField()),
                ("tier_mode", models.TextField()),
                ("rate_bp", models.IntegerField()),
                ("rate_numerator", models.BigIntegerField()),
                ("rate_denominator", models.BigIntegerField()),
                ("multiplier_bp", models.IntegerField()),
                ("rounding", models.TextField()),
                ("amount_minor", models.BigIntegerField()),
                (
                    "attribution",
                    models.ForeignKey(
                        db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="repayment.attribution"
                    ),
                ),
                (
                    "batch",
                    models.ForeignKey(
                        db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="placement.batch"
                    ),
                ),
                (
                    "contract_version",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.contractversion",
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
                    "original_line",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="settlement.statementline",
                    ),
                ),
                (
                    "payment",
                    models.ForeignKey(
                        db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="repayment.payment"
                    ),
                ),
                (
                    "placement",
                    models.ForeignKey(
                        db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="placement.placement"
                    ),
                ),
                (
                    "statement",
                    models.ForeignKey(
                        db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="settlement.statement"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="StatementTransition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("status", models.TextField()),
                ("actor_id", models.BigIntegerField()),
                ("at", models.DateTimeField()),
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
                    "statement",
                    models.ForeignKey(
                        db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="settlement.statement"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="MeasuredRate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.CharField(max_length=7)),
                ("metric_version", models.TextField()),
                ("recovered_minor", models.BigIntegerField()),
                ("placed_minor", models.BigIntegerField()),
                ("rate_bp", models.IntegerField()),
                (
                    "batch",
                    models.ForeignKey(
                        db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="placement.batch"
                    ),
                ),
                (
                    "contract_version",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.contractversion",
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
                "constraints": [
                    models.UniqueConstraint(fields=("creditor", "month", "metric_version", "batch"), name="measured_rate_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Scorecard",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.CharField(max_length=7)),
                ("metric_version", models.TextField()),
                ("evidence", models.TextField()),
                ("case_count", models.IntegerField()),
                ("placed_minor", models.BigIntegerField()),
                ("recovered_minor", models.BigIntegerField()),
                ("expected_minor", models.BigIntegerField()),
                ("ratio", models.FloatField(null=True)),
                ("ratio_low", models.FloatField(null=True)),
                ("ratio_high", models.FloatField(null=True)),
                ("can_rank", models.BooleanField()),
                ("measures", models.JSONField(default=dict)),
                (
                    "agency",
                    models.ForeignKey(
                        db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.agency"
                    ),
                ),
                (
                    "contract",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
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
                "constraints": [
                    models.UniqueConstraint(
                        fields=("creditor", "month", "metric_version", "agency", "contract", "evidence"), name="scorecard_once"
                    )
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="statement",
            constraint=models.UniqueConstraint(fields=("creditor", "contract", "month"), name="statement_once"),
        ),
        migrations.AddConstraint(
            model_name="statementline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "commission"), ("original_line__isnull", True)),
                    models.Q(("kind__in", ["reversal", "clawback"]), ("original_line__isnull", False)),
                    _connector="OR",
                ),
                name="statement_line_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="statementline",
            constraint=models.UniqueConstraint(fields=("creditor", "attribution"), name="statement_line_once"),
        ),
        migrations.AddConstraint(
            model_name="statementtransition",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["draft", "agreed", "approved", "frozen", "disputed"])), name="statement_status"
            ),
        ),
        migrations.AddConstraint(
            model_name="statementtransition",
            constraint=models.UniqueConstraint(fields=("creditor", "statement", "status"), name="statement_status_once"),
        ),
    ]
