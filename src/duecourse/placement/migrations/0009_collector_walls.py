"""Wall receipts and assignments between agencies, and a collector off from all cases but those assigned to them."""

from django.db import migrations

from duecourse.kit import tenancy
from duecourse.kit.tenancy import AGENCY, CREDITOR, USER

BATCH, PLACEMENT, CASE = "placement_batch", "placement_placement", "portfolio_case"
RECEIPT, ASSIGNMENT = "placement_batchreceipt", "placement_caseassignment"

TABLES = [
    tenancy.tenant_table(
        RECEIPT, references={"batch_id": BATCH, "agency_id": "parties_agency"}, agency=f"agency_id = {AGENCY}", is_book=True
    ),
    tenancy.tenant_table(
        ASSIGNMENT,
        references={"placement_id": PLACEMENT, "case_id": CASE, "agency_id": "parties_agency"},
        agency=f"agency_id = {AGENCY}",
    ),
]

ASSIGNED = f"SELECT a.case_id FROM {ASSIGNMENT} a WHERE a.creditor_id = {CREDITOR} AND a.user_id = {USER} AND a.until_at IS NULL"
OF_BATCH = f"EXISTS (SELECT 1 FROM {PLACEMENT} p WHERE p.creditor_id = {BATCH}.creditor_id AND p.batch_id = {BATCH}.id)"

# What hangs on a case, a placement or a batch follows, for its own policy asks these tables with the collector's eyes.
COLLECTOR = [
    tenancy.collector_wall(ASSIGNMENT, f"user_id = {USER}"),
    tenancy.collector_wall(CASE, f"id IN ({ASSIGNED})"),
    tenancy.collector_wall(PLACEMENT, f"case_id IN ({ASSIGNED})"),
    tenancy.collector_wall(BATCH, OF_BATCH),
    tenancy.collector_wall(RECEIPT, "false"),
    tenancy.collector_wall("placement_placementmoveset", "false"),
]

ENDS = f"""
CREATE TRIGGER {ASSIGNMENT}_frozen BEFORE UPDATE OR DELETE ON {ASSIGNMENT}
    FOR EACH ROW EXECUTE FUNCTION gate.refuse_frozen('until_at', 'ended_by');

CREATE FUNCTION gate.assignments_end() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE {ASSIGNMENT} SET until_at = greatest(from_at, upper(NEW.during)),
        ended_by = coalesce(nullif(current_setting('app.user', true), '')::bigint, 0)
    WHERE creditor_id = NEW.creditor_id AND placement_id = NEW.id AND until_at IS NULL;
    RETURN NULL;
END
$$;
CREATE TRIGGER {PLACEMENT}_ends_assignments AFTER UPDATE OF during ON {PLACEMENT}
    FOR EACH ROW WHEN (upper_inf(OLD.during) AND NOT upper_inf(NEW.during)) EXECUTE FUNCTION gate.assignments_end();
"""


class Migration(migrations.Migration):
    """A collector sees the cases assigned to them and what hangs on those; an assignment ends with its placement."""

    dependencies = [("placement", "0008_assignments"), ("portfolio", "0005_stop_list_walls")]

    operations = [migrations.RunSQL(TABLES), migrations.RunSQL(COLLECTOR), migrations.RunSQL(ENDS)]
