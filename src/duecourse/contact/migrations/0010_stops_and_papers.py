"""Create the tables of emergency stops, papers of lower layers, templates of messages and the gate's terms."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """What compliance stops, and what the creditor puts down for its gate."""

    dependencies = [
        ("contact", "0007_call_records"),
        ("parties", "0006_token_pace"),
        ("portfolio", "0009_feed_walls"),
    ]

    operations = [
        migrations.CreateModel(
            name="ContactStop",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "scope",
                    models.TextField(
                        choices=[
                            ("agency", "Agency"),
                            ("collector", "Collector"),
                            ("channel", "Channel"),
                            ("debtor", "Debtor"),
                            ("everything", "Everything"),
                        ]
                    ),
                ),
                ("user_id", models.BigIntegerField(null=True)),
                ("channel", models.TextField(default="")),
                (
                    "reason_code",
                    models.TextField(
                        choices=[
                            ("conduct", "Conduct"),
                            ("complaint", "Complaint"),
                            ("personal_data", "Personal Data"),
                            ("regulator", "Regulator"),
                            ("wrong_rules", "Wrong Rules"),
                            ("system_fault", "System Fault"),
                            ("other", "Other"),
                        ]
                    ),
                ),
                ("note", models.TextField(default="")),
                ("from_at", models.DateTimeField()),
                ("stopped_by", models.BigIntegerField()),
                ("lifted_at", models.DateTimeField(null=True)),
                ("lifted_by", models.BigIntegerField(null=True)),
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
                (
                    "person",
                    models.ForeignKey(
                        db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="portfolio.person"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ContactStopLift",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("asked_by", models.BigIntegerField()),
                ("asked_at", models.DateTimeField()),
                ("reason", models.TextField()),
                ("content_hash", models.CharField(max_length=64)),
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
                    "stop",
                    models.ForeignKey(
                        db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contact.contactstop"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="GateTerms",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("effective_on", models.DateField()),
                ("paid_share_bp", models.IntegerField()),
                ("paid_minor_min", models.BigIntegerField()),
                ("qualification_kinds", models.JSONField(default=list)),
                ("set_by", models.BigIntegerField()),
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
            name="MessageTemplate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.TextField()),
                ("number", models.IntegerField()),
                ("channel", models.TextField()),
                ("language", models.TextField()),
                ("body", models.TextField()),
                ("parts", models.JSONField(default=list)),
                ("purpose", models.TextField()),
                ("valid_from_on", models.DateField()),
                ("valid_until_on", models.DateField(null=True)),
                ("is_end", models.BooleanField(default=False)),
                ("content_hash", models.CharField(max_length=64)),
                ("added_by", models.BigIntegerField()),
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
            name="Paper",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "layer",
                    models.TextField(
                        choices=[("creditor_policy", "Creditor Policy"), ("agency_contract", "Agency Contract"), ("agreement", "Agreement")]
                    ),
                ),
                ("code", models.TextField()),
                ("number", models.IntegerField()),
                ("title_zh", models.TextField()),
                ("title_en", models.TextField()),
                ("issued_on", models.DateField()),
                ("effective_on", models.DateField()),
                ("parameters", models.JSONField(default=dict)),
                ("is_end", models.BooleanField(default=False)),
                ("content_hash", models.CharField(max_length=64)),
                ("added_by", models.BigIntegerField()),
                ("known_at", models.DateTimeField()),
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
                (
                    "person",
                    models.ForeignKey(
                        db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="portfolio.person"
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="contactstop",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("agency__isnull", False), ("channel", ""), ("person__isnull", True), ("scope", "agency"), ("user_id__isnull", True)
                    ),
                    models.Q(
                        ("agency__isnull", True),
                        ("channel", ""),
                        ("person__isnull", True),
                        ("scope", "collector"),
                        ("user_id__isnull", False),
                    ),
                    models.Q(
                        ("agency__isnull", True),
                        ("person__isnull", True),
                        ("scope", "channel"),
                        ("user_id__isnull", True),
                        models.Q(("channel", ""), _negated=True),
                    ),
                    models.Q(
                        ("agency__isnull", True), ("channel", ""), ("person__isnull", False), ("scope", "debtor"), ("user_id__isnull", True)
                    ),
                    models.Q(
                        ("scope", "everything"),
                        ("agency__isnull", True),
                        ("channel", ""),
                        ("person__isnull", True),
                        ("user_id__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="contact_stop_target_fits_scope",
            ),
        ),
        migrations.AddConstraint(
            model_name="contactstop",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("lifted_at__isnull", True), ("lifted_by__isnull", True)),
                    models.Q(("lifted_at__isnull", False), ("lifted_by__isnull", False)),
                    _connector="OR",
                ),
                name="contact_stop_lifted_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="contactstop",
            constraint=models.UniqueConstraint(
                condition=models.Q(("lifted_at__isnull", True)),
                fields=("creditor", "scope", "agency", "user_id", "channel", "person"),
                name="contact_stop_open_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="gateterms",
            constraint=models.UniqueConstraint(fields=("creditor", "effective_on"), name="gate_terms_once"),
        ),
        migrations.AddConstraint(
            model_name="gateterms",
            constraint=models.CheckConstraint(
                condition=models.Q(("paid_minor_min__gte", 0), ("paid_share_bp__gt", 0), ("paid_share_bp__lte", 10000)),
                name="gate_terms_amounts",
            ),
        ),
        migrations.AddConstraint(
            model_name="messagetemplate",
            constraint=models.UniqueConstraint(fields=("creditor", "code", "number"), name="message_template_version_once"),
        ),
        migrations.AddConstraint(
            model_name="messagetemplate",
            constraint=models.CheckConstraint(
                condition=models.Q(("channel__in", ["sms", "email", "letter"])), name="message_template_channel"
            ),
        ),
        migrations.AddConstraint(
            model_name="messagetemplate",
            constraint=models.CheckConstraint(
                condition=models.Q(("valid_until_on__isnull", True), ("valid_until_on__gt", models.F("valid_from_on")), _connector="OR"),
                name="message_template_span",
            ),
        ),
        migrations.AddIndex(
            model_name="paper",
            index=models.Index(condition=models.Q(("layer", "creditor_policy")), fields=["creditor"], name="paper_policies"),
        ),
        migrations.AddConstraint(
            model_name="paper",
            constraint=models.UniqueConstraint(fields=("creditor", "code", "number"), name="paper_version_once"),
        ),
        migrations.AddConstraint(
            model_name="paper",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("agency__isnull", True), ("layer", "creditor_policy"), ("person__isnull", True)),
                    models.Q(("agency__isnull", False), ("layer", "agency_contract"), ("person__isnull", True)),
                    models.Q(("agency__isnull", True), ("layer", "agreement"), ("person__isnull", False)),
                    _connector="OR",
                ),
                name="paper_party_fits_layer",
            ),
        ),
    ]
