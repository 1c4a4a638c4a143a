"""Store who makes a contact beside who asked for it, and what the creditor asks of each collector; count the day of many cases at once."""

from django.db import migrations, models

from duecourse.kit import tenancy

# What the gate would count for calls of one day, and the papers it would go by, for whoever has the cases open: of many cases at once, each
# with the debtor's local day. Papers are told by number and hash; `gate.paper_terms` tells what they say.
TODAY = tenancy.gate_function(
    "calls_today(p_creditor bigint, p_cases bigint[], p_days date[])",
    returns="""TABLE (case_id bigint, person_id bigint, zone text, lender_class text, packs jsonb, performer_kind text, product_class text,
        held_count bigint, connected_count bigint, papers json)""",
    body="""
#variable_conflict use_column
DECLARE
    v_agency bigint := nullif(current_setting('app.agency', true), '')::bigint;
    v_collector bigint := CASE WHEN current_setting('role', true) = 'duecourse_collector'
        THEN coalesce(nullif(current_setting('app.user', true), '')::bigint, -1) END;
BEGIN
    IF p_creditor IS DISTINCT FROM nullif(current_setting('app.creditor', true), '')::bigint THEN
        RAISE EXCEPTION 'duecourse: creditor % is not open here', p_creditor USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN QUERY SELECT c.id, c.person_id, p.zone, cr.lender_class::text, cr.packs, g.kind::text,
        coalesce((SELECT min(a.product_class) FROM portfolio_caseaccount ca JOIN portfolio_account a ON a.creditor_id = ca.creditor_id
            AND a.id = ca.account_id WHERE ca.creditor_id = p_creditor AND ca.case_id = c.id AND ca.until_on IS NULL), '')::text,
        k.held_count, k.connected_count,
        (SELECT json_agg(json_build_array(z.code, z.number, z.id, z.content_hash, z.effective_on, z.is_end)) FROM contact_paper z
            WHERE z.creditor_id = p_creditor AND z.effective_on <= w.day
              AND (z.layer = 'creditor_policy' OR z.agency_id = c.open_agency_id OR z.person_id = c.person_id)
              AND EXISTS (SELECT 1 FROM parties_approval q WHERE q.creditor_id = p_creditor AND q.subject_kind = 'paper'
                  AND q.subject_id = z.id AND q.is_granted))
    FROM unnest(p_cases, p_days) AS w (case_id, day)
    JOIN portfolio_case c ON c.creditor_id = p_creditor AND c.id = w.case_id AND (v_agency IS NULL OR c.open_agency_id = v_agency)
    JOIN portfolio_person p ON p.creditor_id = p_creditor AND p.id = c.person_id
    JOIN parties_creditor cr ON cr.id = p_creditor
    JOIN parties_agency g ON g.creditor_id = p_creditor AND g.id = c.open_agency_id
    CROSS JOIN LATERAL gate.contact_counts(p_creditor, c.id, w.day) AS k
    WHERE v_collector IS NULL OR EXISTS (SELECT 1 FROM placement_caseassignment x WHERE x.creditor_id = p_creditor AND x.case_id = c.id
        AND x.user_id = v_collector AND x.until_at IS NULL);
END
""",
)


class Migration(migrations.Migration):
    dependencies = [("contact", "0016_monthly_partitions"), ("parties", "0007_collector_qualifications")]

    operations = [
        migrations.AddField(model_name="permit", name="made_by", field=models.BigIntegerField(null=True)),
        migrations.AddField(model_name="refusal", name="made_by", field=models.BigIntegerField(null=True)),
        migrations.AddField(
            model_name="gateterms",
            name="person_qualification_kinds",
            field=models.JSONField(db_default=models.Value([], models.JSONField()), default=list),
        ),
        migrations.RunSQL(TODAY),
    ]
