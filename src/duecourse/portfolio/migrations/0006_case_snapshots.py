"""Create the tables of a case's age and of a day's sums."""

import django.db.models.deletion
from django.db import migrations, models


def of(target: str) -> models.ForeignKey:
    """Return the field of a relation whose key the next migration writes."""
    return models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=target)


class Migration(migrations.Migration):
    """Add what the ageing step computes of cases, and its sums."""

    dependencies = [("parties", "0002_walls"), ("portfolio", "0005_stop_list_walls")]

    operations = [
        migrations.CreateModel(
            name="CaseSnapshot",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("step_run_id", models.BigIntegerField()),
                ("as_of", models.DateField()),
                ("product_class", models.TextField()),
                ("lender_class", models.TextField()),
                ("region", models.TextField()),
                ("currency", models.CharField(max_length=3)),
                ("days_past_due", models.IntegerField()),
                ("bucket", models.TextField()),
                ("bucket_number", models.SmallIntegerField()),
                ("balance_minor", models.BigIntegerField()),
                ("account_count", models.IntegerField()),
                ("case", of("portfolio.case")),
                ("creditor", of("parties.creditor")),
            ],
            options={
                "indexes": [
                    models.Index(fields=["creditor", "step_run_id", "balance_minor", "case"], name="case_snapshot_balance"),
                    models.Index(fields=["creditor", "step_run_id", "days_past_due", "case"], name="case_snapshot_days"),
                ],
                "constraints": [models.UniqueConstraint(fields=("creditor", "step_run_id", "case"), name="case_snapshot_once")],
            },
        ),
        migrations.CreateModel(
            name="SnapshotSum",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("step_run_id", models.BigIntegerField()),
                ("as_of", models.DateField()),
                ("product_class", models.TextField()),
                ("region", models.TextField()),
                ("currency", models.CharField(max_length=3)),
                ("bucket", models.TextField()),
                ("bucket_number", models.SmallIntegerField()),
                ("case_count", models.IntegerField()),
                ("balance_minor", models.BigIntegerField()),
                ("creditor", of("parties.creditor")),
            ],
            options={
                "indexes": [models.Index(fields=["creditor", "as_of", "step_run_id"], name="snapshot_sum_day")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("creditor", "step_run_id", "product_class", "region", "currency", "bucket"), name="snapshot_sum_once"
                    )
                ],
            },
        ),
    ]
