"""Refuse any change to a statement that the agency has agreed to, and to its lines."""

from django.db import migrations

SETTLED = """
CREATE FUNCTION gate.refuse_settled() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_statement bigint := CASE TG_TABLE_NAME WHEN 'settlement_statement' THEN OLD.id ELSE (to_jsonb(OLD) ->> 'statement_id')::bigint END;
    v_limit text[] := CASE WHEN TG_TABLE_NAME = 'settlement_statement' AND TG_OP = 'UPDATE'
        THEN '{frozen}'::text[] ELSE '{agreed,approved,frozen}'::text[] END;
BEGIN
    IF EXISTS (SELECT 1 FROM settlement_statementtransition WHERE statement_id = v_statement AND status = ANY (v_limit)) THEN
        RAISE EXCEPTION 'duecourse: statement % is settled and is not changed any more', v_statement
            USING ERRCODE = 'restrict_violation', HINT = 'Correct it by a line of the next month.';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;
ALTER FUNCTION gate.refuse_settled() OWNER TO duecourse_gate;
CREATE TRIGGER settlement_statement_final BEFORE UPDATE OR DELETE ON settlement_statement
    FOR EACH ROW EXECUTE FUNCTION gate.refuse_settled();
CREATE TRIGGER settlement_statementline_final BEFORE UPDATE OR DELETE ON settlement_statementline
    FOR EACH ROW EXECUTE FUNCTION gate.refuse_settled();
"""


class Migration(migrations.Migration):
    """Hold the end of a statement's life in the database; the one field that may still be filled in is its ledger entry."""

    dependencies = [("settlement", "0002_walls")]

    operations = [migrations.RunSQL(SETTLED)]
