"""Let an allocation be looked at as a draft before anybody proposes it."""

from django.db import migrations, models
from django.db.models import Q

TO_DRAFTS = """
CREATE OR REPLACE FUNCTION gate.allocation_moves_on() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF (OLD.state, NEW.state) NOT IN (('draft', 'proposed'), ('proposed', 'approved'), ('proposed', 'rejected'), ('approved', 'published')) THEN
        RAISE EXCEPTION 'duecourse: allocation % does not go from % to %', OLD.id, OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state <> 'draft' AND NEW.proposed_by <> OLD.proposed_by THEN
        RAISE EXCEPTION 'duecourse: who proposed allocation % stays', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
DROP TRIGGER placement_allocationrun_frozen ON placement_allocationrun;
CREATE TRIGGER placement_allocationrun_frozen BEFORE UPDATE OR DELETE ON placement_allocationrun
    FOR EACH ROW EXECUTE FUNCTION gate.refuse_frozen('state', 'proposed_by');
"""


class Migration(migrations.Migration):
    """A draft becomes a proposal of whoever proposes it; from then on all is as it was."""

    dependencies = [("placement", "0006_longer_terms")]

    operations = [
        migrations.RemoveConstraint(model_name="allocationrun", name="allocation_run_state"),
        migrations.AddConstraint(
            model_name="allocationrun",
            constraint=models.CheckConstraint(
                condition=Q(("state__in", ["draft", "proposed", "approved", "published", "rejected"])), name="allocation_run_state"
            ),
        ),
        migrations.RunSQL(TO_DRAFTS),
    ]
