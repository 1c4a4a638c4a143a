"""The roles, shown on the real server.

1. No role passes by row-level security, and none is a superuser.
2. The application owns nothing and cannot become the owner or the gate.
3. The application can work as an agency, and is not bound by an agency's policies while it does not.
4. New tables are the application's to use and nobody else's; new functions of the gate are nobody's.
5. A login that row-level security does not bind is refused before serving.
6. A server of the user's own is set up, or refused with the SQL that sets it up.
"""

from __future__ import annotations

import re

import psycopg
import pytest
from psycopg import sql

from duecourse.config import roles
from duecourse.config.environment import DatabaseLogin
from duecourse.config.errors import DatabaseUnreachable, RolesMissing, UnsafeLogin

ROLES = [roles.OWNER, roles.APP, roles.AGENCY, roles.GATE]


def test_powers(test_server, django_db_setup):
    """None of the four roles has a power beyond logging in (propositions 1)."""
    with test_server.cluster.connect() as connection:
        query = "SELECT rolname, rolcanlogin FROM pg_roles WHERE rolname = ANY(%s)"
        query += " AND NOT (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)"
        found = dict(connection.execute(query, [ROLES]).fetchall())
    assert found == {roles.OWNER: True, roles.APP: True, roles.AGENCY: False, roles.GATE: False}


@pytest.mark.parametrize("role", [roles.OWNER, roles.GATE, "postgres"])
def test_app_cannot_become(committed_db, role):
    """The application cannot take the role of owner, gate or superuser (2)."""
    with committed_db.connect() as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))


def test_app_owns_nothing(committed_db):
    """No table, schema, function or sequence belongs to the application (2)."""
    with committed_db.connect("superuser") as connection:
        owned = connection.execute(
            "SELECT count(*) FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid WHERE d.deptype = 'o' AND r.rolname = %s", [roles.APP]
        ).fetchone()
    assert owned == (0,)


def test_nothing_stands_before_the_books(committed_db):
    """A temporary table of the application's is not taken for a book by a function of the gate (2)."""
    with committed_db.connect() as app, app.transaction():
        app.execute("CREATE TEMPORARY TABLE ledger_auditevent (LIKE public.ledger_auditevent INCLUDING ALL)")
        app.execute("SELECT set_config('app.creditor', '7', true)")
        app.execute("SELECT gate.audit_append(7::bigint, now(), 'tried', 'test', 1::bigint, '{}'::jsonb)")
        assert app.execute("SELECT count(*) FROM pg_temp.ledger_auditevent").fetchone() == (0,)
        assert app.execute("SELECT count(*) FROM public.ledger_auditevent WHERE action = 'tried'").fetchone() == (1,)


def test_every_function_of_the_gate_names_its_path(committed_db):
    """Each SECURITY DEFINER function pins its search path, with the temporary schema last (2)."""
    with committed_db.connect("superuser") as connection:
        found = connection.execute(
            "SELECT p.oid::regprocedure::text, coalesce(array_to_string(p.proconfig, ';'), '') FROM pg_proc p"
            " JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.prosecdef AND n.nspname IN ('gate', 'public')"
        ).fetchall()
    assert len(found) > 5
    pinned = re.compile(r"search_path=pg_catalog(, public)?, pg_temp(;|$)")
    assert [name for name, path in found if not pinned.search(path)] == []


def test_policies_for_agencies_bind_agencies_only(committed_db):
    """Under one policy for the application and a narrowing one for agencies, the role decides what is seen (3)."""
    with committed_db.connect("owner") as owner:
        owner.execute("CREATE TABLE due (agency_id bigint)")
        owner.execute(
            "ALTER TABLE due ENABLE ROW LEVEL SECURITY; ALTER TABLE due FORCE ROW LEVEL SECURITY; GRANT SELECT ON due TO duecourse_agency"
        )
        owner.execute(
            "CREATE POLICY ours ON due TO duecourse_app USING (true); CREATE POLICY theirs ON due TO duecourse_agency USING (agency_id = 1)"
        )
        owner.execute("CREATE POLICY narrow ON due AS RESTRICTIVE TO duecourse_agency USING (agency_id = 1)")
    with committed_db.connect() as app:
        app.execute("INSERT INTO due VALUES (1), (2)")
        assert app.execute("SELECT count(*) FROM due").fetchone() == (2,)
        with app.transaction():
            app.execute("SET LOCAL ROLE duecourse_agency")
            assert app.execute("SELECT count(*) FROM due").fetchone() == (1,)
        assert app.execute("SELECT current_user").fetchone() == (roles.APP,)


def test_new_tables_and_functions(committed_db):
    """The application may use new tables but not empty them at once; agencies see none; the gate's functions wait for a grant (4)."""
    with committed_db.connect("owner") as owner:
        owner.execute("CREATE TABLE fresh (id bigint GENERATED BY DEFAULT AS IDENTITY)")
        owner.execute("CREATE FUNCTION gate.answer() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog RETURN 42")
        owner.execute("ALTER FUNCTION gate.answer() OWNER TO duecourse_gate")
        with committed_db.connect() as app:
            app.execute("INSERT INTO fresh DEFAULT VALUES; UPDATE fresh SET id = id; DELETE FROM fresh")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute("TRUNCATE fresh")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute("SELECT gate.answer()")
            owner.execute("GRANT EXECUTE ON FUNCTION gate.answer() TO duecourse_app")
            assert app.execute("SELECT gate.answer()").fetchone() == (42,)
            app.execute("SET ROLE duecourse_agency")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute("SELECT FROM fresh")


def test_unsafe_logins(committed_db):
    """Superuser and owner are refused before serving, a BYPASSRLS role too; the application is not (5)."""
    with committed_db.connect() as app:
        roles.check_serving(app)
    for role, power in (("superuser", "is a superuser"), ("owner", "owns the tables")):
        with committed_db.connect(role) as connection, pytest.raises(UnsafeLogin, match=power):
            roles.check_serving(connection)
    with committed_db.connect("superuser") as connection, connection.transaction(force_rollback=True):
        connection.execute("CREATE ROLE duecourse_try BYPASSRLS; SET ROLE duecourse_try")
        with pytest.raises(UnsafeLogin, match="has BYPASSRLS"):
            roles.check_serving(connection)


def test_twice_is_once(committed_db):
    """Grants may be set again at any time, by superuser or owner, and stay what they were."""
    query = "SELECT (SELECT datacl::text FROM pg_database WHERE datname = current_database()),"
    query += " (SELECT array_agg(nspacl::text ORDER BY nspname) FROM pg_namespace),"
    query += " (SELECT array_agg(defaclacl::text ORDER BY defaclrole, defaclnamespace, defaclobjtype) FROM pg_default_acl)"
    with committed_db.connect("superuser") as superuser, committed_db.connect("owner") as owner:
        before = superuser.execute(query).fetchone()
        roles.grant(superuser)
        roles.grant(owner)
        assert superuser.execute(query).fetchone() == before


def logins(cluster) -> tuple[DatabaseLogin, DatabaseLogin]:
    """Return the logins a user would write into the two addresses."""
    app = cluster.login(database="due", user=roles.APP, password="a")
    return app, cluster.login(database="due", user=roles.OWNER, password="o")


def test_own_server_by_administrator(own_server):
    """The SQL that a refusal shows is complete: run by an administrator, it makes the server usable (6)."""
    app, owner = logins(own_server)
    with own_server.connect() as administrator:
        administrator.execute("CREATE ROLE duecourse_owner LOGIN PASSWORD 'o'")
        administrator.execute("CREATE DATABASE due OWNER duecourse_owner")
        with pytest.raises(RolesMissing, match="role duecourse_app, role duecourse_agency, role duecourse_gate") as caught:
            roles.check_external(app, owner)
        administrator.execute("DROP DATABASE due")
        administrator.execute("DROP ROLE duecourse_owner")
        shown = caught.value.parameters["sql"].replace("PASSWORD '…'", "PASSWORD 'o'", 1).replace("PASSWORD '…'", "PASSWORD 'a'", 1)
        for statement in shown.split(";\n"):
            administrator.execute(statement)
    roles.check_external(app, owner)
    with roles.open_connection(app) as connection:
        roles.check_serving(connection)


def test_own_server_by_createrole(own_server):
    """An owner with CREATEROLE creates the other three by itself (6)."""
    app, owner = logins(own_server)
    with own_server.connect() as administrator:
        administrator.execute("CREATE ROLE duecourse_owner LOGIN CREATEROLE PASSWORD 'o'")
        administrator.execute("CREATE DATABASE due OWNER duecourse_owner")
    roles.check_external(app, owner)
    with roles.open_connection(app) as connection:
        connection.execute("SET ROLE duecourse_agency")


def test_unreachable(test_server):
    """A server that is not there is named with its address, without the password."""
    with pytest.raises(DatabaseUnreachable, match=r"127\.0\.0\.1:1/due does not answer") as caught:
        roles.open_connection(DatabaseLogin(host="127.0.0.1", port=1, database="due", user="u", password="hidden"))
    assert "hidden" not in str(caught.value)
