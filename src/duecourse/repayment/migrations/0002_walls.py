"""Wall the money by creditor; an agency sees only what is attributed to its own placements."""

from django.db import migrations

from duecourse.kit import tenancy
from duecourse.kit.tenancy import AGENCY

PAYMENT, PLACEMENT, ACCOUNT, CASE = "repayment_payment", "placement_placement", "portfolio_account", "portfolio_case"

OF_PLACEMENT = (
    "EXISTS (SELECT 1 FROM placement_placement p WHERE p.creditor_id = repayment_attribution.creditor_id"
    f" AND p.id = repayment_attribution.placement_id AND p.agency_id = {AGENCY})"
)
OF_CASE = (
    "EXISTS (SELECT 1 FROM portfolio_case c WHERE c.creditor_id = repayment_promise.creditor_id"
    f" AND c.id = repayment_promise.case_id AND c.open_agency_id = {AGENCY})"
)
OF_PROMISE = (
    "EXISTS (SELECT 1 FROM repayment_promise p WHERE p.creditor_id = repayment_promiseoutcome.creditor_id"
    " AND p.id = repayment_promiseoutcome.promise_id)"
)

TABLES = [
    tenancy.tenant_table("repayment_paymentfile"),
    tenancy.tenant_table(PAYMENT, references={"payment_file_id": "repayment_paymentfile", "reverses_id": PAYMENT}, is_book=True),
    tenancy.tenant_root(PAYMENT),
    tenancy.tenant_table("repayment_paymentmatch", references={"payment_id": PAYMENT, "account_id": ACCOUNT}, is_book=True),
    tenancy.tenant_table(
        "repayment_attribution",
        references={"payment_id": PAYMENT, "placement_id": PLACEMENT, "account_id": ACCOUNT},
        agency=OF_PLACEMENT,
        is_book=True,
    ),
    tenancy.tenant_table(
        "repayment_promise",
        references={"case_id": CASE, "account_id": ACCOUNT},
        agency=OF_CASE,
        agency_may="SELECT, INSERT",
        is_book=True,
    ),
    tenancy.tenant_table("repayment_promiseoutcome", references={"promise_id": "repayment_promise"}, agency=OF_PROMISE, is_book=True),
]


class Migration(migrations.Migration):
    """Wall payments and promises and make them append-only."""

    dependencies = [("repayment", "0001_payments"), ("placement", "0002_walls")]

    operations = [migrations.RunSQL(TABLES)]
