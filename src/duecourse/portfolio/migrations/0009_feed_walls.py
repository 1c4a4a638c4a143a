"""Wall the facts of daily feeds by creditor; facts are a book."""

from django.db import migrations

from duecourse.kit import tenancy

FACT, WAITING, TAPE, ACCOUNT = "portfolio_feedfact", "portfolio_waitingrow", "portfolio_tape", "portfolio_account"


def leaf_table(table: str, references: dict[str, str], *, is_book: bool) -> str:
    """Return the SQL of a table of the creditor's side that no other refers to."""
    parts = [tenancy.tenant_references(table, references), tenancy.walls(table)]
    parts += [tenancy.append_only(table)] if is_book else []
    return "\n".join([*parts, f"GRANT SELECT ON {table} TO duecourse_gate;"])


TABLES = [
    leaf_table(FACT, {"tape_id": TAPE, "account_id": ACCOUNT}, is_book=True),
    leaf_table(WAITING, {"tape_id": TAPE}, is_book=False),
]


class Migration(migrations.Migration):
    """An agency sees nothing of either: what a fact causes shows in its cases."""

    dependencies = [("portfolio", "0008_feeds")]

    operations = [migrations.RunSQL(TABLES)]
