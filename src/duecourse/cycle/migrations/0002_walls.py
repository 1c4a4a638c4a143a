"""Wall runs by creditor; agencies see none."""

from django.db import migrations

from duecourse.kit import tenancy

TABLES = [
    tenancy.tenant_table("cycle_run"),
    tenancy.tenant_table("cycle_steprun", references={"run_id": "cycle_run"}),
]


class Migration(migrations.Migration):
    """Wall the months."""

    dependencies = [("cycle", "0001_runs"), ("parties", "0002_walls")]

    operations = [migrations.RunSQL(TABLES)]
