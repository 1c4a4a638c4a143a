"""Find the answers about one debtor, and the newest ones of a creditor, without reading them all."""

from django.db import migrations

ANSWERS = """
CREATE INDEX refusal_person ON contact_refusal (creditor_id, person_id);
CREATE INDEX refusal_decided ON contact_refusal (creditor_id, decided_at, id);
CREATE INDEX permit_decided ON contact_permit (creditor_id, decided_at, id);
"""
AGAIN = "DROP INDEX refusal_person; DROP INDEX refusal_decided; DROP INDEX permit_decided;"


class Migration(migrations.Migration):
    """A case's page shows its answers, and the long tables begin with the newest."""

    dependencies = [("contact", "0005_daily_counts")]

    operations = [migrations.RunSQL(ANSWERS, reverse_sql=AGAIN)]
