"""Keep permits and attempts in one part per month, so that years of them stay quick and a month can be dropped when it need not be kept."""

import django.db.models.deletion
from django.db import migrations, models

from duecourse.kit import tenancy
from duecourse.kit.tenancy import AGENCY, USER

PERMIT, ATTEMPT, MATCH = "contact_permit", "contact_attempt", "contact_callmatch"
REQUEST = {
    "performer_id": "parties_agency",
    "person_id": "portfolio_person",
    "case_id": "portfolio_case",
    "contact_point_id": "portfolio_contactpoint",
    "placement_id": "placement_placement",
}
OWN = f"performer_id = {AGENCY}"
OF_PERMIT = "FOREIGN KEY (creditor_id, permit_id, {day}) REFERENCES contact_permit (creditor_id, id, local_on)"

# The tables stand aside under their names until their rows are carried over; everything is one transaction.
ASIDE = f"""
ALTER TABLE {MATCH} DROP CONSTRAINT {MATCH}_permit_id_fk;
ALTER TABLE {PERMIT} SET SCHEMA gate;
ALTER TABLE {ATTEMPT} SET SCHEMA gate;
"""

# One index is key, target of references and way to a row at once; the day's index holds all that counting reads, so that it reads nothing else.
TABLES = f"""
CREATE TABLE {PERMIT} (LIKE gate.{PERMIT} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING COMPRESSION)
    PARTITION BY RANGE (local_on);
ALTER TABLE {PERMIT} ADD CONSTRAINT {PERMIT}_pkey PRIMARY KEY (id, creditor_id, local_on),
    ADD CONSTRAINT permit_request_once UNIQUE (creditor_id, performer_id, client_request_id, local_on);
CREATE INDEX permit_day ON {PERMIT} (creditor_id, person_id, local_on, channel) INCLUDE (id, performer_id, contact_point_id);
CREATE INDEX permit_decided ON {PERMIT} (creditor_id, decided_at, id);
CREATE TABLE {ATTEMPT} (LIKE gate.{ATTEMPT} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING COMPRESSION,
    local_on date NOT NULL) PARTITION BY RANGE (local_on);
ALTER TABLE {ATTEMPT} ADD CONSTRAINT {ATTEMPT}_pkey PRIMARY KEY (id, local_on),
    ADD CONSTRAINT attempt_permit_once UNIQUE (permit_id, local_on) INCLUDE (outcome, is_connected);
CREATE INDEX attempt_connected_when ON {ATTEMPT} (creditor_id, started_at) WHERE is_connected;
"""
NUMBERS = [
    f"""
CREATE SEQUENCE {table}_id_seq AS bigint OWNED BY {table}.id;
SELECT setval('public.{table}_id_seq', last_value, is_called) FROM gate.{table}_id_seq;
ALTER TABLE {table} ALTER COLUMN id SET DEFAULT nextval('public.{table}_id_seq'::regclass);
"""
    for table in (PERMIT, ATTEMPT)
]

# An agency reports what came of its own permits, a collector of those they may see. Written as a condition this would be planned over all months
# at every report; a function of the gate keeps its plan.
OWN_PERMIT = tenancy.gate_function(
    "attempt_is_own(p_creditor bigint, p_permit bigint, p_day date, p_performer bigint)",
    returns="boolean",
    body="""
DECLARE
    v_agency bigint := nullif(current_setting('app.agency', true), '')::bigint;
    v_collector bigint := CASE WHEN current_setting('role', true) = 'duecourse_collector'
        THEN coalesce(nullif(current_setting('app.user', true), '')::bigint, -1) END;
BEGIN
    RETURN EXISTS (SELECT 1 FROM contact_permit p
        WHERE p.creditor_id = p_creditor AND p.id = p_permit AND p.local_on = p_day AND p.performer_id = p_performer AND p.performer_id = v_agency
          AND (v_collector IS NULL OR p.user_id = v_collector OR EXISTS (SELECT 1 FROM portfolio_case c
              JOIN placement_caseassignment x ON x.creditor_id = c.creditor_id AND x.case_id = c.id
              WHERE c.creditor_id = p_creditor AND c.id = p.case_id AND c.open_agency_id = v_agency
                AND x.user_id = v_collector AND x.until_at IS NULL)));
END
""",
    callers="duecourse_agency",
)
IS_OWN = "gate.attempt_is_own(creditor_id, permit_id, local_on, performer_id)"
WALLS = [
    tenancy.walls(PERMIT, agency=OWN),
    tenancy.walls(ATTEMPT, agency=OWN, agency_may="SELECT, INSERT"),
    tenancy.append_only(PERMIT),
    tenancy.append_only(ATTEMPT),
    f"GRANT SELECT, INSERT ON {PERMIT} TO duecourse_gate;",
    f"GRANT USAGE ON SEQUENCE {PERMIT}_id_seq TO duecourse_gate;",
    f"GRANT SELECT ON {ATTEMPT} TO duecourse_gate;",
    OWN_PERMIT,
    "ALTER FUNCTION gate.attempt_is_own(bigint, bigint, date, bigint) STABLE;",
    "ALTER FUNCTION gate.attempt_is_own(bigint, bigint, date, bigint) SET plan_cache_mode = force_generic_plan;",
    "ALTER FUNCTION gate.attempt_is_own(bigint, bigint, date, bigint) SET enable_seqscan = off;",
    tenancy.collector_wall(
        PERMIT,
        f"user_id = {USER} OR EXISTS (SELECT 1 FROM portfolio_case c WHERE c.creditor_id = {PERMIT}.creditor_id AND c.id = {PERMIT}.case_id)",
    ),
    tenancy.collector_wall(ATTEMPT, IS_OWN),
    f"CREATE POLICY {ATTEMPT}_own_permit ON {ATTEMPT} AS RESTRICTIVE FOR INSERT TO duecourse_agency WITH CHECK ({IS_OWN});",
]

# A part is reached through its whole only: nobody is granted anything on it, and row-level security shows its rows to the owner alone.
PART = """
CREATE FUNCTION gate.contact_part(p_table text, p_name text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_key text;
BEGIN
    EXECUTE format('CREATE TABLE public.%1$I (LIKE public.%2$I INCLUDING ALL)', p_name, p_table);
    EXECUTE format('REVOKE ALL ON public.%I FROM PUBLIC, duecourse_app, duecourse_agency, duecourse_collector, duecourse_gate', p_name);
    EXECUTE format('ALTER TABLE public.%1$I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', p_name);
    EXECUTE format('CREATE POLICY %1$I ON public.%2$I TO duecourse_owner USING (true) WITH CHECK (true)', p_name || '_owner', p_name);
    EXECUTE format('CREATE TRIGGER %1$I BEFORE TRUNCATE ON public.%2$I FOR EACH STATEMENT EXECUTE FUNCTION gate.refuse_change()',
        p_name || '_no_truncate', p_name);
    SELECT conname INTO v_key FROM pg_constraint WHERE conrelid = format('public.%I', p_name)::regclass AND contype = 'u';
    EXECUTE format('ALTER TABLE public.%1$I RENAME CONSTRAINT %2$I TO %3$I', p_name, v_key,
        p_name || CASE p_table WHEN 'contact_permit' THEN '_request_once' ELSE '_permit_once' END);
END
$$;
REVOKE ALL ON FUNCTION gate.contact_part(text, text) FROM PUBLIC;
SELECT gate.contact_part('contact_permit', 'contact_permit_default'), gate.contact_part('contact_attempt', 'contact_attempt_default');
ALTER TABLE contact_permit ATTACH PARTITION contact_permit_default DEFAULT;
ALTER TABLE contact_attempt ATTACH PARTITION contact_attempt_default DEFAULT;
"""

# Only a table's owner may give it a part, so these functions belong to the owner; the application may ask for months near the present, and
# for those of which the default holds rows; a day at the end of the calendar stays in the default. Nothing is waited for longer than half a second: a worker comes again.
# Rows of the month that lie in the default are moved: copied aside, taken out, and attached with the month. That is the one place
# in which a book's trigger rests, within one transaction that holds both defaults for itself. The server's own housekeeping looks at parts only,
# so the statistics of the whole are refreshed here.
MONTHS = """
CREATE FUNCTION gate.contact_months(p_on date) RETURNS SETOF date
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT m FROM (
        SELECT (date_trunc('month', p_on::timestamp) + n * interval '1 month')::date FROM generate_series(0, 3) n
        UNION SELECT date_trunc('month', local_on::timestamp)::date FROM contact_permit_default
        WHERE local_on >= '2000-01-01' AND local_on < '2200-01-01'
    ) AS wanted (m) WHERE NOT EXISTS (
        SELECT 1 FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname = 'contact_permit_' || to_char(m, 'YYYY_MM')) ORDER BY m
$$;
CREATE FUNCTION gate.contact_month(p_month date) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
    v_first date := date_trunc('month', p_month::timestamp)::date;
    v_next date := (date_trunc('month', p_month::timestamp) + interval '1 month')::date;
    v_permits text := 'contact_permit_' || to_char(v_first, 'YYYY_MM');
    v_attempts text := 'contact_attempt_' || to_char(v_first, 'YYYY_MM');
    v_here text := format('local_on >= %L AND local_on < %L', v_first, v_next);
    v_matched jsonb;
    v_is_filled boolean;
BEGIN
    PERFORM pg_advisory_xact_lock(49412, 0);
    IF EXISTS (SELECT 1 FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname = v_permits) THEN
        RETURN false;
    END IF;
    LOCK TABLE contact_permit_default, contact_attempt_default IN ACCESS EXCLUSIVE MODE;
    v_is_filled := EXISTS (SELECT 1 FROM contact_permit_default WHERE local_on >= v_first AND local_on < v_next);
    IF NOT (v_is_filled OR pg_has_role(session_user, current_user, 'MEMBER')
        OR v_first BETWEEN current_date - interval '4 months' AND current_date + interval '6 months') THEN
        RAISE EXCEPTION 'duecourse: % is not a month to prepare for', v_first USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM gate.contact_part('contact_permit', v_permits), gate.contact_part('contact_attempt', v_attempts);
    IF v_is_filled THEN
        SELECT jsonb_agg(jsonb_build_array(id, permit_id, permit_on)) INTO v_matched FROM contact_callmatch
        WHERE permit_on >= v_first AND permit_on < v_next;
        UPDATE contact_callmatch SET permit_id = NULL, permit_on = NULL WHERE permit_on >= v_first AND permit_on < v_next;
        EXECUTE format('INSERT INTO %I SELECT * FROM contact_permit_default WHERE %s', v_permits, v_here);
        EXECUTE format('INSERT INTO %I SELECT * FROM contact_attempt_default WHERE %s', v_attempts, v_here);
        ALTER TABLE contact_permit_default DISABLE TRIGGER contact_permit_append_only;
        ALTER TABLE contact_attempt_default DISABLE TRIGGER contact_attempt_append_only;
        DELETE FROM contact_attempt_default WHERE local_on >= v_first AND local_on < v_next;
        DELETE FROM contact_permit_default WHERE local_on >= v_first AND local_on < v_next;
        ALTER TABLE contact_permit_default ENABLE TRIGGER contact_permit_append_only;
        ALTER TABLE contact_attempt_default ENABLE TRIGGER contact_attempt_append_only;
    END IF;
    EXECUTE format('ALTER TABLE contact_permit ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', v_permits, v_first, v_next);
    EXECUTE format('ALTER TABLE contact_attempt ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', v_attempts, v_first, v_next);
    IF v_matched IS NOT NULL THEN
        UPDATE contact_callmatch m SET permit_id = (x ->> 1)::bigint, permit_on = (x ->> 2)::date
        FROM jsonb_array_elements(v_matched) AS x WHERE m.id = (x ->> 0)::bigint;
    END IF;
    RETURN true;
END
$$;
CREATE FUNCTION gate.contact_statistics() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_stat_user_tables WHERE relid = 'contact_permit'::regclass AND last_analyze > now() - interval '1 day') THEN
        IF current_setting('server_version_num')::integer >= 180000 THEN
            EXECUTE 'ANALYZE ONLY contact_permit';
            EXECUTE 'ANALYZE ONLY contact_attempt';
        ELSE
            ANALYZE contact_permit;
            ANALYZE contact_attempt;
        END IF;
    END IF;
END
$$;
REVOKE ALL ON FUNCTION gate.contact_months(date), gate.contact_month(date), gate.contact_statistics() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION gate.contact_months(date), gate.contact_month(date), gate.contact_statistics() TO duecourse_app;
"""

# Months that occur, two behind the present (an earlier answer is looked for over sixty days) and three ahead; those without a row come after
# the statistics, for the planner reads an empty table whole. Keys are added when the rows are there: one look over a table costs less than
# one look a row.
CARRIED = f"""
ALTER TABLE {MATCH} ADD COLUMN permit_on date;
DO $$
DECLARE
    v_month date;
    v_columns text;
    v_theirs text;
BEGIN
    FOR v_month IN SELECT DISTINCT date_trunc('month', local_on::timestamp)::date FROM gate.{PERMIT} ORDER BY 1 LOOP
        PERFORM gate.contact_month(v_month);
    END LOOP;
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO v_columns FROM pg_attribute
    WHERE attrelid = 'gate.{PERMIT}'::regclass AND attnum > 0 AND NOT attisdropped;
    EXECUTE format('INSERT INTO {PERMIT} (%1$s) SELECT %1$s FROM gate.{PERMIT}', v_columns);
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum), string_agg('a.' || quote_ident(attname), ', ' ORDER BY attnum)
    INTO v_columns, v_theirs FROM pg_attribute WHERE attrelid = 'gate.{ATTEMPT}'::regclass AND attnum > 0 AND NOT attisdropped;
    EXECUTE format('INSERT INTO {ATTEMPT} (%s, local_on) SELECT %s, p.local_on FROM gate.{ATTEMPT} a JOIN gate.{PERMIT} p ON p.id = a.permit_id',
        v_columns, v_theirs);
    UPDATE {MATCH} m SET permit_on = p.local_on FROM gate.{PERMIT} p WHERE p.id = m.permit_id;
END
$$;
SET CONSTRAINTS ALL IMMEDIATE;
DROP TABLE gate.{ATTEMPT};
DROP TABLE gate.{PERMIT};
ANALYZE {PERMIT};
ANALYZE {ATTEMPT};
SELECT gate.contact_month((date_trunc('month', current_date::timestamp) + n * interval '1 month')::date) FROM generate_series(-2, 3) n;
"""
KEYS = [
    tenancy.tenant_references(PERMIT, REQUEST),
    tenancy.tenant_references(ATTEMPT, {"performer_id": "parties_agency"}),
    f"ALTER TABLE {ATTEMPT} ADD CONSTRAINT {ATTEMPT}_permit_id_fk {OF_PERMIT.format(day='local_on')};",
    f"""
ALTER TABLE {MATCH} ADD CONSTRAINT call_match_permit_day CHECK ((permit_id IS NULL) = (permit_on IS NULL)),
    ADD CONSTRAINT {MATCH}_permit_id_fk {OF_PERMIT.format(day="permit_on")};
""",
]

# A recorded call knows the day of its permit; it lies within a day of the call's own, whatever the debtor's zone.
UNHELD = tenancy.gate_function(
    "calls_unheld(p_creditor bigint, p_person bigint, p_from date, p_until date)",
    returns="""TABLE (record_id bigint, local_on date, contact_point_id bigint, permit_id bigint, started_at timestamptz,
        is_effective boolean)""",
    body="""
#variable_conflict use_column
DECLARE
    v_zone text;
BEGIN
    IF p_creditor IS DISTINCT FROM nullif(current_setting('app.creditor', true), '')::bigint THEN
        RAISE EXCEPTION 'duecourse: creditor % is not open here', p_creditor USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT coalesce(p.zone, c.zone) INTO v_zone FROM portfolio_person p JOIN parties_creditor c ON c.id = p.creditor_id
    WHERE p.creditor_id = p_creditor AND p.id = p_person;
    RETURN QUERY SELECT DISTINCT ON (r.started_at, r.id) r.id, t.local_on, cp.id, p.id, r.started_at, m.is_effective
    FROM portfolio_contactpoint cp
    JOIN contact_callmatch m ON m.creditor_id = cp.creditor_id AND m.number_index = cp.value_index AND m.index_key_id = cp.index_key_id
    JOIN contact_callrecord r ON r.creditor_id = m.creditor_id AND r.id = m.record_id
    CROSS JOIN LATERAL (SELECT (r.started_at AT TIME ZONE v_zone)::date AS local_on) t
    LEFT JOIN contact_permit p ON p.creditor_id = m.creditor_id AND p.id = m.permit_id AND p.local_on = m.permit_on
        AND p.local_on BETWEEN p_from - 3 AND p_until + 3
    LEFT JOIN contact_attempt a ON a.permit_id = p.id AND a.local_on = p.local_on AND a.local_on BETWEEN p_from - 3 AND p_until + 3
    WHERE cp.creditor_id = p_creditor AND cp.person_id = p_person AND cp.kind = 'phone' AND cp.value_index IS NOT NULL AND m.is_connected
      AND t.local_on BETWEEN p_from AND p_until
      AND EXISTS (SELECT 1 FROM portfolio_case k JOIN parties_agency g ON g.creditor_id = p_creditor AND g.id = r.performer_id
          WHERE k.creditor_id = p_creditor AND k.person_id = p_person AND (g.kind IN ('in_house', 'robot') OR k.open_agency_id = g.id
              OR EXISTS (SELECT 1 FROM placement_placement pl
                  WHERE pl.creditor_id = p_creditor AND pl.case_id = k.id AND pl.agency_id = g.id)))
      AND (p.id IS NULL OR (p.person_id = p_person AND (p.local_on <> t.local_on OR NOT coalesce(a.is_connected, true))))
    ORDER BY r.started_at, r.id, cp.id;
END
""",
    callers="duecourse_app",
)
COUNTS = tenancy.gate_function(
    "contact_counts(p_creditor bigint, p_case bigint, p_day date)",
    returns="TABLE (held_count bigint, connected_count bigint)",
    body="""
DECLARE
    v_agency bigint := nullif(current_setting('app.agency', true), '')::bigint;
    v_person bigint;
    v_dialled bigint := 0;
BEGIN
    IF p_creditor IS DISTINCT FROM nullif(current_setting('app.creditor', true), '')::bigint THEN
        RAISE EXCEPTION 'duecourse: creditor % is not open here', p_creditor USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT c.person_id INTO v_person FROM portfolio_case c
    WHERE c.creditor_id = p_creditor AND c.id = p_case AND (v_agency IS NULL OR c.open_agency_id = v_agency)
      AND (current_setting('role', true) <> 'duecourse_collector' OR EXISTS (SELECT 1 FROM placement_caseassignment x
          WHERE x.creditor_id = p_creditor AND x.case_id = c.id AND x.until_at IS NULL
            AND x.user_id = nullif(current_setting('app.user', true), '')::bigint));
    IF v_person IS NOT NULL AND EXISTS (SELECT 1 FROM contact_callrecordfile f WHERE f.creditor_id = p_creditor) THEN
        v_dialled := gate.calls_held(p_creditor, v_person, p_day);
    END IF;
    RETURN QUERY SELECT count(*) + v_dialled, count(*) FILTER (WHERE a.is_connected) + v_dialled FROM contact_permit m
        LEFT JOIN contact_attempt a ON a.permit_id = m.id AND a.local_on = p_day
        WHERE m.creditor_id = p_creditor AND m.person_id = v_person AND m.local_on = p_day AND m.channel = 'call'
          AND coalesce(a.is_connected, true);
END
""",
)
KEPT_PLAN = """
ALTER FUNCTION gate.contact_counts(bigint, bigint, date) SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION gate.contact_counts(bigint, bigint, date) SET enable_seqscan = off;
"""
"""A month begins empty, and a plan made then would read it whole when it is full."""

PERFORMER = models.ForeignKey(
    db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.agency"
)
STATE = [
    migrations.AddField(model_name="attempt", name="local_on", field=models.DateField()),
    migrations.AddField(model_name="callmatch", name="permit_on", field=models.DateField(null=True)),
    migrations.AlterField(model_name="permit", name="performer", field=PERFORMER),
    migrations.AlterField(model_name="attempt", name="performer", field=PERFORMER),
    migrations.RemoveConstraint(model_name="permit", name="permit_request_once"),
    migrations.AddConstraint(
        model_name="permit",
        constraint=models.UniqueConstraint(fields=("creditor", "performer", "client_request_id", "local_on"), name="permit_request_once"),
    ),
    migrations.RemoveIndex(model_name="permit", name="permit_day"),
    migrations.AddIndex(
        model_name="permit",
        index=models.Index(
            fields=["creditor", "person", "local_on", "channel"], include=["id", "performer", "contact_point"], name="permit_day"
        ),
    ),
    migrations.AddConstraint(
        model_name="attempt",
        constraint=models.UniqueConstraint(fields=("permit", "local_on"), include=("outcome", "is_connected"), name="attempt_permit_once"),
    ),
    migrations.AddConstraint(
        model_name="callmatch",
        constraint=models.CheckConstraint(
            condition=models.Q(
                models.Q(("permit__isnull", True), ("permit_on__isnull", True)),
                models.Q(("permit__isnull", False), ("permit_on__isnull", False)),
                _connector="OR",
            ),
            name="call_match_permit_day",
        ),
    ),
]


class Migration(migrations.Migration):
    """Requests are found by creditor and performer through their own ids, so the index of performers alone is dropped, of refusals as well."""

    dependencies = [("contact", "0015_gate_plans_once")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL([ASIDE, TABLES, *NUMBERS, *WALLS]),
                migrations.RunSQL([PART, MONTHS]),
                migrations.RunSQL(CARRIED),
                migrations.RunSQL(KEYS),
            ],
            state_operations=STATE,
        ),
        migrations.AlterField(model_name="refusal", name="performer", field=PERFORMER),
        migrations.RunSQL([UNHELD, COUNTS, KEPT_PLAN]),
    ]
