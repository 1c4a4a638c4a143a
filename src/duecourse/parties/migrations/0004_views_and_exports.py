"""Let people keep views of listings and take rows out as files; both walled by creditor, what was decided on frozen."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from duecourse.kit import tenancy
from duecourse.kit.tenancy import AGENCY

# Views of an agency's people are written for them by the creditor's role, so agencies only read.
VIEWS = tenancy.tenant_table(
    "parties_savedview", references={"agency_id": "parties_agency"}, agency=f"agency_id = {AGENCY}"
) + tenancy.tenant_root("parties_savedview")

# Who asked for which rows, and why, is what a second person decided on: only what became of it changes.
EXPORTS = (
    tenancy.tenant_table("parties_export")
    + """
CREATE FUNCTION gate.export_keeps_its_terms() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' OR to_jsonb(NEW) - '{state,ready_at,expires_at,file_id}'::text[]
        IS DISTINCT FROM to_jsonb(OLD) - '{state,ready_at,expires_at,file_id}'::text[] THEN
        RAISE EXCEPTION 'duecourse: what export % takes out, and who asked, stays as it is', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    IF (OLD.state, NEW.state) NOT IN (('asked', 'approved'), ('asked', 'rejected'), ('approved', 'ready'), ('ready', 'expired'),
                                      ('approved', 'expired'), ('asked', 'expired')) THEN
        RAISE EXCEPTION 'duecourse: export % does not go from % to %', OLD.id, OLD.state, NEW.state USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER parties_export_frozen BEFORE UPDATE OR DELETE ON parties_export
    FOR EACH ROW EXECUTE FUNCTION gate.export_keeps_its_terms();
"""
)


class Migration(migrations.Migration):
    """Keep views, and keep what was exported on record."""

    dependencies = [
        ("parties", "0003_tokens"),
    ]

    operations = [
        migrations.CreateModel(
            name="Export",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("listing", models.TextField()),
                ("query", models.TextField()),
                ("columns", models.JSONField()),
                ("file_format", models.TextField()),
                ("row_count", models.BigIntegerField()),
                ("is_personal", models.BooleanField()),
                ("needs_second", models.BooleanField()),
                ("purpose", models.TextField()),
                ("content_hash", models.CharField(max_length=64)),
                ("mark", models.CharField(max_length=32)),
                ("state", models.TextField()),
                ("asked_at", models.DateTimeField()),
                ("ready_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField(null=True)),
                ("file_id", models.BigIntegerField(null=True)),
                ("asked_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
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
                "indexes": [models.Index(fields=["creditor", "asked_by", "asked_at"], name="export_of_user")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["asked", "approved", "rejected", "ready", "expired"])), name="export_state"
                    ),
                    models.CheckConstraint(condition=models.Q(("file_format__in", ["csv", "xlsx"])), name="export_file_format"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "ready"), _negated=True),
                            models.Q(("expires_at__isnull", False), ("file_id__isnull", False)),
                            _connector="OR",
                        ),
                        name="export_ready",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("listing", models.TextField()),
                ("label", models.TextField()),
                ("query", models.TextField(default="")),
                ("columns", models.JSONField(default=list)),
                ("is_shared", models.BooleanField(default=False)),
                ("changed_at", models.DateTimeField()),
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
                ("user", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("creditor", "user", "listing", "label"), name="saved_view_once"),
                    models.CheckConstraint(
                        condition=models.Q(("is_shared", True), ("label", ""), _negated=True), name="saved_view_shared_has_label"
                    ),
                ],
            },
        ),
        migrations.RunSQL([VIEWS, EXPORTS]),
    ]
