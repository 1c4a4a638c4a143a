"""Let programs act through the API: tokens, walled by creditor, and the one function that knows whose a token is."""

import django.db.models.deletion
from django.db import migrations, models

from duecourse.kit import tenancy

TABLE = tenancy.tenant_table("parties_apitoken", references={"agency_id": "parties_agency"}) + tenancy.tenant_root("parties_apitoken")

# Whose a token is must be known before a creditor is open. The function answers only to whoever has the whole secret, and to nobody once
# the token has ended, was revoked, or its agency was closed. Two digests are compared, so the time it takes tells nothing of the secret.
ACTOR = tenancy.gate_function(
    "token_actor(p_prefix text, p_hash text, p_at timestamptz)",
    returns="TABLE (token_id bigint, creditor_id bigint, agency_id bigint, scopes jsonb, is_test boolean)",
    body="""
BEGIN
    RETURN QUERY SELECT t.id, t.creditor_id, t.agency_id, t.scopes, t.is_test
        FROM parties_apitoken t
        JOIN parties_creditor c ON c.id = t.creditor_id
        LEFT JOIN parties_agency a ON a.creditor_id = t.creditor_id AND a.id = t.agency_id
        WHERE t.prefix = p_prefix AND sha256(convert_to(t.secret_hash, 'UTF8')) = sha256(convert_to(p_hash, 'UTF8'))
          AND t.expires_at > p_at AND t.revoked_at IS NULL
          AND (a.closed_on IS NULL OR a.closed_on > (p_at AT TIME ZONE c.zone)::date);
END
""",
    callers="duecourse_app",
)


class Migration(migrations.Migration):
    dependencies = [("parties", "0002_walls")]

    operations = [
        migrations.CreateModel(
            name="ApiToken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.TextField()),
                ("prefix", models.CharField(max_length=12, unique=True)),
                ("secret_hash", models.CharField(max_length=64)),
                ("scopes", models.JSONField()),
                ("is_test", models.BooleanField(default=False)),
                ("created_by", models.BigIntegerField()),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(null=True)),
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
            ],
        ),
        migrations.AddConstraint(
            model_name="apitoken",
            constraint=models.CheckConstraint(condition=models.Q(("expires_at__gt", models.F("created_at"))), name="api_token_span"),
        ),
        migrations.RunSQL([TABLE, ACTOR]),
    ]
