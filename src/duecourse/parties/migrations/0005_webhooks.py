"""Send events to the programs of creditor and agencies."""

import django.db.models.deletion
from django.db import migrations, models

from duecourse.kit import tenancy
from duecourse.kit.tenancy import AGENCY

# An agency's lead sees the agency's own; what is written is written for them by the creditor's role. Collectors have no business with it.
WALLS = "\n".join(
    [
        tenancy.tenant_table("parties_webhook", references={"agency_id": "parties_agency"}, agency=f"agency_id = {AGENCY}"),
        tenancy.tenant_root("parties_webhook"),
        tenancy.collector_wall("parties_webhook", "false"),
        tenancy.tenant_table(
            "parties_webhookdelivery",
            references={"agency_id": "parties_agency", "webhook_id": "parties_webhook"},
            agency=f"agency_id = {AGENCY}",
        ),
        tenancy.collector_wall("parties_webhookdelivery", "false"),
    ]
)


def _tenant(to: str, **options: bool) -> models.ForeignKey:
    return models.ForeignKey(
        db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=f"parties.{to}", **options
    )


class Migration(migrations.Migration):
    dependencies = [("parties", "0004_views_and_exports")]

    operations = [
        migrations.CreateModel(
            name="Webhook",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.TextField()),
                ("url", models.TextField()),
                ("event_kinds", models.JSONField()),
                ("key_id", models.CharField(max_length=12, unique=True)),
                ("secret_sealed", models.BinaryField()),
                ("position", models.BigIntegerField()),
                ("created_by", models.BigIntegerField()),
                ("created_at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(null=True)),
                ("agency", _tenant("agency", null=True)),
                ("creditor", _tenant("creditor", db_index=False)),
            ],
            options={"abstract": False},
        ),
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("event_id", models.TextField()),
                ("kind", models.TextField()),
                ("body", models.TextField()),
                ("state", models.TextField(default="waiting")),
                ("try_count", models.IntegerField(default=0)),
                ("tries", models.JSONField(default=list)),
                ("next_try_at", models.DateTimeField()),
                ("created_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("agency", _tenant("agency", null=True)),
                ("creditor", _tenant("creditor", db_index=False)),
                ("webhook", _tenant("webhook", db_index=False)),
            ],
            options={
                "indexes": [models.Index(condition=models.Q(("state", "waiting")), fields=["creditor", "next_try_at"], name="webhook_due")],
                "constraints": [
                    models.UniqueConstraint(fields=("creditor", "webhook", "event_id"), name="webhook_event_once"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["waiting", "delivered", "dead"])), name="webhook_delivery_state"
                    ),
                ],
            },
        ),
        migrations.RunSQL(WALLS),
    ]
