"""Wall the flows of cohorts by creditor; agencies see none of them."""

from django.db import migrations

from duecourse.kit import tenancy

FLOWS = "settlement_vintageflow"
TABLES = [tenancy.tenant_root(FLOWS), tenancy.walls(FLOWS), f"GRANT SELECT ON {FLOWS} TO duecourse_gate;"]


class Migration(migrations.Migration):
    """The creditor's side alone reads what became of its cohorts."""

    dependencies = [("settlement", "0004_vintages")]

    operations = [migrations.RunSQL(TABLES)]
