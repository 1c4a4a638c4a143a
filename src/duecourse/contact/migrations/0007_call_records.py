"""Keep what telephone systems recorded of calls, and what each was found to be; count connected calls that no permit holds."""

import django.db.models.constraints
import django.db.models.deletion
from django.db import migrations, models

from duecourse.kit import tenancy
from duecourse.kit.tenancy import AGENCY

RECORD, MATCH, FILE, DEFINITION = "contact_callrecord", "contact_callmatch", "contact_callrecordfile", "contact_calldefinition"
OWN = f"performer_id = {AGENCY}"
PERFORMER = {"performer_id": "parties_agency"}

# An agency sees its files and its calls, and never what they were found to be: that would tell it whose numbers the creditor has.
TABLES = [
    tenancy.tenant_table(FILE, references=PERFORMER, agency=OWN),
    tenancy.tenant_table(RECORD, references=PERFORMER | {"record_file_id": FILE}, agency=OWN, is_book=True),
    tenancy.tenant_table(DEFINITION, is_book=True),
    tenancy.tenant_references(MATCH, {"record_id": RECORD, "permit_id": "contact_permit"}),
    tenancy.walls(MATCH),
    f"GRANT SELECT ON {MATCH} TO duecourse_gate;",
    tenancy.collector_wall(FILE, "false"),
    tenancy.collector_wall(RECORD, "false"),
]

# Calls of a debtor's day that were connected and that no permit's slot stands for: without a permit, on another day than the permit's, or
# under a permit whose outcome was reported as nobody reached. A number that several debtors share counts for each of them.
HELD = [
    tenancy.gate_function(
        "calls_unheld(p_creditor bigint, p_person bigint, p_from date, p_until date)",
        returns="""TABLE (record_id bigint, local_on date, contact_point_id bigint, permit_id bigint, started_at timestamptz,
        is_effective boolean)""",
        body="""
#variable_conflict use_column
DECLARE
    v_zone text;
BEGIN
    IF p_creditor IS DISTINCT FROM nullif(current_setting('app.creditor', true), '')::bigint THEN
        RAISE EXCEPTION 'duecourse: creditor % is not open here', p_creditor USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT coalesce(p.zone, c.zone) INTO v_zone FROM portfolio_person p JOIN parties_creditor c ON c.id = p.creditor_id
    WHERE p.creditor_id = p_creditor AND p.id = p_person;
    RETURN QUERY SELECT DISTINCT ON (r.started_at, r.id) r.id, t.local_on, cp.id, p.id, r.started_at, m.is_effective
    FROM portfolio_contactpoint cp
    JOIN contact_callmatch m ON m.creditor_id = cp.creditor_id AND m.number_index = cp.value_index AND m.index_key_id = cp.index_key_id
    JOIN contact_callrecord r ON r.creditor_id = m.creditor_id AND r.id = m.record_id
    CROSS JOIN LATERAL (SELECT (r.started_at AT TIME ZONE v_zone)::date AS local_on) t
    LEFT JOIN contact_permit p ON p.creditor_id = m.creditor_id AND p.id = m.permit_id
    LEFT JOIN contact_attempt a ON a.permit_id = p.id
    WHERE cp.creditor_id = p_creditor AND cp.person_id = p_person AND cp.kind = 'phone' AND cp.value_index IS NOT NULL AND m.is_connected
      AND t.local_on BETWEEN p_from AND p_until
      AND EXISTS (SELECT 1 FROM portfolio_case k JOIN parties_agency g ON g.creditor_id = p_creditor AND g.id = r.performer_id
          WHERE k.creditor_id = p_creditor AND k.person_id = p_person AND (g.kind IN ('in_house', 'robot') OR k.open_agency_id = g.id
              OR EXISTS (SELECT 1 FROM placement_placement pl
                  WHERE pl.creditor_id = p_creditor AND pl.case_id = k.id AND pl.agency_id = g.id)))
      AND (p.id IS NULL OR (p.person_id = p_person AND (p.local_on <> t.local_on OR NOT coalesce(a.is_connected, true))))
    ORDER BY r.started_at, r.id, cp.id;
END
""",
        callers="duecourse_app",
    ),
    tenancy.gate_function(
        "calls_held(p_creditor bigint, p_person bigint, p_day date)",
        returns="bigint",
        body="""
BEGIN
    RETURN (SELECT count(*) FROM gate.calls_unheld(p_creditor, p_person, p_day, p_day));
END
""",
        callers="duecourse_app",
    ),
]

# When a person is erased, the indexes of their numbers go from the calls as well, unless another debtor has the number.
FORGET = [
    tenancy.gate_function(
        "calls_forget()",
        returns="trigger",
        body="""
BEGIN
    UPDATE contact_callmatch SET number_index = NULL
    WHERE creditor_id = OLD.creditor_id AND number_index = OLD.value_index AND NOT EXISTS (SELECT 1 FROM portfolio_contactpoint cp
        WHERE cp.creditor_id = OLD.creditor_id AND cp.value_index = OLD.value_index);
    RETURN NULL;
END
""",
        callers="duecourse_app",
    ),
    f"GRANT UPDATE (number_index) ON {MATCH} TO duecourse_gate;",
    """
CREATE TRIGGER portfolio_contactpoint_forgets_calls AFTER UPDATE OF value_index ON portfolio_contactpoint
    FOR EACH ROW WHEN (OLD.value_index IS NOT NULL AND NEW.value_index IS NULL) EXECUTE FUNCTION gate.calls_forget();
""",
]


class Migration(migrations.Migration):
    """Agencies see their own files and calls; the rest is the creditor's."""

    dependencies = [("contact", "0006_answers_index"), ("parties", "0006_token_pace"), ("portfolio", "0009_feed_walls")]

    operations = [
        migrations.CreateModel(
            name="CallRecordFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("local_on", models.DateField()),
                ("sha256", models.CharField(max_length=64)),
                ("mapping_name", models.TextField()),
                ("mapping_version", models.TextField()),
                ("file_id", models.BigIntegerField(null=True)),
                ("rejects_file_id", models.BigIntegerField(null=True)),
                ("counts", models.JSONField(default=dict)),
                ("loaded_by", models.BigIntegerField()),
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
                    "performer",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.agency",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CallRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("row_number", models.IntegerField()),
                ("call_ref", models.TextField()),
                ("local_on", models.DateField()),
                ("started_at", models.DateTimeField()),
                ("ring_seconds", models.IntegerField(null=True)),
                ("talk_seconds", models.IntegerField()),
                ("total_seconds", models.IntegerField(null=True)),
                (
                    "disposition",
                    models.TextField(
                        choices=[
                            ("answered", "Answered"),
                            ("voicemail", "Voicemail"),
                            ("no_answer", "No Answer"),
                            ("busy", "Busy"),
                            ("refused", "Refused"),
                            ("failed", "Failed"),
                            ("other", "Other"),
                        ]
                    ),
                ),
                ("disposition_said", models.TextField(default="")),
                ("caller_line", models.TextField(default="")),
                ("agent_code", models.TextField(default="")),
                ("stated_permit", models.TextField(default="")),
                ("recording_ref", models.TextField(default="")),
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
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.agency",
                    ),
                ),
                (
                    "record_file",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="contact.callrecordfile",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CallDefinition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("from_on", models.DateField()),
                ("connected_seconds_min", models.IntegerField(default=0)),
                ("effective_seconds_min", models.IntegerField(default=0)),
                ("is_voicemail_connected", models.BooleanField(default=True)),
                ("clock_tolerance_seconds", models.IntegerField(default=60)),
                ("duration_tolerance_seconds", models.IntegerField(default=15)),
                ("user_id", models.BigIntegerField()),
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
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("creditor", "from_on", "known_at"), name="call_definition_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("connected_seconds_min__gte", 0),
                            ("effective_seconds_min__gte", 0),
                            ("clock_tolerance_seconds__gte", 0),
                            ("duration_tolerance_seconds__gte", 0),
                        ),
                        name="call_definition_not_negative",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CallMatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number_index", models.BinaryField(null=True)),
                ("index_key_id", models.TextField(default="")),
                ("fault", models.TextField(default="")),
                ("is_connected", models.BooleanField()),
                ("is_effective", models.BooleanField()),
                ("person_id", models.BigIntegerField(null=True)),
                ("contact_point_id", models.BigIntegerField(null=True)),
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
                    "permit",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="contact.permit",
                    ),
                ),
                (
                    "record",
                    models.OneToOneField(
                        db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contact.callrecord"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["creditor", "number_index"], name="call_match_number"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        deferrable=django.db.models.constraints.Deferrable["DEFERRED"],
                        fields=("creditor", "permit"),
                        name="call_match_permit_once",
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="callrecordfile",
            index=models.Index(fields=["creditor", "local_on"], name="call_file_day"),
        ),
        migrations.AddConstraint(
            model_name="callrecordfile",
            constraint=models.UniqueConstraint(
                fields=("creditor", "performer", "local_on", "sha256", "mapping_name", "mapping_version"), name="call_file_once"
            ),
        ),
        migrations.AddIndex(
            model_name="callrecord",
            index=models.Index(fields=["creditor", "local_on", "performer"], name="call_record_day"),
        ),
        migrations.AddConstraint(
            model_name="callrecord",
            constraint=models.UniqueConstraint(fields=("creditor", "performer", "call_ref"), name="call_record_once"),
        ),
        migrations.AddConstraint(
            model_name="callrecord",
            constraint=models.CheckConstraint(condition=models.Q(("talk_seconds__gte", 0)), name="call_record_talk_not_negative"),
        ),
        migrations.RunSQL(TABLES),
        migrations.RunSQL(HELD),
        migrations.RunSQL(FORGET),
    ]
