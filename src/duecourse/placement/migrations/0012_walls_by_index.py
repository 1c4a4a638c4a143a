"""Ask for a collector's assignment case by case, through its index; a sweep over many cases still builds one hash."""

from django.db import migrations

from duecourse.kit.tenancy import USER


def assigned(table: str, column: str) -> str:
    """Return SQL by which a row of a table is there when its case is assigned to the user."""
    condition = (
        f"EXISTS (SELECT 1 FROM placement_caseassignment a WHERE a.creditor_id = {table}.creditor_id"
        f" AND a.case_id = {table}.{column} AND a.user_id = {USER} AND a.until_at IS NULL)"
    )
    return f"ALTER POLICY {table}_collector ON {table} USING ({condition}) WITH CHECK ({condition});"


class Migration(migrations.Migration):
    """The same wall, found by key: one probe of an index for one case instead of all of the user's."""

    dependencies = [("placement", "0011_daily_counts")]

    operations = [migrations.RunSQL([assigned("portfolio_case", "id"), assigned("placement_placement", "case_id")])]
