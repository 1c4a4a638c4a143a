"""Let a creditor say how long call records are kept, and remove what is older: off until it is said."""

import django.db.models.deletion
from django.db import migrations, models

from duecourse.kit import tenancy

RETENTION, REMOVAL, RECORD, MATCH = "contact_callretention", "contact_callremoval", "contact_callrecord", "contact_callmatch"

# Calls stay a book for everybody; the gate alone may take rows out of it, in the one function below, which looks at the creditor's period itself.
WALLS = [
    tenancy.tenant_table(RETENTION, is_book=True),
    tenancy.tenant_table(REMOVAL, references={"record_file_id": "contact_callrecordfile"}, is_book=True),
    f"""
DROP TRIGGER {RECORD}_append_only ON {RECORD};
CREATE TRIGGER {RECORD}_append_only BEFORE UPDATE OR DELETE ON {RECORD}
    FOR EACH ROW WHEN (current_user <> 'duecourse_gate') EXECUTE FUNCTION gate.refuse_change();
GRANT DELETE ON {RECORD}, {MATCH} TO duecourse_gate;
""",
]

# A call is kept, however old, while a case of whom it was about is open or was closed within the period, or a hold on them stands.
REMOVE = tenancy.gate_function(
    "calls_remove(p_creditor bigint, p_today date, p_file bigint)",
    returns="bigint",
    body=f"""
DECLARE
    v_months integer;
    v_until date;
    v_file contact_callrecordfile;
    v_count bigint;
BEGIN
    IF p_creditor IS DISTINCT FROM nullif(current_setting('app.creditor', true), '')::bigint THEN
        RAISE EXCEPTION 'duecourse: creditor % is not open here', p_creditor USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT t.kept_months INTO v_months FROM {RETENTION} t WHERE t.creditor_id = p_creditor AND t.from_on <= p_today
    ORDER BY t.from_on DESC, t.known_at DESC, t.id DESC LIMIT 1;
    v_until := (p_today - make_interval(months => v_months))::date;
    SELECT f.* INTO v_file FROM contact_callrecordfile f WHERE f.creditor_id = p_creditor AND f.id = p_file;
    IF v_file.id IS NULL OR v_until IS NULL OR v_file.local_on >= v_until THEN
        RAISE EXCEPTION 'duecourse: calls of % are kept', v_file.local_on USING ERRCODE = 'insufficient_privilege';
    END IF;
    WITH gone AS (
        SELECT r.id FROM {RECORD} r
        WHERE r.creditor_id = p_creditor AND r.local_on = v_file.local_on AND r.performer_id = v_file.performer_id AND r.record_file_id = p_file
          AND NOT EXISTS (
            SELECT 1 FROM {MATCH} m
            CROSS JOIN LATERAL (SELECT m.person_id UNION SELECT cp.person_id FROM portfolio_contactpoint cp
                WHERE cp.creditor_id = p_creditor AND cp.value_index = m.number_index) AS w (person_id)
            WHERE m.creditor_id = p_creditor AND m.record_id = r.id AND (
                EXISTS (SELECT 1 FROM portfolio_case k WHERE k.creditor_id = p_creditor AND k.person_id = w.person_id
                    AND (k.closed_on IS NULL OR k.closed_on >= v_until))
                OR EXISTS (SELECT 1 FROM portfolio_hold h WHERE h.creditor_id = p_creditor AND h.person_id = w.person_id
                    AND (h.until_on IS NULL OR h.until_on > p_today))))),
    matches AS (DELETE FROM {MATCH} m USING gone WHERE m.creditor_id = p_creditor AND m.record_id = gone.id),
    records AS (DELETE FROM {RECORD} r USING gone WHERE r.creditor_id = p_creditor AND r.id = gone.id RETURNING 1)
    SELECT count(*) INTO v_count FROM records;
    RETURN v_count;
END
""",
    callers="duecourse_app",
)
CREDITOR = {
    "db_constraint": False,
    "db_index": False,
    "on_delete": django.db.models.deletion.PROTECT,
    "related_name": "+",
    "to": "parties.creditor",
}
FILE = {"db_constraint": False, "on_delete": django.db.models.deletion.PROTECT, "related_name": "+", "to": "contact.callrecordfile"}


class Migration(migrations.Migration):
    """Agencies see neither; what was removed is told by count, never by call."""

    dependencies = [("contact", "0019_gate_functions"), ("portfolio", "0009_feed_walls")]

    operations = [
        migrations.CreateModel(
            name="CallRetention",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("from_on", models.DateField()),
                ("kept_months", models.IntegerField(null=True)),
                ("user_id", models.BigIntegerField()),
                ("known_at", models.DateTimeField()),
                ("creditor", models.ForeignKey(**CREDITOR)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("creditor", "from_on", "known_at"), name="call_retention_once"),
                    models.CheckConstraint(
                        condition=models.Q(("kept_months__isnull", True), ("kept_months__gte", 1), _connector="OR"),
                        name="call_retention_months",
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="CallRemoval",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("until_on", models.DateField()),
                ("record_count", models.IntegerField()),
                ("user_id", models.BigIntegerField()),
                ("removed_at", models.DateTimeField()),
                ("creditor", models.ForeignKey(**CREDITOR)),
                ("record_file", models.ForeignKey(**FILE)),
            ],
        ),
        migrations.RunSQL(WALLS),
        migrations.RunSQL(REMOVE),
    ]
