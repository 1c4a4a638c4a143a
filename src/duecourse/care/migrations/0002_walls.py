"""Wall complaints and disputes by creditor."""

from django.db import migrations

from duecourse.kit import tenancy

TABLES = [
    tenancy.tenant_table("care_complaint", references={"case_id": "portfolio_case", "agency_id": "parties_agency"}),
    tenancy.tenant_table("care_dispute", references={"case_id": "portfolio_case", "account_id": "portfolio_account"}),
]


class Migration(migrations.Migration):
    """Wall what borrowers tell us."""

    dependencies = [("care", "0001_complaints_and_disputes"), ("portfolio", "0003_merge_gate")]

    operations = [migrations.RunSQL(TABLES)]
