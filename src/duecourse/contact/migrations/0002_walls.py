"""Wall permits, refusals and attempts by performer; all three are append-only."""

from django.db import migrations

from duecourse.kit import tenancy
from duecourse.kit.tenancy import AGENCY

REQUEST = {
    "performer_id": "parties_agency",
    "person_id": "portfolio_person",
    "case_id": "portfolio_case",
    "contact_point_id": "portfolio_contactpoint",
    "placement_id": "placement_placement",
}
OWN = {"agency": f"performer_id = {AGENCY}", "agency_may": "SELECT, INSERT", "is_book": True}

TABLES = [
    tenancy.tenant_table("contact_permit", references=REQUEST, **OWN),
    tenancy.tenant_table("contact_refusal", references=REQUEST, **OWN),
    tenancy.tenant_table("contact_attempt", references={"performer_id": "parties_agency", "permit_id": "contact_permit"}, **OWN),
]

# An agency reports what came of its own permits: without this it could name a rival's permit as its own and give that slot back.
OWN_PERMIT = """
CREATE POLICY contact_attempt_own_permit ON contact_attempt AS RESTRICTIVE FOR INSERT TO duecourse_agency WITH CHECK (
    EXISTS (SELECT 1 FROM contact_permit p WHERE p.creditor_id = contact_attempt.creditor_id AND p.id = contact_attempt.permit_id
        AND p.performer_id = contact_attempt.performer_id)
);
"""


class Migration(migrations.Migration):
    """Wall contacts between agencies."""

    dependencies = [("contact", "0001_permits"), ("placement", "0002_walls")]

    operations = [migrations.RunSQL(TABLES), migrations.RunSQL(OWN_PERMIT)]
