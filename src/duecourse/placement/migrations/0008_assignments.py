"""Create the tables of receipts and assignments."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Add what an agency says of a batch, and who of its people works which case."""

    dependencies = [("placement", "0007_drafts")]

    operations = [
        migrations.CreateModel(
            name="BatchReceipt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.TextField()),
                ("sha256", models.CharField(max_length=64)),
                ("row_count", models.IntegerField()),
                ("reason_code", models.TextField(default="")),
                ("case_count", models.IntegerField(default=0)),
                ("words", models.TextField(default="")),
                ("user_id", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                (
                    "agency",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.agency",
                    ),
                ),
                (
                    "batch",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="placement.batch",
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
                        condition=models.Q(("kind", "accepted")), fields=("creditor", "batch"), name="batch_accepted_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "accepted"), ("reason_code", "")),
                            models.Q(("kind", "discrepancy"), models.Q(("reason_code", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="batch_receipt_kind",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CaseAssignment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("user_id", models.BigIntegerField()),
                ("from_at", models.DateTimeField()),
                ("until_at", models.DateTimeField(null=True)),
                ("assigned_by", models.BigIntegerField()),
                ("ended_by", models.BigIntegerField(null=True)),
                (
                    "agency",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.agency",
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portfolio.case",
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
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="placement.placement",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("until_at__isnull", True)), fields=["user_id", "creditor", "case"], name="assignment_of_user"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("until_at__isnull", True)), fields=("creditor", "case"), name="case_assigned_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("until_at__isnull", True), ("until_at__gte", models.F("from_at")), _connector="OR"),
                        name="assignment_span",
                    ),
                ],
            },
        ),
    ]
