"""Create the tables of stop lists."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Add stop lists and their entries."""

    dependencies = [
        ("parties", "0002_walls"),
        ("portfolio", "0003_merge_gate"),
    ]

    operations = [
        migrations.CreateModel(
            name="StopList",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.TextField()),
                ("as_of", models.DateField()),
                ("sha256", models.CharField(max_length=64)),
                ("is_whole", models.BooleanField()),
                ("counts", models.JSONField(default=dict)),
                ("loaded_by", models.BigIntegerField()),
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
            name="StopEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("row_number", models.IntegerField()),
                ("reason_code", models.TextField()),
                ("scope", models.TextField()),
                ("from_on", models.DateField()),
                ("until_on", models.DateField(null=True)),
                ("pauses_term", models.BooleanField()),
                ("counts_in_rate", models.BooleanField()),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
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
                    "person",
                    models.ForeignKey(
                        db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="portfolio.person"
                    ),
                ),
                (
                    "stop_list",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portfolio.stoplist",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="stoplist",
            constraint=models.UniqueConstraint(fields=("creditor", "name", "as_of", "sha256", "is_whole"), name="stop_list_once"),
        ),
        migrations.AddConstraint(
            model_name="stopentry",
            constraint=models.UniqueConstraint(fields=("creditor", "stop_list", "row_number", "person"), name="stop_entry_once"),
        ),
        migrations.AddConstraint(
            model_name="stopentry",
            constraint=models.CheckConstraint(condition=models.Q(("scope__in", ["contact", "placement", "both"])), name="stop_entry_scope"),
        ),
    ]
