"""Find what waits in suspense without reading the books."""

from django.db import migrations

SUSPENSE = "CREATE INDEX posting_suspense ON ledger_posting (creditor_id, entry_id) WHERE book = 'suspense';"


class Migration(migrations.Migration):
    """Few postings touch suspense, and the list of those that wait is opened every day."""

    dependencies = [("ledger", "0007_looks_index")]

    operations = [migrations.RunSQL(SUSPENSE, reverse_sql="DROP INDEX posting_suspense;")]
