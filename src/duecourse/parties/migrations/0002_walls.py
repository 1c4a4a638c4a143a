"""Wall the parties' tables by creditor and by agency, and make agreements append-only."""

from django.db import migrations

from duecourse.kit import tenancy
from duecourse.kit.tenancy import AGENCY, CREDITOR, USER

OF_CONTRACT = (
    "EXISTS (SELECT 1 FROM parties_contract c WHERE c.creditor_id = parties_contractversion.creditor_id"
    f" AND c.id = parties_contractversion.contract_id AND c.agency_id = {AGENCY})"
)
OF_VERSION = (
    "EXISTS (SELECT 1 FROM parties_contractversion v WHERE v.creditor_id = parties_feeschedule.creditor_id"
    " AND v.id = parties_feeschedule.contract_version_id)"
)
OF_SCHEDULE = (
    "EXISTS (SELECT 1 FROM parties_feeschedule s WHERE s.creditor_id = parties_feeline.creditor_id"
    " AND s.id = parties_feeline.fee_schedule_id)"
)

TABLES = [
    tenancy.tenant_table("parties_agency", agency=f"id = {AGENCY}"),
    tenancy.tenant_table(
        "parties_membership",
        references={"agency_id": "parties_agency"},
        agency=f"agency_id = {AGENCY}",
    ),
    tenancy.tenant_table("parties_approval", is_book=True),
    tenancy.tenant_table("parties_qualification", references={"agency_id": "parties_agency"}, agency=f"agency_id = {AGENCY}"),
    tenancy.tenant_table("parties_contract", references={"agency_id": "parties_agency"}, agency=f"agency_id = {AGENCY}"),
    tenancy.tenant_table("parties_contractversion", references={"contract_id": "parties_contract"}, agency=OF_CONTRACT, is_book=True),
    tenancy.tenant_table(
        "parties_feeschedule", references={"contract_version_id": "parties_contractversion"}, agency=OF_VERSION, is_book=True
    ),
    tenancy.tenant_table("parties_feeline", references={"fee_schedule_id": "parties_feeschedule"}, agency=OF_SCHEDULE, is_book=True),
]

# A membership may have no creditor-wide reference when it is of the creditor's own side, so it is tied to its creditor as well. At login,
# before a creditor is chosen, a user may read their own memberships, of any creditor; nobody may write there.
PEOPLE = f"""
{tenancy.tenant_root("parties_membership")}
CREATE POLICY parties_membership_own ON parties_membership FOR SELECT TO duecourse_app USING (user_id = {USER} AND {CREDITOR} IS NULL);
GRANT SELECT ON parties_creditor, parties_user TO duecourse_gate;
ALTER TABLE parties_creditor ENABLE ROW LEVEL SECURITY;
ALTER TABLE parties_creditor FORCE ROW LEVEL SECURITY;
CREATE POLICY parties_creditor_owner ON parties_creditor TO duecourse_owner, duecourse_app, duecourse_gate
    USING (true) WITH CHECK (true);
CREATE POLICY parties_creditor_agency ON parties_creditor TO duecourse_agency USING (id = {CREDITOR});
GRANT SELECT ON parties_creditor TO duecourse_agency;
ALTER TABLE parties_user ENABLE ROW LEVEL SECURITY;
ALTER TABLE parties_user FORCE ROW LEVEL SECURITY;
CREATE POLICY parties_user_owner ON parties_user TO duecourse_owner, duecourse_app, duecourse_gate
    USING (true) WITH CHECK (true);
CREATE POLICY parties_user_agency ON parties_user TO duecourse_agency USING (
    EXISTS (SELECT 1 FROM parties_membership m WHERE m.user_id = parties_user.id)
);
GRANT SELECT (id, email, display_name, lang, is_active) ON parties_user TO duecourse_agency;
"""


class Migration(migrations.Migration):
    """Wall agencies off from each other; freeze approvals, contract versions and fees."""

    dependencies = [("parties", "0001_parties"), ("ledger", "0004_audit_gate")]

    operations = [migrations.RunSQL(TABLES), migrations.RunSQL(PEOPLE)]
