"""Keep a record of work that goes on behind a page."""

from django.db import migrations, models

from duecourse.kit import tenancy

# An agency's lead sees what the agency's people asked for, a collector what they asked for themselves. They write nothing: the application
# does that for them.
WALLS = "\n".join(
    [
        tenancy.tenant_key("ledger_job"),
        tenancy.walls("ledger_job", agency=f"creditor_id = {tenancy.CREDITOR} AND agency_id = {tenancy.AGENCY}"),
        tenancy.collector_wall("ledger_job", f"asked_by = {tenancy.USER}"),
        "GRANT SELECT ON ledger_job TO duecourse_gate;",
    ]
)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0005_statistics")]

    operations = [
        migrations.CreateModel(
            name="Job",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("creditor_id", models.BigIntegerField()),
                ("agency_id", models.BigIntegerField(null=True)),
                ("asked_by", models.BigIntegerField()),
                ("roles", models.JSONField(default=list)),
                ("lang", models.CharField(max_length=8)),
                ("kind", models.TextField()),
                ("parameters", models.JSONField(default=dict)),
                ("state", models.TextField(default="queued")),
                ("done_count", models.BigIntegerField(default=0)),
                ("total_count", models.BigIntegerField(default=0)),
                ("result", models.JSONField(default=dict)),
                ("error", models.JSONField(default=dict)),
                ("attempt_count", models.IntegerField(default=0)),
                ("asked_at", models.DateTimeField()),
                ("started_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["creditor_id", "asked_by", "-id"], name="job_asked_by"),
                    models.Index(condition=models.Q(("ended_at__isnull", True)), fields=["creditor_id", "id"], name="job_unended"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["queued", "running", "done", "failed"])), name="job_state_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("state__in", ["queued", "running"])),
                            models.Q(("ended_at__isnull", False), ("state__in", ["done", "failed"])),
                            _connector="OR",
                        ),
                        name="job_ended_has_its_instant",
                    ),
                ],
            },
        ),
        migrations.RunSQL(WALLS),
    ]
