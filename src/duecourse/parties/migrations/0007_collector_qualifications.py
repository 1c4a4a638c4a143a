"""Keep what shows that each of an agency's people may collect."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from duecourse.kit import tenancy
from duecourse.kit.tenancy import AGENCY, USER

TABLE = "parties_collectorqualification"

# An agency's lead sees the agency's own, a collector theirs; what a lead puts down is written for them by the creditor's role.
WALLS = "\n".join(
    [
        tenancy.tenant_table(TABLE, references={"agency_id": "parties_agency"}, agency=f"agency_id = {AGENCY}"),
        tenancy.collector_wall(TABLE, f"user_id = {USER}"),
        """
CREATE FUNCTION gate.collector_qualification_stays() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' OR to_jsonb(NEW) - '{is_confirmed,withdrawn_at,withdrawn_by}'::text[]
        IS DISTINCT FROM to_jsonb(OLD) - '{is_confirmed,withdrawn_at,withdrawn_by}'::text[] THEN
        RAISE EXCEPTION 'duecourse: what evidence % shows, and who put it down, stays as it is', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.is_confirmed IS NOT NULL AND NEW.is_confirmed IS DISTINCT FROM OLD.is_confirmed
       OR OLD.withdrawn_at IS NOT NULL AND NEW.withdrawn_at IS DISTINCT FROM OLD.withdrawn_at THEN
        RAISE EXCEPTION 'duecourse: evidence % is decided on once and withdrawn once', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER parties_collectorqualification_stays BEFORE UPDATE OR DELETE ON parties_collectorqualification
    FOR EACH ROW EXECUTE FUNCTION gate.collector_qualification_stays();
""",
    ]
)


class Migration(migrations.Migration):
    dependencies = [("parties", "0006_token_pace")]

    operations = [
        migrations.CreateModel(
            name="CollectorQualification",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.TextField()),
                ("document_ref", models.TextField()),
                ("valid_from_on", models.DateField()),
                ("valid_until_on", models.DateField()),
                ("is_said_by_agency", models.BooleanField()),
                ("is_confirmed", models.BooleanField(null=True)),
                ("content_hash", models.CharField(max_length=64)),
                ("added_by", models.BigIntegerField()),
                ("known_at", models.DateTimeField()),
                ("withdrawn_at", models.DateTimeField(null=True)),
                ("withdrawn_by", models.BigIntegerField(null=True)),
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
                (
                    "user",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["creditor", "user"], name="qualification_of_collector")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("valid_until_on__gt", models.F("valid_from_on"))), name="collector_qualification_span"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("is_said_by_agency", True),
                            models.Q(("is_confirmed__isnull", False), ("is_confirmed", True)),
                            _connector="OR",
                        ),
                        name="collector_qualification_waits_for_creditor",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("withdrawn_at__isnull", True), ("withdrawn_by__isnull", True)),
                            models.Q(("withdrawn_at__isnull", False), ("withdrawn_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="collector_qualification_withdrawn_by_somebody",
                    ),
                ],
            },
        ),
        migrations.RunSQL(WALLS),
    ]
