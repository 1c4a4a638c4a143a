"""Create the tables of the room `contact`."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("parties", "0001_parties"),
        ("placement", "0001_placements"),
        ("portfolio", "0001_assets_and_cases"),
    ]

    operations = [
        migrations.CreateModel(
            name="Permit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("client_request_id", models.TextField()),
                ("request_hash", models.CharField(max_length=64)),
                ("user_id", models.BigIntegerField()),
                ("channel", models.TextField()),
                ("contact_at", models.DateTimeField()),
                ("local_on", models.DateField(null=True)),
                ("decided_at", models.DateTimeField()),
                ("explanation", models.JSONField()),
                ("valid_until_at", models.DateTimeField()),
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
                    "contact_point",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portfolio.contactpoint",
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
                    "performer",
                    models.ForeignKey(
                        db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.agency"
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
                (
                    "placement",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="placement.placement",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "outcome",
                    models.TextField(
                        choices=[
                            ("connected", "Connected"),
                            ("promise", "Promise"),
                            ("refused_to_pay", "Refused To Pay"),
                            ("disputed", "Disputed"),
                            ("wrong_party", "Wrong Party"),
                            ("no_answer", "No Answer"),
                            ("busy", "Busy"),
                            ("unreachable", "Unreachable"),
                            ("not_made", "Not Made"),
                        ]
                    ),
                ),
                ("is_connected", models.BooleanField()),
                ("started_at", models.DateTimeField()),
                ("talk_seconds", models.IntegerField(default=0)),
                ("reported_at", models.DateTimeField()),
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
                    "performer",
                    models.ForeignKey(
                        db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.agency"
                    ),
                ),
                (
                    "permit",
                    models.OneToOneField(
                        db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contact.permit"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Refusal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("client_request_id", models.TextField()),
                ("request_hash", models.CharField(max_length=64)),
                ("user_id", models.BigIntegerField()),
                ("channel", models.TextField()),
                ("contact_at", models.DateTimeField()),
                ("local_on", models.DateField(null=True)),
                ("decided_at", models.DateTimeField()),
                ("explanation", models.JSONField()),
                ("next_allowed_at", models.DateTimeField(null=True)),
                ("codes", models.JSONField()),
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
                    "contact_point",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portfolio.contactpoint",
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
                    "performer",
                    models.ForeignKey(
                        db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.agency"
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
                (
                    "placement",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="placement.placement",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="permit",
            index=models.Index(fields=["creditor", "person", "local_on", "channel"], name="permit_day"),
        ),
        migrations.AddConstraint(
            model_name="permit",
            constraint=models.UniqueConstraint(fields=("creditor", "performer", "client_request_id"), name="permit_request_once"),
        ),
        migrations.AddConstraint(
            model_name="permit",
            constraint=models.CheckConstraint(condition=models.Q(("local_on__isnull", False)), name="permit_has_local_day"),
        ),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("is_connected", True), ("outcome__in", ("connected", "promise", "refused_to_pay", "disputed", "wrong_party"))
                    ),
                    models.Q(
                        ("is_connected", False),
                        models.Q(("outcome__in", ("connected", "promise", "refused_to_pay", "disputed", "wrong_party")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="attempt_connected_fits_outcome",
            ),
        ),
        migrations.AddConstraint(
            model_name="refusal",
            constraint=models.UniqueConstraint(fields=("creditor", "performer", "client_request_id"), name="refusal_request_once"),
        ),
    ]
