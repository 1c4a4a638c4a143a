"""Wall the portfolio by creditor; an agency sees what belongs to a case it has open."""

from django.db import migrations

from duecourse.kit import tenancy
from duecourse.kit.tenancy import AGENCY


def of_open_case(table: str, column: str = "case_id") -> str:
    """Return the condition that a row's case is open with the agency."""
    return (
        f"EXISTS (SELECT 1 FROM portfolio_case c WHERE c.creditor_id = {table}.creditor_id"
        f" AND c.id = {table}.{column} AND c.open_agency_id = {AGENCY})"
    )


def of_open_person(table: str, column: str = "person_id") -> str:
    """Return the condition that a row's person has a case open with the agency."""
    return (
        f"EXISTS (SELECT 1 FROM portfolio_case c WHERE c.creditor_id = {table}.creditor_id"
        f" AND c.person_id = {table}.{column} AND c.open_agency_id = {AGENCY})"
    )


def of_open_account(table: str, column: str = "account_id") -> str:
    """Return the condition that a row's account is in a case open with the agency."""
    return (
        f"EXISTS (SELECT 1 FROM portfolio_caseaccount ca WHERE ca.creditor_id = {table}.creditor_id"
        f" AND ca.account_id = {table}.{column} AND ca.until_on IS NULL)"
    )


def leaf_table(table: str, references: dict[str, str], *, agency: str | None = None, is_book: bool = False) -> str:
    """Return the SQL of a tenant table that no other refers to: all but the key that references need."""
    parts = [tenancy.tenant_references(table, references), tenancy.walls(table, agency=agency)]
    parts += [tenancy.append_only(table)] if is_book else []
    return "\n".join([*parts, f"GRANT SELECT ON {table} TO duecourse_gate;"])


PERSON, ACCOUNT, CASE, TAPE = "portfolio_person", "portfolio_account", "portfolio_case", "portfolio_tape"

TABLES = [
    tenancy.tenant_table(TAPE),
    tenancy.tenant_table(PERSON, agency=of_open_person(PERSON, "id")),
    leaf_table("portfolio_personsecret", {"person_id": PERSON}, agency=of_open_person("portfolio_personsecret")),
    tenancy.tenant_table(ACCOUNT, agency=of_open_account(ACCOUNT, "id")),
    leaf_table("portfolio_obligation", {"account_id": ACCOUNT, "person_id": PERSON}, agency=of_open_account("portfolio_obligation")),
    tenancy.tenant_table("portfolio_contactpoint", references={"person_id": PERSON}, agency=of_open_person("portfolio_contactpoint")),
    tenancy.tenant_table("portfolio_schedule", references={"account_id": ACCOUNT}, agency=of_open_account("portfolio_schedule")),
    leaf_table("portfolio_instalment", {"schedule_id": "portfolio_schedule"}),
    leaf_table("portfolio_taperow", {"tape_id": TAPE, "account_id": ACCOUNT}),
    tenancy.tenant_table(CASE, references={"person_id": PERSON}, agency=f"open_agency_id = {AGENCY}"),
    leaf_table("portfolio_caseaccount", {"case_id": CASE, "account_id": ACCOUNT}, agency=of_open_case("portfolio_caseaccount")),
    leaf_table("portfolio_casetransition", {"case_id": CASE}, agency=of_open_case("portfolio_casetransition"), is_book=True),
    leaf_table("portfolio_hold", {"person_id": PERSON}, agency=of_open_person("portfolio_hold")),
    leaf_table("portfolio_pause", {"account_id": ACCOUNT}),
    leaf_table(
        "portfolio_snapshot",
        {"account_id": ACCOUNT, "case_id": CASE},
        agency=of_open_case("portfolio_snapshot"),
        is_book=True,
    ),
    leaf_table("portfolio_score", {"case_id": CASE}, is_book=True),
]


class Migration(migrations.Migration):
    """Wall persons, accounts and cases; freeze snapshots, scores and the history of cases."""

    dependencies = [("portfolio", "0001_assets_and_cases"), ("parties", "0002_walls")]

    operations = [migrations.RunSQL(TABLES)]
