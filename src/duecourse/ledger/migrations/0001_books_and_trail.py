"""Create the tables of the room `ledger`."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="AuditEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("creditor_id", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                ("actor_id", models.BigIntegerField()),
                ("agency_id", models.BigIntegerField(null=True)),
                ("action", models.TextField()),
                ("subject_kind", models.TextField()),
                ("subject_id", models.BigIntegerField()),
                ("details", models.JSONField(default=dict)),
            ],
            options={
                "indexes": [models.Index(fields=["creditor_id", "subject_kind", "subject_id"], name="audit_event_subject")],
            },
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("creditor_id", models.BigIntegerField()),
                ("kind", models.TextField()),
                ("source_kind", models.TextField()),
                ("source_id", models.TextField()),
                ("value_on", models.DateField()),
                ("booked_on", models.DateField()),
                ("known_at", models.DateTimeField()),
                (
                    "reverses",
                    models.ForeignKey(
                        db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.entry"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="IdempotencyKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("creditor_id", models.BigIntegerField()),
                ("scope", models.TextField()),
                ("key", models.TextField()),
                ("request_hash", models.CharField(max_length=64)),
                ("result_kind", models.TextField()),
                ("result_id", models.BigIntegerField()),
                ("at", models.DateTimeField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("creditor_id", "scope", "key"), name="idempotency_key_once")],
            },
        ),
        migrations.CreateModel(
            name="Posting",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("creditor_id", models.BigIntegerField()),
                ("book", models.TextField()),
                ("account_id", models.BigIntegerField(null=True)),
                ("agency_id", models.BigIntegerField(null=True)),
                ("instalment_number", models.IntegerField(null=True)),
                ("component", models.TextField(default="")),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("value_on", models.DateField()),
                ("booked_on", models.DateField()),
                ("entry", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.entry")),
            ],
        ),
        migrations.CreateModel(
            name="Seal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("creditor_id", models.BigIntegerField()),
                ("position", models.BigIntegerField()),
                ("version", models.SmallIntegerField()),
                ("previous_hash", models.BinaryField()),
                ("hash", models.BinaryField()),
                ("sealed_at", models.DateTimeField()),
                ("event", models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.auditevent")),
            ],
        ),
        migrations.CreateModel(
            name="StoredFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("creditor_id", models.BigIntegerField()),
                ("kind", models.TextField()),
                ("name", models.TextField()),
                ("media_type", models.TextField()),
                ("sha256", models.CharField(max_length=64)),
                ("size_bytes", models.BigIntegerField()),
                ("row_count", models.BigIntegerField(null=True)),
                ("wrapped_key", models.BinaryField(null=True)),
                ("stored_at", models.DateTimeField()),
                ("destroyed_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("creditor_id", "kind", "sha256"), name="stored_file_once")],
            },
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.UniqueConstraint(fields=("creditor_id", "kind", "source_kind", "source_id"), name="entry_source_once"),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.UniqueConstraint(fields=("reverses",), name="entry_reversed_once"),
        ),
        migrations.AddIndex(
            model_name="posting",
            index=models.Index(fields=["creditor_id", "account_id", "book"], name="posting_account"),
        ),
        migrations.AddConstraint(
            model_name="posting",
            constraint=models.CheckConstraint(condition=models.Q(("amount_minor", 0), _negated=True), name="posting_not_zero"),
        ),
        migrations.AddConstraint(
            model_name="seal",
            constraint=models.UniqueConstraint(fields=("creditor_id", "position"), name="seal_position_once"),
        ),
    ]
