"""The SQL that walls tenants and agencies off from each other, as text for migrations.

Three database roles read tenant rows, and each has its own policy, so that no policy needs an OR about who asks:

* `duecourse_app` (the creditor's side) sees the rows of the creditor in the setting `app.creditor`;
* `duecourse_agency` (an agency's side) sees what the table's own condition gives the agency in `app.agency`;
* `duecourse_gate` owns the narrow SECURITY DEFINER functions and sees every row.

`duecourse_collector` is a member of `duecourse_agency` and inherits its policies; `collector_wall` narrows it further, for itself alone, so
that a lead's queries pay nothing for it.

A setting that is absent or empty matches no row.
"""

from __future__ import annotations

from collections.abc import Mapping

CREDITOR = "(select nullif(current_setting('app.creditor', true), '')::bigint)"
AGENCY = "(select nullif(current_setting('app.agency', true), '')::bigint)"
USER = "(select nullif(current_setting('app.user', true), '')::bigint)"


def tenant_key(table: str) -> str:
    """Return SQL that makes (creditor_id, id) a key, so that other tables can refer to both at once."""
    return f"ALTER TABLE {table} ADD CONSTRAINT {table}_tenant_key UNIQUE (creditor_id, id);"


def tenant_root(table: str) -> str:
    """Return SQL that ties a table without any other tenant reference to its creditor."""
    return f"ALTER TABLE {table} ADD CONSTRAINT {table}_creditor_fk FOREIGN KEY (creditor_id) REFERENCES parties_creditor (id);"


def tenant_references(table: str, references: Mapping[str, str]) -> str:
    """Return SQL for composite foreign keys: column → table, each within one creditor."""
    return "\n".join(
        f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_fk FOREIGN KEY (creditor_id, {column}) REFERENCES {target} (creditor_id, id);"
        for column, target in references.items()
    )


def walls(table: str, *, agency: str | None = None, agency_may: str = "SELECT", staff: str = f"creditor_id = {CREDITOR}") -> str:
    """Return SQL that switches row-level security on, for every role, with one policy per role.

    Args:
        table: the table's name.
        agency: SQL condition under which a row is an agency's own, or None when agencies see nothing of the table.
        agency_may: the privileges the agency role gets, for example 'SELECT, INSERT'.
        staff: SQL condition for the creditor's side.
    """
    lines = [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY;",
        f"CREATE POLICY {table}_owner ON {table} TO duecourse_owner USING (true) WITH CHECK (true);",
        f"CREATE POLICY {table}_gate ON {table} TO duecourse_gate USING (true) WITH CHECK (true);",
        f"CREATE POLICY {table}_staff ON {table} TO duecourse_app USING ({staff}) WITH CHECK ({staff});",
    ]
    if agency is not None:
        lines.append(f"CREATE POLICY {table}_agency ON {table} TO duecourse_agency USING ({agency}) WITH CHECK ({agency});")
        lines.append(f"GRANT {agency_may} ON {table} TO duecourse_agency;")
        if "INSERT" in agency_may:
            lines.append(f"GRANT USAGE ON SEQUENCE {table}_id_seq TO duecourse_agency;")
    return "\n".join(lines)


def collector_wall(table: str, condition: str) -> str:
    """Return SQL of a restrictive policy: of what its agency sees of a table, a collector sees and writes rows under the condition only."""
    return f"CREATE POLICY {table}_collector ON {table} AS RESTRICTIVE TO duecourse_collector USING ({condition}) WITH CHECK ({condition});"


def tenant_table(
    table: str,
    *,
    references: Mapping[str, str] | None = None,
    agency: str | None = None,
    agency_may: str = "SELECT",
    staff: str = f"creditor_id = {CREDITOR}",
    is_book: bool = False,
) -> str:
    """Return all SQL for one tenant table: its key, its composite references, its walls, and the book triggers if it is one."""
    parts = [tenant_key(table), tenant_references(table, references) if references else tenant_root(table)]
    parts.append(walls(table, agency=agency, agency_may=agency_may, staff=staff))
    if is_book:
        parts.append(append_only(table))
    parts.append(f"GRANT SELECT ON {table} TO duecourse_gate;")
    return "\n".join(parts)


def append_only(table: str) -> str:
    """Return SQL that makes a table a book: no role may change, delete or truncate its rows, the owner included."""
    return f"""
REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM duecourse_app, duecourse_agency;
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION gate.refuse_change();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION gate.refuse_change();
"""


def gate_function(signature: str, *, returns: str, body: str, callers: str = "duecourse_app, duecourse_agency") -> str:
    """Return SQL for a narrow function that runs as the gate role with a pinned search path.

    Args:
        signature: name and typed arguments, without the schema.
        returns: the SQL after RETURNS.
        body: plpgsql from DECLARE or BEGIN to END.
        callers: the roles that may execute it.
    """
    return f"""
CREATE OR REPLACE FUNCTION gate.{signature} RETURNS {returns}
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $gate$
{body}
$gate$;
ALTER FUNCTION gate.{_identity(signature)} OWNER TO duecourse_gate;
REVOKE ALL ON FUNCTION gate.{_identity(signature)} FROM PUBLIC;
GRANT EXECUTE ON FUNCTION gate.{_identity(signature)} TO {callers};
"""


def _identity(signature: str) -> str:
    """Return the name with the argument types only, as ALTER FUNCTION wants it: `name(arg type, …)` → `name(type, …)`."""
    name, _, arguments = signature.partition("(")
    types = [part.split(None, 1)[1].split(" DEFAULT ")[0].strip() for part in arguments.rstrip(")").split(",") if part.strip()]
    return f"{name}({', '.join(types)})"
