"""Refuse any change to a statement that the agency has agreed to, and to its lines."""

from django.db import migrations

SETTLED = """
CREATE FUNCTION gate.refuse_settled() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_row jsonb := to_jsonb(CASE TG_OP WHEN 'INSERT' THEN NEW ELSE OLD END);
    v_statement bigint := (v_row ->> CASE TG_TABLE_NAME WHEN 'settlement_statement' THEN 'id' ELSE 'statement_id' END)::bigint;
    v_limit text[] := '{agreed,approved,frozen}'::text[];
BEGIN
    IF TG_TABLE_NAME = 'settlement_statement' AND TG_OP = 'UPDATE' THEN
        IF to_jsonb(NEW) - 'entry_id' = to_jsonb(OLD) - 'entry_id' AND OLD.entry_id IS NULL THEN
            v_limit := '{frozen}'::text[];
        END IF;
    END IF;
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
CREATE TRIGGER settlement_statementline_final BEFORE INSERT OR UPDATE OR DELETE ON settlement_statementline
    FOR EACH ROW EXECUTE FUNCTION gate.refuse_settled();
"""


class Migration(migrations.Migration):
    """Hold the end of a statement's life in the database; the one field that may still be filled in is its ledger entry."""

    dependencies = [("settlement", "0002_walls")]

    operations = [migrations.RunSQL(SETTLED)]
