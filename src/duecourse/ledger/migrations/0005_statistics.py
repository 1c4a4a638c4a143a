"""Let bulk services refresh the planner's statistics of the tables they have just filled."""

from django.db import migrations

# Only a table's owner may ANALYZE it, so this one function belongs to the owner. It takes names of our own tables and nothing else.
ANALYSE = """
CREATE FUNCTION gate.analyse(p_tables text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_table text;
BEGIN
    FOR v_table IN SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relname = ANY (p_tables) ORDER BY c.relname
    LOOP
        EXECUTE format('ANALYZE public.%I', v_table);
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION gate.analyse(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION gate.analyse(text[]) TO duecourse_app;
"""


class Migration(migrations.Migration):
    """A table that a transaction has just filled looks empty to the planner until it is analysed."""

    dependencies = [("ledger", "0004_audit_gate")]

    operations = [migrations.RunSQL(ANALYSE)]
