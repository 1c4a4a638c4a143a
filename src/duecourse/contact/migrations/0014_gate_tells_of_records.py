"""Let the gate store no permit that a stop or a hold forbids, whoever's session asks."""

from django.db import migrations

from duecourse.kit import tenancy

COVERS = """s.creditor_id = p_creditor AND s.lifted_at IS NULL AND (s.scope = 'everything'
    OR s.scope = 'agency' AND s.agency_id = {performer} OR s.scope = 'collector' AND s.user_id = {user}
    OR s.scope = 'channel' AND s.channel = {channel} OR s.scope = 'debtor' AND s.person_id = {person})"""

# What decides is the service; what an agency's session may have stored is bounded here: its own name, its own case and debtor, no longer
# than a permit lives, and no permit while a stop of contact holds or for a closed case. Death and incapacity stop contact with
# the debtor; whether a third party may be asked then is for the rules.
ANSWER = tenancy.gate_function(
    "contact_answer(p_creditor bigint, p_kind text, p_row jsonb, p_at timestamptz, p_details jsonb)",
    returns="bigint",
    body=f"""
DECLARE
    v_agency bigint := nullif(current_setting('app.agency', true), '')::bigint;
    v_user bigint := coalesce(nullif(current_setting('app.user', true), '')::bigint, 0);
    v_permit contact_permit;
    v_refusal contact_refusal;
    v_id bigint;
BEGIN
    IF p_creditor IS DISTINCT FROM nullif(current_setting('app.creditor', true), '')::bigint
       OR p_creditor IS DISTINCT FROM (p_row ->> 'creditor_id')::bigint THEN
        RAISE EXCEPTION 'duecourse: creditor % is not open here', p_creditor USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF v_agency IS NOT NULL THEN
        IF (p_row ->> 'performer_id')::bigint <> v_agency OR (p_row ->> 'user_id')::bigint <> v_user THEN
            RAISE EXCEPTION 'duecourse: agency % cannot answer for another', v_agency USING ERRCODE = 'insufficient_privilege';
        END IF;
        IF NOT EXISTS (SELECT 1 FROM portfolio_case c WHERE c.creditor_id = p_creditor AND c.id = (p_row ->> 'case_id')::bigint
            AND c.person_id = (p_row ->> 'person_id')::bigint AND c.open_agency_id = v_agency
            AND (current_setting('role', true) <> 'duecourse_collector' OR EXISTS (SELECT 1 FROM placement_caseassignment x
                WHERE x.creditor_id = p_creditor AND x.case_id = c.id AND x.user_id = v_user AND x.until_at IS NULL))) THEN
            RAISE EXCEPTION 'duecourse: no such case is open with agency %', v_agency USING ERRCODE = 'insufficient_privilege';
        END IF;
    END IF;
    IF p_kind = 'permit' THEN
        v_permit := jsonb_populate_record(NULL::contact_permit, p_row);
        IF v_agency IS NOT NULL AND (v_permit.valid_until_at > v_permit.contact_at + interval '10 minutes'
            OR EXISTS (SELECT 1 FROM portfolio_case c WHERE c.creditor_id = p_creditor AND c.id = v_permit.case_id AND c.closed_on IS NOT NULL)
            OR EXISTS (SELECT 1 FROM portfolio_hold h WHERE h.creditor_id = p_creditor AND h.person_id = v_permit.person_id
                AND h.stops_contact AND h.from_on <= v_permit.local_on AND (h.until_on IS NULL OR h.until_on > v_permit.local_on)
                AND NOT (h.kind IN ('deceased', 'no_capacity') AND EXISTS (SELECT 1 FROM portfolio_contactpoint k
                    WHERE k.creditor_id = p_creditor AND k.id = v_permit.contact_point_id AND k.person_id = v_permit.person_id
                      AND k.whose NOT IN ('self', 'co_borrower', 'guarantor'))))
            OR EXISTS (SELECT 1 FROM contact_contactstop s WHERE
                {COVERS.format(performer="v_agency", user="v_user", channel="v_permit.channel", person="v_permit.person_id")})) THEN
            RAISE EXCEPTION 'duecourse: this contact cannot be permitted' USING ERRCODE = 'insufficient_privilege';
        END IF;
        INSERT INTO contact_permit (creditor_id, performer_id, client_request_id, request_hash, person_id, case_id, contact_point_id,
            placement_id, user_id, channel, contact_at, local_on, decided_at, explanation, valid_until_at)
        VALUES (v_permit.creditor_id, v_permit.performer_id, v_permit.client_request_id, v_permit.request_hash, v_permit.person_id,
            v_permit.case_id, v_permit.contact_point_id, v_permit.placement_id, v_permit.user_id, v_permit.channel, v_permit.contact_at,
            v_permit.local_on, v_permit.decided_at, v_permit.explanation, v_permit.valid_until_at) RETURNING id INTO v_id;
    ELSIF p_kind = 'refusal' THEN
        v_refusal := jsonb_populate_record(NULL::contact_refusal, p_row);
        INSERT INTO contact_refusal (creditor_id, performer_id, client_request_id, request_hash, person_id, case_id, contact_point_id,
            placement_id, user_id, channel, contact_at, local_on, decided_at, explanation, next_allowed_at, codes)
        VALUES (v_refusal.creditor_id, v_refusal.performer_id, v_refusal.client_request_id, v_refusal.request_hash, v_refusal.person_id,
            v_refusal.case_id, v_refusal.contact_point_id, v_refusal.placement_id, v_refusal.user_id, v_refusal.channel,
            v_refusal.contact_at, v_refusal.local_on, v_refusal.decided_at, v_refusal.explanation, v_refusal.next_allowed_at,
            v_refusal.codes) RETURNING id INTO v_id;
    ELSE
        RAISE EXCEPTION 'duecourse: % is no answer', p_kind USING ERRCODE = 'check_violation';
    END IF;
    PERFORM gate.audit_append(p_creditor, p_at, p_kind || '_given', p_kind, v_id, p_details);
    RETURN v_id;
END
""",
)


class Migration(migrations.Migration):
    """The functions that tell and that store stay as they were asked; one tells more, one lets third parties of the dead be asked."""

    dependencies = [("contact", "0013_notices_and_wishes")]

    operations = [migrations.RunSQL(ANSWER)]
