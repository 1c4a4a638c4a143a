"""Let an allocation change its state only, and a placement only end."""

from django.db import migrations

FROZEN = """
CREATE FUNCTION gate.refuse_frozen() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (to_jsonb(NEW) - TG_ARGV::text[]) IS DISTINCT FROM (to_jsonb(OLD) - TG_ARGV::text[]) THEN
        RAISE EXCEPTION 'duecourse: row % of % is frozen; only % may change', OLD.id, TG_TABLE_NAME, array_to_string(TG_ARGV, ', ')
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION gate.allocation_moves_on() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF (OLD.state, NEW.state) NOT IN (('proposed', 'approved'), ('proposed', 'rejected'), ('approved', 'published')) THEN
        RAISE EXCEPTION 'duecourse: allocation % does not go from % to %', OLD.id, OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION gate.placement_ends_once() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT upper_inf(OLD.during) OR lower(NEW.during) IS DISTINCT FROM lower(OLD.during) OR upper_inf(NEW.during)
       OR NEW.end_reason = '' THEN
        RAISE EXCEPTION 'duecourse: placement % ends once, with a reason, and its beginning stays', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER placement_allocationrun_frozen BEFORE UPDATE OR DELETE ON placement_allocationrun
    FOR EACH ROW EXECUTE FUNCTION gate.refuse_frozen('state');
CREATE TRIGGER placement_allocationrun_moves_on BEFORE UPDATE ON placement_allocationrun
    FOR EACH ROW EXECUTE FUNCTION gate.allocation_moves_on();
CREATE TRIGGER placement_placement_frozen BEFORE UPDATE OR DELETE ON placement_placement
    FOR EACH ROW EXECUTE FUNCTION gate.refuse_frozen('during', 'end_reason');
CREATE TRIGGER placement_placement_ends_once BEFORE UPDATE ON placement_placement
    FOR EACH ROW EXECUTE FUNCTION gate.placement_ends_once();
"""


class Migration(migrations.Migration):
    """Freeze what was approved and what was placed; the end of a placement is written once."""

    dependencies = [("placement", "0002_walls")]

    operations = [migrations.RunSQL(FROZEN)]
