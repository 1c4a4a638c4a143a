"""Refuse any change to what was measured in a month that is closed."""

from django.db import migrations

CLOSED = """
CREATE FUNCTION gate.refuse_closed_month() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_row jsonb := CASE TG_OP WHEN 'INSERT' THEN to_jsonb(NEW) ELSE to_jsonb(OLD) END;
BEGIN
    IF EXISTS (
        SELECT 1 FROM cycle_run r WHERE r.creditor_id = (v_row ->> 'creditor_id')::bigint
            AND r.month = v_row ->> 'month' AND r.closed_at IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'duecourse: month % is closed and is never rewritten', v_row ->> 'month'
            USING ERRCODE = 'restrict_violation', HINT = 'Write the correction into the open month.';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;
ALTER FUNCTION gate.refuse_closed_month() OWNER TO duecourse_gate;
CREATE TRIGGER settlement_measuredrate_closed BEFORE INSERT OR UPDATE OR DELETE ON settlement_measuredrate
    FOR EACH ROW EXECUTE FUNCTION gate.refuse_closed_month();
CREATE TRIGGER settlement_scorecard_closed BEFORE INSERT OR UPDATE OR DELETE ON settlement_scorecard
    FOR EACH ROW EXECUTE FUNCTION gate.refuse_closed_month();
CREATE TRIGGER settlement_statement_closed BEFORE INSERT OR UPDATE OR DELETE ON settlement_statement
    FOR EACH ROW EXECUTE FUNCTION gate.refuse_closed_month();
"""


class Migration(migrations.Migration):
    """Hold the end of a month in the database."""

    dependencies = [("cycle", "0002_walls"), ("settlement", "0003_settled_is_final")]

    operations = [migrations.RunSQL(CLOSED)]
