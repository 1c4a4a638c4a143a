"""Find the looks at persons of one user without reading the trail."""

from django.db import migrations

LOOKS = """
CREATE INDEX audit_event_looks ON ledger_auditevent (creditor_id, actor_id, at) WHERE action = 'person_revealed';
"""


class Migration(migrations.Migration):
    """Looks are counted by user and hour before each further one; the trail holds far more of everything else."""

    dependencies = [("ledger", "0006_jobs")]

    operations = [migrations.RunSQL(LOOKS, reverse_sql="DROP INDEX audit_event_looks;")]
