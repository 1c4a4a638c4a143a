"""Let the gate tell whether a stop covers a permit, and what a paper says."""

from django.db import migrations

from duecourse.kit import tenancy

COVERS = """s.creditor_id = p_creditor AND s.lifted_at IS NULL AND (s.scope = 'everything'
    OR s.scope = 'agency' AND s.agency_id = {performer} OR s.scope = 'collector' AND s.user_id = {user}
    OR s.scope = 'channel' AND s.channel = {channel} OR s.scope = 'debtor' AND s.person_id = {person})"""

# Of a stop an agency is told that it covers one of its own permits, and nothing else.
STOPPED = tenancy.gate_function(
    "permit_stopped(p_creditor bigint, p_permit bigint)",
    returns="boolean",
    body=f"""
DECLARE
    v_agency bigint := nullif(current_setting('app.agency', true), '')::bigint;
BEGIN
    IF p_creditor IS DISTINCT FROM nullif(current_setting('app.creditor', true), '')::bigint THEN
        RAISE EXCEPTION 'duecourse: creditor % is not open here', p_creditor USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN EXISTS (SELECT 1 FROM contact_permit m JOIN contact_contactstop s
        ON {COVERS.format(performer="m.performer_id", user="m.user_id", channel="m.channel", person="m.person_id")}
        WHERE m.creditor_id = p_creditor AND m.id = p_permit AND (v_agency IS NULL OR m.performer_id = v_agency));
END
""",
)

# A paper never changes, so whoever decides keeps it; an agency's session may ask for it because its limits bind that agency.
PAPERS = tenancy.gate_function(
    "paper_terms(p_creditor bigint, p_papers bigint[])",
    returns="TABLE (paper_id bigint, layer text, title_zh text, title_en text, issued_on date, effective_on date, parameters jsonb)",
    body="""
#variable_conflict use_column
DECLARE
    v_agency bigint := nullif(current_setting('app.agency', true), '')::bigint;
BEGIN
    IF p_creditor IS DISTINCT FROM nullif(current_setting('app.creditor', true), '')::bigint THEN
        RAISE EXCEPTION 'duecourse: creditor % is not open here', p_creditor USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN QUERY SELECT z.id, z.layer::text, z.title_zh, z.title_en, z.issued_on, z.effective_on, z.parameters FROM contact_paper z
    WHERE z.creditor_id = p_creditor AND z.id = ANY (p_papers)
      AND (v_agency IS NULL OR z.layer = 'creditor_policy' OR z.agency_id = v_agency
        OR EXISTS (SELECT 1 FROM portfolio_case c WHERE c.creditor_id = p_creditor AND c.person_id = z.person_id
            AND c.open_agency_id = v_agency));
END
""",
)


class Migration(migrations.Migration):
    """Two small functions: of a stop, and of a paper."""

    dependencies = [("contact", "0011_stop_and_paper_walls")]

    operations = [
        migrations.RunSQL([STOPPED, PAPERS]),
    ]
