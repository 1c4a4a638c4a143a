"""Create the table of what each month brought of each cohort."""

import django.db.models.deletion
from django.db import migrations, models

FLOWS = ("creditor", "month", "kind", "cohort", "product_class", "region", "currency")


class Migration(migrations.Migration):
    """Add the flows that vintage curves are sums of."""

    dependencies = [("parties", "0002_walls"), ("settlement", "0003_settled_is_final")]

    operations = [
        migrations.CreateModel(
            name="VintageFlow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.CharField(max_length=7)),
                ("kind", models.TextField()),
                ("cohort", models.CharField(max_length=7)),
                ("product_class", models.TextField()),
                ("region", models.TextField()),
                ("currency", models.CharField(max_length=3)),
                ("account_count", models.IntegerField()),
                ("base_minor", models.BigIntegerField()),
                ("recovered_minor", models.BigIntegerField()),
                ("gone_count", models.IntegerField()),
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
                    models.UniqueConstraint(fields=FLOWS, name="vintage_flow_once"),
                    models.CheckConstraint(condition=models.Q(("kind__in", ["opened", "placed"])), name="vintage_flow_kind"),
                ],
            },
        ),
    ]
