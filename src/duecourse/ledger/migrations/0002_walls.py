"""Put row-level security on the trail, the books, the files and the idempotency keys."""

from django.db import migrations

from duecourse.kit import tenancy

TABLES = ("ledger_auditevent", "ledger_seal", "ledger_entry", "ledger_posting", "ledger_storedfile", "ledger_idempotencykey")

SCHEMA = """
CREATE SCHEMA IF NOT EXISTS gate;
GRANT USAGE, CREATE ON SCHEMA gate TO duecourse_gate;
GRANT USAGE ON SCHEMA gate, public TO duecourse_app, duecourse_agency, duecourse_gate;
"""

WALLS = "\n".join(tenancy.walls(table) + f"\nGRANT SELECT ON {table} TO duecourse_gate;" for table in TABLES)


REVERSES = "\n".join(
    [tenancy.tenant_key("ledger_entry"), tenancy.tenant_references("ledger_entry", {"reverses_id": "ledger_entry"})],
)


class Migration(migrations.Migration):
    """Wall the ledger's tables by creditor; agencies see none of them."""

    dependencies = [("ledger", "0001_books_and_trail")]

    operations = [migrations.RunSQL(SCHEMA), migrations.RunSQL(WALLS), migrations.RunSQL(REVERSES)]
