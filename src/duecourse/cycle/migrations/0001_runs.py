"""Create the tables of the room `cycle`."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("parties", "0001_parties"),
    ]

    operations = [
        migrations.CreateModel(
            name="Run",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.CharField(max_length=7)),
                ("commitment", models.CharField(max_length=64)),
                ("secret_sealed", models.BinaryField()),
                ("opened_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                ("audit_position", models.BigIntegerField(null=True)),
                ("audit_hash", models.CharField(default="", max_length=64)),
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
            name="StepRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("step", models.TextField()),
                ("period", models.TextField()),
                ("inputs_hash", models.CharField(max_length=64)),
                ("outputs_hash", models.CharField(default="", max_length=64)),
                ("inputs_file_id", models.BigIntegerField(null=True)),
                ("counts", models.JSONField(default=dict)),
                ("laws", models.JSONField(default=list)),
                ("state", models.TextField(default="prepared")),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
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
                    "run",
                    models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cycle.run"),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.UniqueConstraint(fields=("creditor", "month"), name="run_once"),
        ),
        migrations.AddConstraint(
            model_name="steprun",
            constraint=models.UniqueConstraint(fields=("creditor", "step", "period", "inputs_hash"), name="step_run_once"),
        ),
        migrations.AddConstraint(
            model_name="steprun",
            constraint=models.CheckConstraint(condition=models.Q(("state__in", ["prepared", "applied", "checked"])), name="step_run_state"),
        ),
    ]
