"""Let intake find a person by blind index through the gate, over the whole creditor."""

from django.db import migrations

from duecourse.kit import tenancy

FIND = tenancy.gate_function(
    "persons_by_identity(p_creditor bigint, p_indexes bytea[])",
    returns="TABLE (identity_index bytea, person_id bigint)",
    body="""
BEGIN
    IF p_creditor IS DISTINCT FROM nullif(current_setting('app.creditor', true), '')::bigint THEN
        RAISE EXCEPTION 'duecourse: creditor % is not open here', p_creditor USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN QUERY
        SELECT s.identity_index, s.person_id FROM portfolio_personsecret s
        WHERE s.creditor_id = p_creditor AND s.identity_index = ANY (p_indexes);
END
""",
    callers="duecourse_app",
)


class Migration(migrations.Migration):
    """Add the function that merges debtors by identity."""

    dependencies = [("portfolio", "0002_walls")]

    operations = [migrations.RunSQL(FIND)]
