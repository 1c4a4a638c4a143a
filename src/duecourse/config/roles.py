"""The five roles, and what a database grants them.

- `duecourse_owner` logs in for migrations, backup and restore; it owns schema and tables.
- `duecourse_app` logs in to serve; it owns nothing and row-level security binds it.
- `duecourse_agency` does not log in; the transactions of agency staff run as it (SET LOCAL ROLE).
- `duecourse_collector` does not log in; it inherits from `duecourse_agency`, and further policies narrow it to the cases of one collector.
- `duecourse_gate` does not log in; it owns the SECURITY DEFINER functions in schema `gate`.

The application inherits nothing from `duecourse_agency`, so that policies for agencies do not bind the creditor's own work; the owner
inherits from `duecourse_gate`, so that migrations can replace its functions.

The application stages bulk rows in temporary tables. PostgreSQL looks for a table among them first, so one could stand in for a book
inside a SECURITY DEFINER function; therefore every such function names `pg_temp` last in its `search_path`, and a test holds that.
"""

from __future__ import annotations

import psycopg
from psycopg import sql

from duecourse.config import postgres
from duecourse.config.environment import DatabaseLogin
from duecourse.config.errors import DatabaseUnreachable, RolesMissing, UnsafeLogin

OWNER, APP, AGENCY, GATE = "duecourse_owner", "duecourse_app", "duecourse_agency", "duecourse_gate"
COLLECTOR = "duecourse_collector"
_LIMITS = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOREPLICATION"
_FORMS = {
    OWNER: f"LOGIN INHERIT {_LIMITS}",
    APP: f"LOGIN NOINHERIT {_LIMITS}",
    AGENCY: f"NOLOGIN {_LIMITS}",
    GATE: f"NOLOGIN {_LIMITS}",
    COLLECTOR: f"NOLOGIN INHERIT {_LIMITS}",
}
_MEMBERSHIPS = ((GATE, OWNER), (AGENCY, APP), (AGENCY, COLLECTOR), (COLLECTOR, APP))

GRANTS = """
REVOKE ALL ON DATABASE {database} FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE {database} TO duecourse_app;
REVOKE TEMPORARY ON DATABASE {database} FROM duecourse_agency, duecourse_gate;
ALTER SCHEMA public OWNER TO duecourse_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO duecourse_app, duecourse_agency, duecourse_gate;
CREATE SCHEMA IF NOT EXISTS gate AUTHORIZATION duecourse_owner;
REVOKE ALL ON SCHEMA gate FROM PUBLIC;
GRANT USAGE ON SCHEMA gate TO duecourse_app, duecourse_agency;
GRANT USAGE, CREATE ON SCHEMA gate TO duecourse_gate;
ALTER DEFAULT PRIVILEGES FOR ROLE duecourse_owner REVOKE ALL ON TABLES FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE duecourse_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE duecourse_gate REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE duecourse_owner IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO duecourse_app;
ALTER DEFAULT PRIVILEGES FOR ROLE duecourse_owner IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO duecourse_app;
ALTER DEFAULT PRIVILEGES FOR ROLE duecourse_owner IN SCHEMA public
    GRANT EXECUTE ON FUNCTIONS TO duecourse_app, duecourse_agency, duecourse_gate;
"""


def administrator_sql(database: str) -> str:
    """Return the SQL an administrator runs once on a server of their own; the passwords are left to them."""
    lines = []
    for role, form in _FORMS.items():
        password = " PASSWORD '…'" if form.startswith("LOGIN") else ""
        lines.append(f"CREATE ROLE {role} {form}{password};")
    lines += [f"GRANT {granted} TO {member};" for granted, member in _MEMBERSHIPS]
    lines.append(f"CREATE DATABASE \"{database}\" OWNER {OWNER} TEMPLATE template0 ENCODING 'UTF8';")
    return "\n".join(lines)


def ensure_roles(connection: psycopg.Connection, *, passwords: dict[str, str]) -> None:
    """Create or correct the five roles; takes a superuser's autocommit connection and the passwords of owner and app."""
    for role, form in _FORMS.items():
        present = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
        verb = "ALTER" if present else "CREATE"
        password = sql.SQL(" PASSWORD {}").format(sql.Literal(passwords[role])) if role in passwords else sql.SQL("")
        command = sql.SQL(f"{verb} ROLE {{}} {form}").format(sql.Identifier(role))
        try:
            connection.execute(command + password)
        except psycopg.errors.DuplicateObject:
            connection.execute(sql.SQL(f"ALTER ROLE {{}} {form}").format(sql.Identifier(role)) + password)
    for granted, member in _MEMBERSHIPS:
        connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(granted), sql.Identifier(member)))


def ensure_database(connection: psycopg.Connection, database: str, *, template: str = "template0") -> bool:
    """Create the database, owned by the owner, when it is missing; return True when it was made."""
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
        return False
    form = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}")
    connection.execute(form.format(sql.Identifier(database), sql.Identifier(OWNER), sql.Identifier(template)))
    return True


def grant(connection: psycopg.Connection) -> None:
    """Set schemas, default privileges and connection rights in the connected database.

    The connection is a superuser's or the owner's; the owner must be a member of `duecourse_gate`. Safe to repeat.
    """
    connection.execute(sql.SQL(GRANTS).format(database=sql.Identifier(connection.info.dbname)))


def check_external(app: DatabaseLogin, owner: DatabaseLogin) -> None:
    """Check a server of the user's own before migrating, and set the grants.

    Raises:
        DatabaseUnreachable: it does not answer.
        PostgresTooOld: it is older than 15.
        RolesMissing: with the SQL for an administrator.
    """
    with open_connection(owner) as connection:
        postgres.refuse_old_server(connection)
        missing = _missing(connection)
        if missing:
            try:
                _create_as_owner(connection, app)
            except psycopg.errors.InsufficientPrivilege as error:
                raise RolesMissing(missing=", ".join(missing), sql=administrator_sql(owner.database)) from error
        grant(connection)


def check_serving(connection: psycopg.Connection) -> None:
    """Refuse a login to which row-level security would not apply.

    Raises:
        UnsafeLogin: a superuser, a role with BYPASSRLS, or an owner of tables (directly or as a member).
    """
    row = connection.execute(
        """
        SELECT current_user, role.rolsuper, role.rolbypassrls,
               EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                       WHERE n.nspname IN ('public', 'gate') AND c.relkind IN ('r', 'p') AND pg_has_role(c.relowner, 'MEMBER'))
        FROM pg_roles role WHERE role.rolname = current_user
        """
    ).fetchone()
    login, is_superuser, bypasses, owns = row or ("?", False, False, False)
    powers = [("is a superuser", is_superuser), ("has BYPASSRLS", bypasses), ("owns the tables", owns)]
    for power, has_it in powers:
        if has_it:
            raise UnsafeLogin(login=login, power=power)


def open_connection(login: DatabaseLogin) -> psycopg.Connection:
    """Open an autocommit connection.

    Raises:
        DatabaseUnreachable: with the server's reason.
    """
    try:
        return psycopg.connect(**login.keywords(), autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        where = f"{login.host}:{login.port}/{login.database}"
        raise DatabaseUnreachable(where=where, reason=str(error).strip().splitlines()[-1]) from error


def _missing(connection: psycopg.Connection) -> list[str]:
    found = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [list(_FORMS)])}
    missing = [f"role {role}" for role in _FORMS if role not in found]
    for granted, member in _MEMBERSHIPS:
        if {granted, member} <= found:
            row = connection.execute("SELECT pg_has_role(%s, %s, 'MEMBER')", [member, granted]).fetchone()
            if not (row and row[0]):
                missing.append(f"{member} as a member of {granted}")
    return missing


def _create_as_owner(connection: psycopg.Connection, app: DatabaseLogin) -> None:
    """Create what is missing with the owner's own CREATEROLE; a role that exists is left as it is."""
    found = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [list(_FORMS)])}
    with connection.transaction():
        for role in (APP, AGENCY, GATE, COLLECTOR):
            if role not in found:
                form = _FORMS[role].replace(" NOSUPERUSER", "").replace(" NOBYPASSRLS", "").replace(" NOREPLICATION", "")
                password = sql.SQL(" PASSWORD {}").format(sql.Literal(app.password)) if role == APP else sql.SQL("")
                connection.execute(sql.SQL(f"CREATE ROLE {{}} {form}").format(sql.Identifier(role)) + password)
        for granted, member in _MEMBERSHIPS:
            connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(granted), sql.Identifier(member)))
