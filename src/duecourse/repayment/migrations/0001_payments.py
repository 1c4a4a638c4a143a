"""Create the tables of the room `repayment`."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("parties", "0001_parties"),
        ("placement", "0001_placements"),
        ("portfolio", "0001_assets_and_cases"),
    ]

    operations = [
        migrations.CreateModel(
            name="PaymentFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sha256", models.CharField(max_length=64)),
                ("mapping_name", models.TextField()),
                ("mapping_version", models.TextField()),
                ("file_id", models.BigIntegerField(null=True)),
                ("rejects_file_id", models.BigIntegerField(null=True)),
                ("counts", models.JSONField(default=dict)),
                ("known_at", models.DateTimeField()),
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
            name="Payment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("bank_account", models.TextField()),
                ("external_ref", models.TextField()),
                ("body_hash", models.CharField(max_length=64)),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("paid_on", models.DateField()),
                ("booked_on", models.DateField()),
                ("account_reference", models.TextField(default="")),
                ("payer_index", models.BinaryField(null=True)),
                ("channel", models.TextField(default="")),
                ("known_at", models.DateTimeField()),
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
                    "reverses",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="repayment.payment",
                    ),
                ),
                (
                    "payment_file",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="repayment.paymentfile",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PaymentMatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("how", models.TextField()),
                ("entry_id", models.BigIntegerField()),
                ("known_at", models.DateTimeField()),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portfolio.account",
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
                    "payment",
                    models.ForeignKey(
                        db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="repayment.payment"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Promise",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("made_on", models.DateField()),
                ("due_on", models.DateField()),
                ("source_kind", models.TextField()),
                ("source_id", models.BigIntegerField()),
                ("known_at", models.DateTimeField()),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="portfolio.account"
                    ),
                ),
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
            ],
        ),
        migrations.CreateModel(
            name="PromiseOutcome",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("outcome", models.TextField()),
                ("paid_minor", models.BigIntegerField()),
                ("judged_on", models.DateField()),
                ("known_at", models.DateTimeField()),
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
                    "promise",
                    models.ForeignKey(
                        db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="repayment.promise"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Attribution",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("recognised_on", models.DateField()),
                ("rule", models.TextField()),
                ("known_at", models.DateTimeField()),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portfolio.account",
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
                        db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="placement.placement"
                    ),
                ),
                (
                    "payment",
                    models.ForeignKey(
                        db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="repayment.payment"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("creditor", "payment", "account"), name="attribution_once")],
            },
        ),
        migrations.AddConstraint(
            model_name="paymentfile",
            constraint=models.UniqueConstraint(fields=("creditor", "sha256", "mapping_name", "mapping_version"), name="payment_file_once"),
        ),
        migrations.AddIndex(
            model_name="payment",
            index=models.Index(fields=["creditor", "booked_on"], name="payment_booked"),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.UniqueConstraint(fields=("creditor", "bank_account", "external_ref"), name="payment_once"),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("reverses__isnull", False)), fields=("creditor", "reverses"), name="payment_reversed_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("amount_minor__gt", 0), ("reverses__isnull", True)),
                    models.Q(("amount_minor__lt", 0), ("reverses__isnull", False)),
                    _connector="OR",
                ),
                name="payment_sign",
            ),
        ),
        migrations.AddConstraint(
            model_name="paymentmatch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("account__isnull", True), ("how", "suspense")),
                    models.Q(("account__isnull", False), ("how__in", ["reference", "blind_index", "manual", "reversal"])),
                    _connector="OR",
                ),
                name="payment_match_how",
            ),
        ),
        migrations.AddConstraint(
            model_name="promise",
            constraint=models.UniqueConstraint(fields=("creditor", "source_kind", "source_id"), name="promise_source_once"),
        ),
        migrations.AddConstraint(
            model_name="promiseoutcome",
            constraint=models.UniqueConstraint(fields=("creditor", "promise"), name="promise_outcome_once"),
        ),
        migrations.AddConstraint(
            model_name="promiseoutcome",
            constraint=models.CheckConstraint(
                condition=models.Q(("outcome__in", ["kept", "part_kept", "broken"])), name="promise_outcome_kind"
            ),
        ),
    ]
