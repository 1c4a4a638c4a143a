"""Create the tables of the room `portfolio`."""

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("parties", "0001_parties"),
    ]

    operations = [
        migrations.CreateModel(
            name="Account",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.TextField()),
                ("product_class", models.TextField()),
                ("lender_class", models.TextField()),
                ("currency", models.CharField(max_length=3)),
                ("balance_authority", models.TextField(default="core")),
                ("region", models.TextField(default="")),
                ("opened_on", models.DateField(null=True)),
                ("closed_on", models.DateField(null=True)),
                ("charged_off_on", models.DateField(null=True)),
                ("credit_limit_minor", models.BigIntegerField(null=True)),
                ("collateral_reference", models.TextField(default="")),
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
            name="Case",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("work_stream", models.TextField(default="collection")),
                ("region", models.TextField(default="")),
                ("opened_on", models.DateField()),
                ("closed_on", models.DateField(null=True)),
                ("close_reason", models.TextField(default="")),
                ("open_agency_id", models.BigIntegerField(db_index=True, null=True)),
                ("hand_count", models.SmallIntegerField(default=0)),
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
            name="CaseAccount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("from_on", models.DateField()),
                ("until_on", models.DateField(null=True)),
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
            name="CaseTransition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("status", models.TextField()),
                ("reason", models.TextField(default="")),
                ("effective_on", models.DateField()),
                ("known_at", models.DateTimeField()),
                ("actor_id", models.BigIntegerField()),
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
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Pause",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.TextField()),
                ("source_kind", models.TextField()),
                ("source_id", models.BigIntegerField()),
                ("from_on", models.DateField()),
                ("until_on", models.DateField(null=True)),
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
        ),
        migrations.CreateModel(
            name="Person",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.TextField(default="individual")),
                ("zone", models.TextField(null=True)),
                ("zone_source", models.TextField(default="")),
                ("known_at", models.DateTimeField()),
                ("erased_at", models.DateTimeField(null=True)),
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
            name="Obligation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("role", models.TextField(default="borrower")),
                ("from_on", models.DateField()),
                ("until_on", models.DateField(null=True)),
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
                    "person",
                    models.ForeignKey(
                        db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="portfolio.person"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Hold",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.TextField()),
                ("stops_contact", models.BooleanField()),
                ("stops_placement", models.BooleanField()),
                ("source_kind", models.TextField()),
                ("source_id", models.BigIntegerField()),
                ("from_on", models.DateField()),
                ("until_on", models.DateField(null=True)),
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
                    "person",
                    models.ForeignKey(
                        db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="portfolio.person"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ContactPoint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.TextField()),
                ("whose", models.TextField(default="self")),
                ("value_sealed", models.BinaryField()),
                ("value_index", models.BinaryField(null=True)),
                ("index_key_id", models.TextField(default="")),
                ("zone", models.TextField(null=True)),
                ("zone_source", models.TextField(default="")),
                ("valid_from_on", models.DateField()),
                ("valid_until_on", models.DateField(null=True)),
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
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portfolio.person",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="case",
            name="person",
            field=models.ForeignKey(
                db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="portfolio.person"
            ),
        ),
        migrations.CreateModel(
            name="PersonSecret",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("wrapped_key", models.BinaryField()),
                ("salt", models.BinaryField()),
                ("name_sealed", models.BinaryField(null=True)),
                ("identity_kind", models.TextField(default="")),
                ("identity_sealed", models.BinaryField(null=True)),
                ("identity_index", models.BinaryField(null=True)),
                ("index_key_id", models.TextField(default="")),
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
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portfolio.person",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Schedule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.IntegerField()),
                ("effective_on", models.DateField()),
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
        ),
        migrations.CreateModel(
            name="Instalment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.IntegerField()),
                ("due_on", models.DateField()),
                ("principal_minor", models.BigIntegerField(default=0)),
                ("interest_minor", models.BigIntegerField(default=0)),
                ("fee_minor", models.BigIntegerField(default=0)),
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
                    "schedule",
                    models.ForeignKey(
                        db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="portfolio.schedule"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Score",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("step_run_id", models.BigIntegerField()),
                ("model_version", models.TextField()),
                ("segment_key", models.TextField()),
                ("expected_recovered_minor", models.BigIntegerField()),
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
            name="Snapshot",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("step_run_id", models.BigIntegerField()),
                ("as_of", models.DateField()),
                ("days_past_due", models.IntegerField()),
                ("paused_days_count", models.IntegerField()),
                ("bucket", models.TextField()),
                ("bucket_number", models.SmallIntegerField()),
                ("principal_minor", models.BigIntegerField()),
                ("interest_minor", models.BigIntegerField()),
                ("fee_minor", models.BigIntegerField()),
                ("penalty_minor", models.BigIntegerField()),
                ("balance_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
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
            ],
        ),
        migrations.CreateModel(
            name="Tape",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("feed_kind", models.TextField()),
                ("as_of", models.DateField()),
                ("sha256", models.CharField(max_length=64)),
                ("mapping_name", models.TextField()),
                ("mapping_version", models.TextField()),
                ("state", models.TextField(default="staged")),
                ("file_id", models.BigIntegerField(null=True)),
                ("rejects_file_id", models.BigIntegerField(null=True)),
                ("control_totals", models.JSONField(default=dict)),
                ("counts", models.JSONField(default=dict)),
                ("quarantined_columns", models.JSONField(default=list)),
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
            name="TapeRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("row_number", models.IntegerField()),
                ("oldest_due_on", models.DateField(null=True)),
                ("days_past_due", models.IntegerField(null=True)),
                ("principal_minor", models.BigIntegerField()),
                ("interest_minor", models.BigIntegerField()),
                ("fee_minor", models.BigIntegerField()),
                ("penalty_minor", models.BigIntegerField()),
                ("balance_minor", models.BigIntegerField()),
                ("instalment_minor", models.BigIntegerField(null=True)),
                ("last_paid_on", models.DateField(null=True)),
                ("last_paid_minor", models.BigIntegerField(null=True)),
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
                (
                    "tape",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portfolio.tape",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.UniqueConstraint(fields=("creditor", "number"), name="account_number_once"),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.CheckConstraint(condition=models.Q(("balance_authority__in", ["core", "self"])), name="account_authority"),
        ),
        migrations.AddConstraint(
            model_name="caseaccount",
            constraint=models.UniqueConstraint(
                condition=models.Q(("until_on__isnull", True)), fields=("creditor", "account"), name="case_account_open_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="pause",
            constraint=models.CheckConstraint(
                condition=models.Q(("until_on__isnull", True), ("until_on__gt", models.F("from_on")), _connector="OR"), name="pause_span"
            ),
        ),
        migrations.AddConstraint(
            model_name="person",
            constraint=models.CheckConstraint(condition=models.Q(("kind__in", ["individual", "company"])), name="person_kind"),
        ),
        migrations.AddConstraint(
            model_name="obligation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("until_on__isnull", True)), fields=("creditor", "account", "person", "role"), name="obligation_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="obligation",
            constraint=models.CheckConstraint(
                condition=models.Q(("role__in", ["borrower", "co_borrower", "guarantor", "heir"])), name="obligation_role"
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.UniqueConstraint(fields=("creditor", "source_kind", "source_id", "kind"), name="hold_source_once"),
        ),
        migrations.AddIndex(
            model_name="contactpoint",
            index=models.Index(fields=["creditor", "value_index"], name="contact_point_value"),
        ),
        migrations.AddConstraint(
            model_name="contactpoint",
            constraint=models.UniqueConstraint(
                fields=("creditor", "person", "kind", "value_index", "index_key_id"), name="contact_point_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.UniqueConstraint(
                condition=models.Q(("closed_on__isnull", True)), fields=("creditor", "person", "work_stream"), name="case_open_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="personsecret",
            constraint=models.UniqueConstraint(fields=("creditor", "person"), name="person_secret_once"),
        ),
        migrations.AddConstraint(
            model_name="personsecret",
            constraint=models.UniqueConstraint(
                condition=models.Q(("identity_index__isnull", False)),
                fields=("creditor", "identity_index", "index_key_id"),
                name="person_identity_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="schedule",
            constraint=models.UniqueConstraint(fields=("creditor", "account", "number"), name="schedule_once"),
        ),
        migrations.AddConstraint(
            model_name="instalment",
            constraint=models.UniqueConstraint(fields=("creditor", "schedule", "number"), name="instalment_once"),
        ),
        migrations.AddConstraint(
            model_name="score",
            constraint=models.UniqueConstraint(fields=("creditor", "step_run_id", "case", "model_version"), name="score_once"),
        ),
        migrations.AddConstraint(
            model_name="snapshot",
            constraint=models.UniqueConstraint(fields=("creditor", "step_run_id", "account"), name="snapshot_once"),
        ),
        migrations.AddConstraint(
            model_name="snapshot",
            constraint=models.CheckConstraint(condition=models.Q(("days_past_due__gte", 0)), name="snapshot_days_past_due"),
        ),
        migrations.AddConstraint(
            model_name="tape",
            constraint=models.UniqueConstraint(
                fields=("creditor", "feed_kind", "as_of", "sha256", "mapping_name", "mapping_version"), name="tape_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="tape",
            constraint=models.CheckConstraint(condition=models.Q(("state__in", ["staged", "published"])), name="tape_state"),
        ),
        migrations.AddConstraint(
            model_name="taperow",
            constraint=models.UniqueConstraint(fields=("creditor", "tape", "account"), name="tape_row_once"),
        ),
        migrations.AddConstraint(
            model_name="taperow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "balance_minor",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    models.F("principal_minor"), "+", models.F("interest_minor")
                                ),
                                "+",
                                models.F("fee_minor"),
                            ),
                            "+",
                            models.F("penalty_minor"),
                        ),
                    )
                ),
                name="tape_row_components_sum",
            ),
        ),
    ]
