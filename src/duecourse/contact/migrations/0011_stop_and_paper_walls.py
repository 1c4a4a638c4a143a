"""Wall stops, papers, templates and terms by creditor; agencies see nothing of them but what the gate tells in an answer."""

from django.db import migrations

from duecourse.kit import tenancy

STOP, LIFT = "contact_contactstop", "contact_contactstoplift"
TABLES = [
    tenancy.tenant_table(STOP, references={"agency_id": "parties_agency", "person_id": "portfolio_person"}),
    tenancy.tenant_root(STOP),
    tenancy.tenant_table(LIFT, references={"stop_id": STOP}, is_book=True),
    tenancy.tenant_table("contact_paper", references={"agency_id": "parties_agency", "person_id": "portfolio_person"}, is_book=True),
    tenancy.tenant_root("contact_paper"),
    tenancy.tenant_table("contact_messagetemplate", is_book=True),
    tenancy.tenant_table("contact_gateterms", is_book=True),
]

# A stop is asked for at every request; those that were lifted are read by nobody but people.
OPEN = "CREATE INDEX contact_stop_open ON contact_contactstop (creditor_id) WHERE lifted_at IS NULL;"


class Migration(migrations.Migration):
    """Lifts, papers, templates and terms are append-only; of a stop only its end changes."""

    dependencies = [("contact", "0010_stops_and_papers"), ("repayment", "0004_direct_debits")]

    operations = [migrations.RunSQL(TABLES), migrations.RunSQL(OPEN)]
