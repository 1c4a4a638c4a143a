"""Keep the direct debits that are on their way."""

import django.db.models.deletion
from django.db import migrations, models

from duecourse.kit import tenancy

WALLS = "\n".join(
    [
        tenancy.tenant_references("repayment_directdebit", {"account_id": "portfolio_account"}),
        tenancy.walls("repayment_directdebit"),
        tenancy.append_only("repayment_directdebit"),
        "GRANT SELECT ON repayment_directdebit TO duecourse_gate;",
    ]
)


class Migration(migrations.Migration):
    """A direct debit is a row of the creditor's side that no other refers to; agencies see nothing of it."""

    dependencies = [
        ("parties", "0006_token_pace"),
        ("portfolio", "0009_feed_walls"),
        ("repayment", "0003_daily_counts"),
    ]

    operations = [
        migrations.CreateModel(
            name="DirectDebit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("external_ref", models.TextField()),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("sent_on", models.DateField()),
                ("settles_on", models.DateField()),
                ("known_at", models.DateTimeField()),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="portfolio.account"
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
                    models.UniqueConstraint(fields=("creditor", "external_ref"), name="direct_debit_once"),
                    models.CheckConstraint(condition=models.Q(("amount_minor__gt", 0)), name="direct_debit_amount"),
                    models.CheckConstraint(condition=models.Q(("settles_on__gt", models.F("sent_on"))), name="direct_debit_span"),
                ],
            },
        ),
        migrations.RunSQL(WALLS),
    ]
