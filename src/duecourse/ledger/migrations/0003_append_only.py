"""Make the books append-only and let the database hold their balance."""

from django.db import migrations

from duecourse.kit import tenancy

REFUSE = """
CREATE FUNCTION gate.refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'duecourse: % of a row of % is refused; it is append-only', lower(TG_OP), TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', HINT = 'Write a correction as a new row.';
END
$$;
"""

# The check of one entry always goes by its index: after one large opening entry the statistics suggest reading the whole book.
# An entry and its postings are written in one transaction, and its postings by one statement, so that one check of the entry at commit
# covers all of them, also when somebody asks for that check before the commit.
BALANCE = """
ALTER TABLE ledger_entry ADD COLUMN created_xid xid8 NOT NULL DEFAULT pg_current_xact_id();

CREATE FUNCTION gate.entry_balances() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    wrong record;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM ledger_posting WHERE entry_id = NEW.id) THEN
        RAISE EXCEPTION 'duecourse: entry % has no postings', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    SELECT currency, sum(amount_minor) AS amount_minor INTO wrong FROM ledger_posting
        WHERE entry_id = NEW.id GROUP BY currency HAVING sum(amount_minor) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'duecourse: entry % does not balance: % minor units of % are left over',
            NEW.id, wrong.amount_minor, wrong.currency USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION gate.postings_belong() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM added JOIN ledger_entry e ON e.id = added.entry_id
        WHERE e.created_xid <> pg_current_xact_id() OR e.creditor_id <> added.creditor_id
    ) THEN
        RAISE EXCEPTION 'duecourse: a posting is written together with its own entry, never later'
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF (SELECT count(*) FROM added)
       <> (SELECT count(*) FROM ledger_posting WHERE entry_id IN (SELECT DISTINCT entry_id FROM added)) THEN
        RAISE EXCEPTION 'duecourse: the postings of an entry are written by one statement'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END
$$;

ALTER FUNCTION gate.entry_balances() OWNER TO duecourse_gate;
ALTER FUNCTION gate.postings_belong() OWNER TO duecourse_gate;

CREATE CONSTRAINT TRIGGER ledger_entry_balances AFTER INSERT ON ledger_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION gate.entry_balances();
CREATE TRIGGER ledger_posting_belongs AFTER INSERT ON ledger_posting
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION gate.postings_belong();
"""

BOOKS = "\n".join(tenancy.append_only(table) for table in ("ledger_auditevent", "ledger_seal", "ledger_entry", "ledger_posting"))


class Migration(migrations.Migration):
    """Refuse UPDATE, DELETE and TRUNCATE on the books; check each entry once, at commit."""

    dependencies = [("ledger", "0002_walls")]

    operations = [migrations.RunSQL(REFUSE), migrations.RunSQL(BALANCE), migrations.RunSQL(BOOKS)]
