"""Create the tables of the room `parties`."""

import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="User",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                ("email", models.EmailField(max_length=254, unique=True)),
                ("display_name", models.TextField()),
                ("lang", models.CharField(default="zh-hans", max_length=8)),
                ("is_active", models.BooleanField(default=True)),
            ],
        ),
        migrations.CreateModel(
            name="Agency",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.TextField()),
                ("name", models.TextField()),
                (
                    "kind",
                    models.TextField(
                        choices=[("external", "External"), ("in_house", "In House"), ("law_firm", "Law Firm"), ("robot", "Robot")]
                    ),
                ),
                ("opened_on", models.DateField()),
                ("closed_on", models.DateField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Creditor",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.TextField(unique=True)),
                ("name", models.TextField()),
                ("lender_class", models.TextField()),
                ("zone", models.TextField()),
                ("calendar", models.TextField()),
                ("currency", models.CharField(max_length=3)),
                ("packs", models.JSONField(default=list)),
                ("is_simulated", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Contract",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.TextField()),
                (
                    "agency",
                    models.ForeignKey(
                        db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.agency"
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
            name="ContractVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.IntegerField()),
                ("signed_on", models.DateField(null=True)),
                ("effective_on", models.DateField()),
                ("expires_on", models.DateField()),
                ("currency", models.CharField(max_length=3)),
                ("regions", models.JSONField(null=True)),
                ("products", models.JSONField(null=True)),
                ("capacity_count", models.IntegerField(null=True)),
                ("capacity_minor", models.BigIntegerField(null=True)),
                ("share_cap_bp", models.IntegerField(null=True)),
                ("placement_term_days", models.IntegerField()),
                ("contracted_fields", models.JSONField()),
                ("attribution_rule", models.TextField()),
                ("attribution_tail_days", models.IntegerField(default=0)),
                ("tier_mode", models.TextField(default="whole")),
                ("rounding", models.TextField(default="half_up")),
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
            name="Approval",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject_kind", models.TextField()),
                ("subject_id", models.BigIntegerField()),
                ("content_hash", models.CharField(max_length=64)),
                ("is_granted", models.BooleanField()),
                ("reason", models.TextField(default="")),
                ("at", models.DateTimeField()),
                ("decided_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.user")),
                (
                    "requested_by",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.user"),
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
        migrations.AddField(
            model_name="agency",
            name="creditor",
            field=models.ForeignKey(
                db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.creditor"
            ),
        ),
        migrations.CreateModel(
            name="FeeSchedule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("effective_on", models.DateField()),
                (
                    "contract_version",
                    models.ForeignKey(
                        db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.contractversion"
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
            name="FeeLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("product_class", models.TextField(default="*")),
                ("age_from_days", models.IntegerField()),
                ("age_until_days", models.IntegerField(null=True)),
                ("tier_from_bp", models.IntegerField()),
                ("tier_until_bp", models.IntegerField(null=True)),
                ("hand_from", models.SmallIntegerField()),
                ("hand_until", models.SmallIntegerField(null=True)),
                ("rate_bp", models.IntegerField()),
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
                    "fee_schedule",
                    models.ForeignKey(
                        db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.feeschedule"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "role",
                    models.TextField(
                        choices=[
                            ("manager", "Manager"),
                            ("compliance", "Compliance"),
                            ("accountant", "Accountant"),
                            ("analyst", "Analyst"),
                            ("read_only", "Read Only"),
                            ("lead", "Lead"),
                            ("collector", "Collector"),
                        ]
                    ),
                ),
                ("from_on", models.DateField()),
                ("until_on", models.DateField(null=True)),
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
                ("user", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.user")),
            ],
        ),
        migrations.CreateModel(
            name="Qualification",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.TextField()),
                ("evidence_file_id", models.BigIntegerField(null=True)),
                ("valid_from_on", models.DateField()),
                ("valid_until_on", models.DateField()),
                (
                    "agency",
                    models.ForeignKey(
                        db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.agency"
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
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(("email", django.db.models.functions.text.Lower("email"))), name="user_email_lower_case"
            ),
        ),
        migrations.AddConstraint(
            model_name="contractversion",
            constraint=models.UniqueConstraint(fields=("creditor", "contract", "number"), name="contract_version_once"),
        ),
        migrations.AddConstraint(
            model_name="contractversion",
            constraint=models.CheckConstraint(
                condition=models.Q(("expires_on__gt", models.F("effective_on"))), name="contract_version_span"
            ),
        ),
        migrations.AddConstraint(
            model_name="contractversion",
            constraint=models.CheckConstraint(
                condition=models.Q(("attribution_rule__in", ["paid", "booked"])), name="contract_version_attribution"
            ),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.UniqueConstraint(fields=("creditor", "code"), name="contract_code_once"),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(("requested_by", models.F("decided_by")), _negated=True), name="approval_takes_two_people"
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.UniqueConstraint(fields=("creditor", "subject_kind", "subject_id"), name="approval_once"),
        ),
        migrations.AddConstraint(
            model_name="agency",
            constraint=models.UniqueConstraint(fields=("creditor", "code"), name="agency_code_once"),
        ),
        migrations.AddConstraint(
            model_name="feeschedule",
            constraint=models.UniqueConstraint(fields=("creditor", "contract_version", "effective_on"), name="fee_schedule_once"),
        ),
        migrations.AddConstraint(
            model_name="feeline",
            constraint=models.CheckConstraint(condition=models.Q(("rate_bp__gte", 0), ("rate_bp__lte", 10000)), name="fee_line_rate"),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("agency__isnull", True), ("role__in", ("manager", "compliance", "accountant", "analyst", "read_only"))),
                    models.Q(("agency__isnull", False), ("role__in", ("lead", "collector"))),
                    _connector="OR",
                ),
                name="membership_role_fits_side",
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.UniqueConstraint(
                condition=models.Q(("until_on__isnull", True)), fields=("creditor", "user", "role"), name="membership_open_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="qualification",
            constraint=models.CheckConstraint(
                condition=models.Q(("valid_until_on__gt", models.F("valid_from_on"))), name="qualification_span"
            ),
        ),
    ]
