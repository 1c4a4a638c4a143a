"""Let the term of an open placement move to a later day, when its history says so, and nothing else with it."""

from django.db import migrations

LONGER = """
CREATE OR REPLACE FUNCTION gate.placement_ends_once() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.term_until_on IS DISTINCT FROM OLD.term_until_on THEN
        IF NOT upper_inf(OLD.during) OR NEW.during IS DISTINCT FROM OLD.during OR NEW.end_reason IS DISTINCT FROM OLD.end_reason
           OR NEW.term_until_on <= OLD.term_until_on OR NOT EXISTS (
               SELECT 1 FROM placement_placementtransition t
               WHERE t.creditor_id = NEW.creditor_id AND t.placement_id = NEW.id AND t.status = 'extended'
                 AND t.last_on = NEW.term_until_on) THEN
            RAISE EXCEPTION 'duecourse: the term of placement % moves to a later day only, while it is open, as its history says', OLD.id
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF NOT upper_inf(OLD.during) OR lower(NEW.during) IS DISTINCT FROM lower(OLD.during) OR upper_inf(NEW.during)
       OR NEW.end_reason = '' THEN
        RAISE EXCEPTION 'duecourse: placement % ends once, with a reason, and its beginning stays', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;

DROP TRIGGER placement_placement_frozen ON placement_placement;
CREATE TRIGGER placement_placement_frozen BEFORE UPDATE OR DELETE ON placement_placement
    FOR EACH ROW EXECUTE FUNCTION gate.refuse_frozen('during', 'end_reason', 'term_until_on');
"""


class Migration(migrations.Migration):
    """An extension is a step in the history and a later end of the term."""

    dependencies = [("placement", "0005_move_walls")]

    operations = [migrations.RunSQL(LONGER)]
