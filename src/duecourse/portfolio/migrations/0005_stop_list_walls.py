"""Wall stop lists by creditor; an agency sees the entries of debtors whose case it has open."""

from django.db import migrations

from duecourse.kit import tenancy
from duecourse.kit.tenancy import AGENCY

LIST, ENTRY = "portfolio_stoplist", "portfolio_stopentry"

OF_OPEN_CASE = (
    f"EXISTS (SELECT 1 FROM portfolio_case c WHERE c.creditor_id = {ENTRY}.creditor_id AND c.person_id = {ENTRY}.person_id"
    f" AND c.open_agency_id = {AGENCY})"
)
OF_ENTRY = f"EXISTS (SELECT 1 FROM {ENTRY} e WHERE e.creditor_id = {LIST}.creditor_id AND e.stop_list_id = {LIST}.id)"

TABLES = [
    tenancy.tenant_table(LIST, agency=OF_ENTRY),
    tenancy.tenant_table(
        ENTRY,
        references={"stop_list_id": LIST, "person_id": "portfolio_person", "account_id": "portfolio_account"},
        agency=OF_OPEN_CASE,
        is_book=True,
    ),
]


class Migration(migrations.Migration):
    """Entries are append-only; a stop is lifted by its hold's end."""

    dependencies = [("portfolio", "0004_stop_lists")]

    operations = [migrations.RunSQL(TABLES)]
