"""Wall allocations from agencies altogether, and placements between agencies."""

from django.db import migrations

from duecourse.kit import tenancy
from duecourse.kit.tenancy import AGENCY

OF_BATCH = (
    "EXISTS (SELECT 1 FROM placement_batch b WHERE b.creditor_id = placement_handover.creditor_id"
    f" AND b.id = placement_handover.batch_id AND b.agency_id = {AGENCY})"
)


def of_placement(table: str) -> str:
    """Return the condition that a row's placement is the agency's own."""
    return (
        f"EXISTS (SELECT 1 FROM placement_placement p WHERE p.creditor_id = {table}.creditor_id"
        f" AND p.id = {table}.placement_id AND p.agency_id = {AGENCY})"
    )


RUN, BATCH, PLACEMENT = "placement_allocationrun", "placement_batch", "placement_placement"
PARTIES = {"agency_id": "parties_agency", "contract_version_id": "parties_contractversion"}

TABLES = [
    tenancy.tenant_table(RUN),
    tenancy.tenant_table(
        "placement_allocationrow",
        references={"allocation_run_id": RUN, "case_id": "portfolio_case", **PARTIES},
        is_book=True,
    ),
    tenancy.tenant_table(
        BATCH,
        references={"allocation_run_id": RUN, "contract_id": "parties_contract", **PARTIES},
        agency=f"agency_id = {AGENCY}",
        is_book=True,
    ),
    tenancy.tenant_table(
        PLACEMENT,
        references={"batch_id": BATCH, "case_id": "portfolio_case", **PARTIES},
        agency=f"agency_id = {AGENCY}",
    ),
    tenancy.tenant_table(
        "placement_placementaccount",
        references={"placement_id": PLACEMENT, "account_id": "portfolio_account"},
        agency=of_placement("placement_placementaccount"),
        is_book=True,
    ),
    tenancy.tenant_table(
        "placement_placementtransition",
        references={"placement_id": PLACEMENT},
        agency=of_placement("placement_placementtransition"),
        is_book=True,
    ),
    tenancy.tenant_table("placement_handover", references={"batch_id": BATCH}, agency=OF_BATCH, is_book=True),
]


class Migration(migrations.Migration):
    """Wall placements; freeze rows, batches, frozen balances, history and handovers."""

    dependencies = [("placement", "0001_placements"), ("portfolio", "0003_merge_gate")]

    operations = [migrations.RunSQL(TABLES)]
