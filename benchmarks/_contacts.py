"""A large history of contacts in the house of a million cases: its answers and outcomes four times over, and what telephone systems recorded.

The play's two months of permits, attempts and refusals are copied three times, once on the same days and twice three weeks later, so that
twelve weeks hold about 2.2 million permits where a million cases were made. A million of their calls then have a record: nine in ten with
their permit, one in fifty with a number that is nobody's, some with another outcome or another duration. That is fewer records than calls, so
reported outcomes without a record are far more than in life.
"""

from __future__ import annotations

from typing import Any

from duecourse.kit.clock import stopwatch

STRIDE = 100_000_000
"""How far the ids of copies are moved on."""
DAYS_LATER = {1: 0, 2: 21, 3: 21}
TABLES = ("contact_permit", "contact_attempt", "contact_refusal")
LATER = ("contact_at", "decided_at", "valid_until_at", "started_at", "reported_at", "next_allowed_at")
COLUMNS = """
SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s AND is_generated = 'NEVER'
ORDER BY ordinal_position
"""
CALLS = (
    """CREATE TEMPORARY TABLE taken AS
    SELECT row_number() OVER (ORDER BY hashint8(p.id)) AS n, p.id AS permit_id, p.local_on AS permit_on, p.creditor_id, p.performer_id, p.person_id,
        p.contact_point_id, t.started_at, t.talk_seconds, t.is_connected, (t.started_at AT TIME ZONE 'Asia/Shanghai')::date AS day
    FROM contact_permit p JOIN contact_attempt t ON t.permit_id = p.id AND t.local_on = p.local_on
    WHERE p.channel = 'call' AND t.outcome <> 'not_made' ORDER BY hashint8(p.id) LIMIT {rows}""",
    """INSERT INTO contact_callrecordfile (creditor_id, performer_id, local_on, sha256, mapping_name, mapping_version, counts, loaded_by, known_at)
    SELECT creditor_id, performer_id, day, md5(performer_id::text || day::text), 'native', '1',
        jsonb_build_object('row_count', count(*), 'accepted_count', count(*), 'rejected_count', 0), 0, now() FROM taken GROUP BY 1, 2, 3""",
    """INSERT INTO contact_callrecord (id, creditor_id, performer_id, record_file_id, row_number, call_ref, local_on, started_at, talk_seconds,
        disposition, disposition_said, caller_line, agent_code, stated_permit, recording_ref)
    SELECT t.n, t.creditor_id, t.performer_id, f.id, t.n, 'c' || t.n, t.day, t.started_at + interval '5 seconds',
        t.talk_seconds + CASE WHEN t.n % 20 = 0 THEN 60 ELSE 0 END, CASE WHEN t.is_connected OR t.n % 33 = 0 THEN 'answered' ELSE 'no_answer' END,
        '', '', 'A1', '', 'rec' FROM taken t JOIN contact_callrecordfile f
        ON f.creditor_id = t.creditor_id AND f.performer_id = t.performer_id AND f.local_on = t.day""",
    """INSERT INTO contact_callmatch (creditor_id, record_id, number_index, index_key_id, person_id, contact_point_id, permit_id, permit_on, fault,
        is_connected, is_effective)
    SELECT creditor_id, n, NULL, '', CASE WHEN n % 50 <> 1 THEN person_id END, contact_point_id, CASE WHEN n % 10 <> 1 THEN permit_id END,
        CASE WHEN n % 10 <> 1 THEN permit_on END, '', is_connected OR n % 33 = 0, is_connected FROM taken""",
    "SELECT setval('contact_callrecord_id_seq', {stride})",
    "DROP TABLE taken",
)


def filled(*, call_count: int = 1_000_000) -> None:
    """Fill the open house, once; what is there already is left as it is."""
    from duecourse.config import boot
    from duecourse.config.environment import current

    begun = stopwatch()
    with boot.cluster(current()).connect(database=boot.DATABASE) as administrator:
        administrator.execute("SET session_replication_role = replica")
        for table in TABLES:
            if not _has_rows(administrator, f"{table} WHERE id > {STRIDE}"):
                names = [name for (name,) in administrator.execute(COLUMNS, [table]).fetchall()]
                for copy, days in DAYS_LATER.items():
                    administrator.execute(_copied(table, names, copy=copy, days=days))
        if not _has_rows(administrator, "contact_callrecord"):
            for statement in CALLS:
                administrator.execute(statement.format(rows=call_count, stride=STRIDE))
        counts = {name: _count(administrator, name) for name in (*TABLES, "contact_callrecord")}
        administrator.commit()
        administrator.autocommit = True
        for table in (*TABLES, "contact_callrecordfile", "contact_callrecord", "contact_callmatch"):
            administrator.execute(f"VACUUM ANALYZE {table}")
    print(f"{', '.join(f'{name} {count:,}' for name, count in counts.items())}: in {stopwatch() - begun:.0f} s")


def _has_rows(administrator: Any, source: str) -> bool:
    return administrator.execute(f"SELECT 1 FROM {source} LIMIT 1").fetchone() is not None


def _count(administrator: Any, table: str) -> int:
    return int(administrator.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def _copied(table: str, names: list[str], *, copy: int, days: int) -> str:
    values = {"id": f"id + {copy * STRIDE}", "permit_id": f"permit_id + {copy * STRIDE}", "local_on": f"local_on + {days}"}
    values |= {"client_request_id": f"client_request_id || '-h{copy}'"}
    values |= {name: f"{name} + interval '{days} days {copy} seconds'" for name in LATER}
    taken = ", ".join(values.get(name, name) for name in names)
    return f"INSERT INTO {table} ({', '.join(names)}) SELECT {taken} FROM {table} WHERE id < {STRIDE}"
