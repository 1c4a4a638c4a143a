"""Wall moves between agencies; a set of moves only goes forward, and its rows get their outcome."""

from django.db import migrations

from duecourse.kit import tenancy
from duecourse.kit.tenancy import AGENCY

SET, MOVE, TRANSITION = "placement_placementmoveset", "placement_placementmove", "placement_placementtransition"
POLICY = "placement_placementpolicy"
OF_SET = f"EXISTS (SELECT 1 FROM {SET} s WHERE s.creditor_id = {MOVE}.creditor_id AND s.id = {MOVE}.move_set_id AND s.agency_id = {AGENCY})"
OWN_POLICY = (
    f"EXISTS (SELECT 1 FROM parties_agency a WHERE a.creditor_id = {POLICY}.creditor_id AND a.id = {AGENCY})"
    f" AND ({POLICY}.contract_id IS NULL OR EXISTS (SELECT 1 FROM parties_contract c WHERE c.creditor_id = {POLICY}.creditor_id"
    f" AND c.id = {POLICY}.contract_id AND c.agency_id = {AGENCY}))"
)

TABLES = [
    tenancy.tenant_table(SET, references={"agency_id": "parties_agency"}, agency=f"agency_id = {AGENCY}"),
    tenancy.tenant_root(SET),
    tenancy.tenant_table(
        MOVE,
        references={"move_set_id": SET, "case_id": "portfolio_case", "placement_id": "placement_placement"},
        agency=OF_SET,
    ),
    tenancy.tenant_table(POLICY, references={"contract_id": "parties_contract"}, agency=OWN_POLICY, is_book=True),
    tenancy.tenant_root(POLICY),
    tenancy.tenant_references(TRANSITION, {"move_set_id": SET}),
]

FORWARD = f"""
CREATE FUNCTION gate.move_set_goes_on() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF (OLD.state, NEW.state) NOT IN (('previewed', 'requested'), ('previewed', 'applied'), ('previewed', 'withdrawn'),
        ('requested', 'applied'), ('requested', 'rejected'), ('requested', 'withdrawn'), ('applied', 'undone')) THEN
        RAISE EXCEPTION 'duecourse: set of moves % does not go from % to %', OLD.id, OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER {SET}_frozen BEFORE UPDATE OR DELETE ON {SET} FOR EACH ROW EXECUTE FUNCTION gate.refuse_frozen('state', 'applied_at');
CREATE TRIGGER {SET}_goes_on BEFORE UPDATE ON {SET} FOR EACH ROW EXECUTE FUNCTION gate.move_set_goes_on();
CREATE TRIGGER {MOVE}_frozen BEFORE UPDATE OR DELETE ON {MOVE} FOR EACH ROW EXECUTE FUNCTION gate.refuse_frozen('outcome');
"""


class Migration(migrations.Migration):
    """An agency sees the moves it asked for and the policies it works under; policies are a book."""

    dependencies = [("placement", "0004_moves")]

    operations = [migrations.RunSQL(TABLES), migrations.RunSQL(FORWARD)]
