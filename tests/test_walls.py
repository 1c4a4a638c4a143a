"""The walls of the whole database, read from its own catalogue, so that a table added tomorrow is held to them too.

1. Every table that holds rows of a creditor has row-level security, enabled and forced, with one policy per role and none for everybody.
2. Outside of `acting` no such row is seen, changed or written, by the application or by an agency.
3. Every relation between rows of creditors is held by a key of both columns, so that no row points into another creditor.
4. Books refuse UPDATE, DELETE and TRUNCATE to everybody, the owner included, and nobody but the owner may alter them.
5. Agencies hold no privilege beyond the list here, and neither role can become more than it is.
6. The functions of the gate look at the creditor and the agency that are open, whatever they are handed.
7. The parts of a table that is stored by month are reached through the table only: nobody holds a privilege on one.
"""

from __future__ import annotations

import psycopg
import pytest
from django.apps import apps
from django.db import DatabaseError, connection, models, transaction

from duecourse.ledger.services import PostingLine, entry_post
from duecourse.parties.access import acting
from tests import factories, people

ROOMS = ("ledger", "parties", "portfolio", "placement", "repayment", "care", "contact", "settlement", "cycle")
PLATFORM = {"parties_creditor", "parties_user"}
"""Tables above the creditors; they have policies of their own."""
DJANGO = {"auth_group", "auth_group_permissions", "auth_permission", "django_content_type", "django_migrations", "django_session"}
QUEUE = {"procrastinate_jobs", "procrastinate_events", "procrastinate_workers", "procrastinate_periodic_defers"}
"""The queue of jobs: numbers of records that have walls of their own, and nothing else. Its library's keys cascade among its own tables."""
BOOKS = {
    *("ledger_auditevent", "ledger_seal", "ledger_entry", "ledger_posting"),
    *("parties_approval", "parties_contractversion", "parties_feeschedule", "parties_feeline"),
    *("portfolio_casetransition", "portfolio_snapshot", "portfolio_score", "portfolio_casesnapshot", "portfolio_snapshotsum"),
    *("placement_allocationrow", "placement_batch", "placement_placementaccount", "placement_placementtransition", "placement_handover"),
    *("placement_placementpolicy", "portfolio_stopentry", "portfolio_feedfact", "placement_batchreceipt"),
    *("repayment_payment", "repayment_paymentmatch", "repayment_attribution", "repayment_promise", "repayment_promiseoutcome"),
    *("contact_permit", "contact_refusal", "contact_attempt", "settlement_statementtransition"),
    *("contact_callrecord", "contact_calldefinition", "contact_callretention", "contact_callremoval"),
    *("contact_outsourcingnotice", "contact_contactwish"),
    *("contact_contactstoplift", "contact_paper", "contact_messagetemplate", "contact_gateterms", "repayment_directdebit"),
    "contact_ruleset",
}
AGENCY_WRITES = {"contact_attempt", "repayment_promise", "settlement_statementtransition"}
"""Where an agency's people add rows; they change and remove none anywhere."""
HIDDEN_FROM_AGENCIES = {
    *("ledger_auditevent", "ledger_seal", "ledger_entry", "ledger_posting", "ledger_storedfile", "ledger_idempotencykey"),
    *(
        "parties_approval",
        "parties_apitoken",
        "parties_export",
        "portfolio_tape",
        "portfolio_taperow",
        "portfolio_feedfact",
        "portfolio_waitingrow",
        "portfolio_instalment",
        "portfolio_pause",
        "portfolio_score",
        "portfolio_casesnapshot",
        "portfolio_snapshotsum",
        "settlement_vintageflow",
    ),
    *(
        "placement_allocationrun",
        "placement_allocationrow",
        "repayment_paymentfile",
        "repayment_payment",
        "repayment_paymentmatch",
    ),
    *("care_complaint", "care_dispute", "settlement_measuredrate", "cycle_run", "cycle_steprun"),
    *("contact_callmatch", "contact_calldefinition", "contact_callretention", "contact_callremoval"),
    *("contact_violationday", "contact_violationsum"),
    *("contact_publishedagency", "contact_outsourcingnotice", "contact_contactwish"),
    *("contact_contactstop", "contact_contactstoplift", "contact_paper", "contact_messagetemplate", "contact_gateterms"),
    "contact_ruleset",
    "repayment_directdebit",
}
BY_DAY = {("contact_attempt", "permit_id"): "local_on", ("contact_callmatch", "permit_id"): "permit_on"}
"""Relations to a table that is stored by month: the key holds its day as well."""
HELD_OTHERWISE = {("ledger_posting", "entry_id"), ("ledger_seal", "event_id")}
"""Relations inside the ledger that a trigger or the gate holds to one creditor; tests below try them."""
ROLES = ("duecourse_app", "duecourse_agency")


def ask(query: str, *parameters: object) -> list[tuple]:
    """Return the rows of a query to the catalogue."""
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchall()


def tables() -> list[str]:
    """Return all tables of the schema public, their parts apart."""
    query = """
        SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY 1
    """
    return [name for (name,) in ask(query)]


def tenant_models() -> list[type[models.Model]]:
    """Return the models whose rows belong to a creditor."""
    found = [model for room in ROOMS for model in apps.get_app_config(room).get_models(include_auto_created=True)]
    return [model for model in found if model._meta.db_table not in PLATFORM]


@pytest.mark.django_db
def test_every_table_is_known():
    """Each table is Django's own, the platform's, or has a creditor on each row; a new one without takes a decision here (1)."""
    query = "SELECT 1 FROM pg_attribute WHERE attrelid = %s::regclass AND attname = 'creditor_id' AND attnotnull"
    with_creditor = {name for name in tables() if ask(query, name)}
    assert set(tables()) - with_creditor == PLATFORM | DJANGO | QUEUE
    assert with_creditor == {model._meta.db_table for model in tenant_models()}
    assert ask("SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace") == []


@pytest.mark.django_db
def test_every_wall_stands():
    """Row-level security is enabled and forced; each role has its own permissive policy, and the application's asks for the creditor (1)."""
    for table in (*(model._meta.db_table for model in tenant_models()), *PLATFORM):
        assert ask("SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = %s::regclass", table) == [(True, True)], table
    query = "SELECT roles::text[], permissive, cmd, coalesce(qual, ''), coalesce(with_check, '') FROM pg_policies WHERE tablename = %s"
    for table in (model._meta.db_table for model in tenant_models()):
        policies = ask(query, table)
        assert all("public" not in roles for roles, *_ in policies), table
        staff = [(read, written) for roles, kind, cmd, read, written in policies if roles == ["duecourse_app"] and cmd == "ALL"]
        assert len(staff) == 1, table
        assert all("app.creditor" in text and "creditor_id" in text and " OR " not in text for text in staff[0]), table
        theirs = [read for roles, kind, cmd, read, _ in policies if roles == ["duecourse_agency"] and kind == "PERMISSIVE"]
        assert len(theirs) == (0 if table in HIDDEN_FROM_AGENCIES else 1), table


@pytest.mark.django_db
def test_agencies_hold_no_other_privilege():
    """An agency reads what is not hidden, adds rows to three tables, and changes nothing; hidden tables it may not even ask (5)."""
    query = "SELECT has_table_privilege('duecourse_agency', %s, %s)"
    for table in tables():
        if table == "parties_user":
            continue
        held = {
            verb for verb in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "TRIGGER", "REFERENCES") if ask(query, table, verb)[0][0]
        }
        wanted = set() if table in HIDDEN_FROM_AGENCIES | DJANGO | QUEUE else {"SELECT"}
        assert held == wanted | ({"INSERT"} if table in AGENCY_WRITES else set()), table
    query = """
        SELECT attname FROM pg_attribute WHERE attrelid = 'parties_user'::regclass AND attnum > 0
            AND has_column_privilege('duecourse_agency', attrelid, attnum, 'SELECT, INSERT, UPDATE, REFERENCES')
    """
    columns = ask(query)
    assert {name for (name,) in columns} == {"id", "email", "display_name", "lang", "is_active"}


@pytest.mark.django_db
def test_nobody_holds_a_part():
    """On no part of a table does any role but the owner hold a privilege, and each has row-level security with a policy for the owner alone (7)."""
    parts = ask("SELECT oid::regclass::text, relrowsecurity AND relforcerowsecurity FROM pg_class WHERE relispartition AND relkind = 'r'")
    assert {name.rsplit("_", 1)[0] for name, _ in parts if name.endswith("_default")} == {"contact_permit", "contact_attempt"}
    assert len(parts) > len(("contact_permit", "contact_attempt"))
    for name, is_walled in parts:
        assert is_walled, name
        assert ask("SELECT roles::text[] FROM pg_policies WHERE tablename = %s", name) == [(["duecourse_owner"],)], name
        for role in (*ROLES, "duecourse_collector", "duecourse_gate"):
            query = "SELECT has_table_privilege(%s, %s, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')"
            assert ask(query, role, name) == [(False,)], (role, name)


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
def test_outside_of_acting_nothing_is_there(role):
    """With no settings, with empty ones and with creditor 0, neither role sees a row, and the application changes none (2)."""
    factories.bank()
    for creditor, agency in ((None, None), ("", ""), ("0", "0")):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('role', %s, true)", [role])
            if creditor is not None:
                cursor.execute("SELECT set_config('app.creditor', %s, true), set_config('app.agency', %s, true)", [creditor, agency])
            for model in tenant_models():
                table = model._meta.db_table
                if role == "duecourse_agency" and table in HIDDEN_FROM_AGENCIES:
                    continue
                cursor.execute(f"SELECT count(*) FROM {table} WHERE creditor_id <> 0")
                assert cursor.fetchone() == (0,), table
                if role == "duecourse_app" and table not in BOOKS:
                    with transaction.atomic():
                        cursor.execute(f"UPDATE {table} SET creditor_id = creditor_id WHERE creditor_id <> 0")
                    assert cursor.rowcount == 0, table
            transaction.set_rollback(True)


@pytest.mark.django_db
def test_relations_are_keys_of_both_columns():
    """Each relation of the models between rows of creditors is a foreign key of (creditor_id, column) in the database (3)."""
    query = """
        SELECT conrelid::regclass::text, confrelid::regclass::text,
               (SELECT array_agg(attname::text ORDER BY k.n) FROM unnest(conkey) WITH ORDINALITY k (num, n)
                JOIN pg_attribute ON attrelid = conrelid AND attnum = k.num),
               (SELECT array_agg(attname::text ORDER BY k.n) FROM unnest(confkey) WITH ORDINALITY k (num, n)
                JOIN pg_attribute ON attrelid = confrelid AND attnum = k.num), convalidated, confdeltype
        FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace
    """
    held = {(table, target, tuple(own), tuple(other)) for table, target, own, other, is_valid, _ in ask(query) if is_valid}
    assert all(action in ("a", "r") for table, *_, action in ask(query) if table not in QUEUE), "a key that cascades would change books"
    tenant = {model._meta.db_table for model in tenant_models()}
    for model in tenant_models():
        for field in model._meta.get_fields():
            if not (field.concrete and field.is_relation and field.related_model):
                continue
            table, target = model._meta.db_table, field.related_model._meta.db_table
            if target in tenant and (table, field.column) not in HELD_OTHERWISE:
                own, other = ("creditor_id", field.column), ("creditor_id", "id")
                if day := BY_DAY.get((table, field.column)):
                    own, other = (*own, day), (*other, "local_on")
                assert (table, target, own, other) in held, f"{table}.{field.column}"
    single = {(table, own[0]) for table, target, own, _ in held if target in tenant and len(own) == 1 and table in tenant}
    assert single == HELD_OTHERWISE


@pytest.mark.django_db
def test_every_row_belongs_to_a_creditor_that_exists():
    """A table has its creditor's key, or reaches one through a required relation; the ledger also serves the platform, creditor 0 (3)."""
    query = """
        SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
        WHERE contype = 'f' AND 'creditor_id' = ANY (SELECT attname FROM pg_attribute WHERE attrelid = conrelid AND attnum = ANY (conkey))
          AND NOT EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = conrelid AND attnum = ANY (conkey) AND NOT attnotnull)
    """
    towards = {}
    for table, target in ask(query):
        towards.setdefault(table, set()).add(target)
    reached = {"parties_creditor"}
    while fresh := {table for table, targets in towards.items() if targets & reached} - reached:
        reached |= fresh
    assert {model._meta.db_table for model in tenant_models()} - reached == {
        *("ledger_auditevent", "ledger_seal", "ledger_entry", "ledger_posting", "ledger_storedfile", "ledger_idempotencykey"),
        "ledger_job",
    }


@pytest.mark.django_db
def test_books_are_what_the_triggers_say():
    """The append-only tables are exactly the books listed here, and the application holds no privilege to change them (4)."""
    query = """
        SELECT tgrelid::regclass::text FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid
        WHERE tgfoid = 'gate.refuse_change'::regproc AND tgenabled = 'O' GROUP BY 1 HAVING count(*) = 2
    """
    parts = {name for (name,) in ask("SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'")}
    guarded = {name for (name,) in ask(query)}
    assert (guarded - parts, guarded & parts) == (BOOKS, parts)
    for table in BOOKS:
        for role in ROLES:
            for verb in ("UPDATE", "DELETE", "TRUNCATE", "TRIGGER"):
                assert ask("SELECT has_table_privilege(%s, %s, %s)", role, table, verb) == [(False,)], (role, table, verb)
                assert verb != "UPDATE" or ask("SELECT has_any_column_privilege(%s, %s, 'UPDATE')", role, table) == [(False,)]


def test_nobody_empties_a_book(committed_db):
    """TRUNCATE is refused to application and owner on every book, and so is DELETE of a row that is there (4)."""
    factories.bank()
    with committed_db.connect("owner") as owner, committed_db.connect() as app:
        for table in sorted(BOOKS):
            for raw in (owner, app):
                with pytest.raises((psycopg.errors.RestrictViolation, psycopg.errors.InsufficientPrivilege)):
                    raw.execute(f"TRUNCATE {table} CASCADE")
        for statement in ("DELETE FROM parties_feeline", "UPDATE parties_feeline SET rate_bp = 1", "DELETE FROM ledger_auditevent"):
            with pytest.raises(psycopg.errors.RestrictViolation):
                owner.execute(statement)


POWERS = (
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "CREATE TABLE public.mine (id int)",
    "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql RETURN 1",
    "CREATE SCHEMA mine",
    "CREATE EXTENSION dblink",
    "SET session_replication_role = replica",
    "ALTER TABLE ledger_entry DISABLE TRIGGER USER",
    "ALTER TABLE ledger_entry NO FORCE ROW LEVEL SECURITY",
    "ALTER ROLE duecourse_app BYPASSRLS",
    "ALTER ROLE duecourse_app SET app.creditor = '1'",
    "DROP POLICY ledger_entry_staff ON ledger_entry",
    "SELECT * FROM gate.unsealed",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT rolpassword FROM pg_authid",
    "SET LOCAL row_security = off; SELECT count(*) FROM ledger_entry",
)


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("statement", POWERS)
def test_no_role_can_do_more(role, statement):
    """Neither role alters tables, leaves the database, or asks to be shown rows without policies (5)."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('role', %s, true)", [role])
        with pytest.raises(DatabaseError), transaction.atomic():
            cursor.execute(statement)
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_reversal_of_another_creditors_entry_is_refused():
    """An entry cannot name another creditor's entry as the one it reverses, and so cannot use up its one reversal (3)."""
    bank, other = factories.bank(), factories.bank(people.OTHER_BANK)
    day, lines = factories.FIRST_DAY, [PostingLine("cash", 5, "CNY"), PostingLine("suspense", -5, "CNY")]
    with acting(other.fan):
        entry_id = entry_post(
            creditor_id=other.id, kind="payment", source_kind="payment", source_id=1, value_on=day, booked_on=day, postings=lines
        )
    insert = """
        INSERT INTO ledger_entry (creditor_id, kind, source_kind, source_id, value_on, booked_on, known_at, reverses_id)
        VALUES (%s, 'reversal', 'payment', '1', %s, %s, now(), %s)
    """
    with pytest.raises(DatabaseError, match="ledger_entry_reverses_id_fk"), acting(bank.fan), connection.cursor() as cursor:
        cursor.execute(insert, [bank.id, day, day, entry_id])


FORGED = (
    ("SELECT gate.audit_append(%(other)s, now(), 'x', 'x', 1, '{}')", "not open here"),
    ("SELECT gate.audit_append(0, now(), 'x', 'x', 1, '{}')", "not open here"),
    ("SELECT gate.audit_append(NULL, now(), 'x', 'x', 1, '{}')", "null value"),
    ("SELECT gate.permit_facts(%(other)s, 1, %(agency)s, 'x', '2026-03-02')", "not open here"),
    ("SELECT gate.permit_facts(NULL, 1, %(agency)s, 'x', '2026-03-02')", "not open here"),
    ("SELECT gate.permit_facts(%(own)s, 1, %(rival)s, 'x', '2026-03-02')", "cannot ask for performer"),
    ("SELECT gate.permit_facts(%(own)s, 1, NULL, 'x', '2026-03-02')", "cannot ask for performer"),
    ("SELECT gate.permit_revoked(%(other)s, 1)", "not open here"),
    ("SELECT gate.paper_terms(%(other)s, '{}')", "not open here"),
    ("SELECT gate.persons_by_identity(%(own)s, '{}')", "permission denied"),
    ("SELECT gate.calls_held(%(own)s, 1, '2026-03-02')", "permission denied"),
    ("SELECT gate.calls_unheld(%(own)s, 1, '2026-03-02', '2026-03-02')", "permission denied"),
    ("SELECT gate.unsealed_events(%(own)s, 1)", "permission denied"),
    ("SELECT gate.seal_append(%(own)s, 1::smallint, ''::bytea, '{}', '{}', now())", "permission denied"),
    ("SELECT gate.analyse('{}')", "permission denied"),
    ("SELECT gate.contact_month('2026-03-02')", "permission denied"),
    ("SELECT gate.contact_months('2026-03-02')", "permission denied"),
    ("SELECT gate.contact_statistics()", "permission denied"),
    ("SELECT gate.contact_part('contact_permit', 'mine')", "permission denied"),
    ("SELECT gate.token_entered('', '', now(), 1, 1)", "permission denied"),
)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("call", "refusal"),
    FORGED,
    ids=[call.split("(")[0].removeprefix("SELECT ") + str(n) for n, (call, _) in enumerate(FORGED)],
)
def test_gate_believes_no_argument(call, refusal):
    """Each function refuses an agency another creditor, no creditor, the platform, a rival as performer, and what is staff's (6)."""
    bank, other = factories.bank(), factories.bank(people.OTHER_BANK)
    handed = {"own": bank.id, "other": other.id, "agency": bank.aoki.pk, "rival": bank.birch.pk}
    with pytest.raises(DatabaseError, match=refusal), acting(bank.ann), connection.cursor() as cursor:
        cursor.execute(call, handed)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "call",
    [
        *("persons_by_identity(%s, '{}')", "unsealed_events(%s, 1)", "seal_append(%s, 1::smallint, '', '{}', '{}', now())"),
        *("calls_held(%s, 1, '2026-03-02')", "calls_unheld(%s, 1, '2026-03-02', '2026-03-02')"),
    ],
)
def test_gate_refuses_staff_of_another_creditor(call):
    """What only staff may call looks at their own creditor (6)."""
    bank, other = factories.bank(), factories.bank(people.OTHER_BANK)
    with pytest.raises(DatabaseError, match="not open here"), acting(bank.mei), connection.cursor() as cursor:
        cursor.execute(f"SELECT gate.{call}", [other.id])
