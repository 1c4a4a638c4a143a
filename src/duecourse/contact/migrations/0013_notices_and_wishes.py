"""Keep the published list of agencies, notices of outsourcing, and wishes about contact."""

import django.db.models.deletion
from django.db import migrations, models

from duecourse.kit import tenancy

LISTED, NOTICE, WISH = "contact_publishedagency", "contact_outsourcingnotice", "contact_contactwish"
WALLS = [
    tenancy.tenant_table(LISTED, references={"agency_id": "parties_agency"}),
    tenancy.tenant_table(NOTICE, references={"agency_id": "parties_agency", "person_id": "portfolio_person"}, is_book=True),
    tenancy.tenant_table(WISH, references={"person_id": "portfolio_person", "contact_point_id": "portfolio_contactpoint"}, is_book=True),
]


class Migration(migrations.Migration):
    """What rules ask of the creditor's records; agencies see none of it but in an answer of the gate."""

    dependencies = [
        ("contact", "0012_gate_tells_more"),
        ("parties", "0006_token_pace"),
        ("portfolio", "0009_feed_walls"),
    ]

    operations = [
        migrations.AddField(
            model_name="gateterms",
            name="are_notices_kept",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="gateterms",
            name="is_agency_list_kept",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.CreateModel(
            name="ContactWish",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.TextField(
                        choices=[
                            ("agreed_contact", "Agreed Contact"),
                            ("debt_related", "Debt Related"),
                            ("refused_contact", "Refused Contact"),
                            ("offered_to_pay", "Offered To Pay"),
                            ("channel_declined", "Channel Declined"),
                            ("place_declined", "Place Declined"),
                        ]
                    ),
                ),
                ("channel", models.TextField(default="")),
                ("from_on", models.DateField()),
                ("is_withdrawn", models.BooleanField(default=False)),
                ("recorded_by", models.BigIntegerField()),
                ("known_at", models.DateTimeField()),
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
                    "person",
                    models.ForeignKey(
                        db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="portfolio.person"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "channel_declined"), models.Q(("channel", ""), _negated=True)),
                            models.Q(models.Q(("kind", "channel_declined"), _negated=True), ("channel", "")),
                            _connector="OR",
                        ),
                        name="wish_channel",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind__in", ["channel_declined", "place_declined"]), ("contact_point__isnull", False), _connector="OR"
                        ),
                        name="wish_of_third_party_names_point",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OutsourcingNotice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("told_on", models.DateField()),
                ("how", models.TextField()),
                ("known_at", models.DateTimeField()),
                (
                    "agency",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.agency",
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
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portfolio.person",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("creditor", "person", "agency"), name="outsourcing_notice_once")],
            },
        ),
        migrations.CreateModel(
            name="PublishedAgency",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("from_on", models.DateField()),
                ("until_on", models.DateField(null=True)),
                ("recorded_by", models.BigIntegerField()),
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
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("until_on__isnull", True)), fields=("creditor", "agency"), name="published_agency_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("until_on__isnull", True), ("until_on__gte", models.F("from_on")), _connector="OR"),
                        name="published_agency_span",
                    ),
                ],
            },
        ),
        migrations.RunSQL(WALLS),
    ]
