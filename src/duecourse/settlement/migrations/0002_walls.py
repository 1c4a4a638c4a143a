"""Wall statements and scorecards between agencies; what is settled is final."""

from django.db import migrations

from duecourse.kit import tenancy
from duecourse.kit.tenancy import AGENCY


def of_statement(table: str) -> str:
    """Return the condition that a row's statement is the agency's own."""
    return (
        f"EXISTS (SELECT 1 FROM settlement_statement s WHERE s.creditor_id = {table}.creditor_id"
        f" AND s.id = {table}.statement_id AND s.agency_id = {AGENCY})"
    )


LINE = {
    "statement_id": "settlement_statement",
    "payment_id": "repayment_payment",
    "attribution_id": "repayment_attribution",
    "placement_id": "placement_placement",
    "batch_id": "placement_batch",
    "contract_version_id": "parties_contractversion",
    "original_line_id": "settlement_statementline",
}

TABLES = [
    tenancy.tenant_table(
        "settlement_measuredrate",
        references={"batch_id": "placement_batch", "contract_version_id": "parties_contractversion"},
    ),
    tenancy.tenant_table(
        "settlement_scorecard",
        references={"agency_id": "parties_agency", "contract_id": "parties_contract"},
        agency=f"agency_id = {AGENCY}",
    ),
    tenancy.tenant_table(
        "settlement_statement",
        references={"contract_id": "parties_contract", "agency_id": "parties_agency"},
        agency=f"agency_id = {AGENCY}",
    ),
    tenancy.tenant_table("settlement_statementline", references=LINE, agency=of_statement("settlement_statementline")),
    tenancy.tenant_table(
        "settlement_statementtransition",
        references={"statement_id": "settlement_statement"},
        agency=of_statement("settlement_statementtransition"),
        agency_may="SELECT, INSERT",
        is_book=True,
    ),
]


AGENCY_AGREES = """
CREATE POLICY settlement_statementtransition_agency_agrees ON settlement_statementtransition AS RESTRICTIVE
    FOR INSERT TO duecourse_agency WITH CHECK (status IN ('agreed', 'disputed'));
"""


class Migration(migrations.Migration):
    """Wall what agencies earn; an agency may say of its own statement that it agrees or not, and nothing else."""

    dependencies = [("settlement", "0001_statements"), ("repayment", "0002_walls")]

    operations = [migrations.RunSQL(TABLES), migrations.RunSQL(AGENCY_AGREES)]
