"""Claim: taking in a tape runs at no less than 40 % of the rows a second of a COPY that does the same encryption and hashing.

The peer has no mapping, no checks, no merging of debtors, no trail. It reads the same kind of file, makes and wraps a key for each row,
seals the same values and computes the same blind indexes with the same functions, and sends what comes of it through COPY as superuser
(COPY refuses tables with row-level security to everybody else). Two forms of it are measured:

- `same`, the claim: into the tables that a tape ends in, books included, with their keys and references;
- `wide`: into one table with nothing but a primary key.

`bare` is a COPY of the file, unsealed, into one table of texts. Each runs in a process of its own, the peers over a quarter of the rows
(their tables and indexes are smaller for it, which favours them). Memory is the highest resident set of the process that takes the tape
in, over a tenth of the rows and over all of them.

It makes an installation of its own in a temporary folder (durable, as every installation is) and removes it.

    python benchmarks/intake.py --rows 1000000
"""

from __future__ import annotations

import argparse
import csv
import io
import multiprocessing
import os
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from duecourse.kit.clock import stopwatch

SHARE_MIN = 0.40
MEMORY_RATIO_MAX = 1.5
PEER_SHARE, SMALL_SHARE = 4, 10
AS_OF = date(2026, 3, 1)
HEADER = (
    "account_number,person_name,id_type,id_number,phone,email,address,region,product_class,lender_class,currency,principal,interest,fee,"
    "penalty,balance,oldest_due_on,opened_on,instalment"
)
TABLES = ("person", "personsecret", "account", "obligation", "contactpoint", "case", "caseaccount", "casetransition", "taperow")


@contextmanager
def installation() -> Iterator[Path]:
    """Make an installation with an empty, migrated database, and remove it afterwards."""
    with tempfile.TemporaryDirectory(prefix="duecourse-bench-") as folder:
        os.environ |= {"DUECOURSE_HOME": folder, "DUECOURSE_MODE": "test", "DJANGO_SETTINGS_MODULE": "duecourse.config.settings"}
        from duecourse.config import boot
        from duecourse.config.environment import current

        try:
            boot.ready()
            yield Path(folder)
        finally:
            from django.db import connections

            connections.close_all()
            boot.cluster(current()).remove()


def write_tape(path: Path, *, rows: int) -> None:
    """Write a tape: one account in sixteen belongs to the debtor of the one before."""
    with path.open("w", encoding="utf-8") as sink:
        sink.write(HEADER + "\n")
        for n in range(rows):
            who = n - (n % 16 == 15)
            principal, interest, penalty = 100_000 + n * 7919 % 4_900_000, n * 31 % 90_000, n * 17 % 20_000
            parts = [f"{part // 100}.{part % 100:02d}" for part in (principal, interest, penalty, principal + interest + penalty)]
            born = f"{1960 + who % 40}{1 + who % 12:02d}{1 + who % 28:02d}"
            sink.write(
                f"CL{n:010d},陈{who % 9973}号,resident_id,33078{who // 1000 % 10}{born}{who % 1000:03d}{who // 10_000_000 % 10},"
                f"13{who % 1_000_000_000:09d},d{who}@post.example,浙江省金华市兰溪市和平路 {who} 号,330781,consumer_loan,consumer_finance,CNY,"
                f"{parts[0]},{parts[1]},0.00,{parts[2]},{parts[3]},2025-{1 + n % 12:02d}-{1 + n % 28:02d},2023-05-17,1200.00\n"
            )


def ours(creditor_id: int, path: Path) -> int:
    """Take the tape in and return the rows."""
    from duecourse.parties.access import system
    from duecourse.portfolio.services import tape_intake

    result = tape_intake(actor=system(creditor_id), path=path, mapping="native", as_of=AS_OF)
    assert result.counts["rejected_count"] == 0, result.problems[:3]
    return int(result.counts["accepted_count"])


def blocks(path: Path) -> Iterator[dict[str, list[str]]]:
    """Read the tape in blocks of columns."""
    import pyarrow as pa
    import pyarrow.csv as pacsv

    options = pacsv.ConvertOptions(column_types=dict.fromkeys(HEADER.split(","), pa.string()))
    for batch in pacsv.open_csv(path, read_options=pacsv.ReadOptions(block_size=4 << 20, use_threads=False), convert_options=options):
        yield batch.to_pydict()


def sealed(creditor_id: int, columns: dict[str, list[str]], first_id: int) -> dict[str, list[Any]]:
    """Seal and index a block's personal values, each row under a key of its own."""
    from django.conf import settings

    from duecourse.kit.crypto import Sealer, blind_index_many, new_data_key, normalise_email, normalise_id_number, normalise_phone

    ring = settings.DUECOURSE_KEYRING
    index_key = ring.index_key(creditor_id)
    normal = {
        "id_number": [normalise_id_number(text) for text in columns["id_number"]],
        "phone": [normalise_phone(text) for text in columns["phone"]],
        "email": [normalise_email(text) for text in columns["email"]],
        "address": columns["address"],
        "person_name": columns["person_name"],
    }
    count = len(normal["phone"])
    keys = [new_data_key() for _ in range(count)]
    places = [f"person|{creditor_id}|{first_id + n}|".encode() for n in range(count)]
    found: dict[str, list[Any]] = {"wrapped_key": ring.wrap_many(keys, aads=(place + b"key" for place in places))}
    sealers = [Sealer(key, key_id="person") for key in keys]
    for name, texts in normal.items():
        field = name.encode()
        found[name] = [s.seal(text, aad=place + field) for s, text, place in zip(sealers, texts, places, strict=True)]
    for name in ("id_number", "phone", "email", "address"):
        found[name + "_index"] = blind_index_many(normal[name], key=index_key)
    return found


def hexed(values: list[bytes]) -> list[str]:
    """Return bytes as COPY reads them in CSV."""
    return ["\\x" + value.hex() for value in values]


def block_of(*columns: list[Any]) -> bytes:
    """Return columns as CSV."""
    import pyarrow as pa
    import pyarrow.csv as pacsv

    sink = pa.BufferOutputStream()
    table = pa.table([pa.array(column) for column in columns], names=[str(n) for n in range(len(columns))])
    pacsv.write_csv(table, sink, pacsv.WriteOptions(include_header=False))
    return sink.getvalue().to_pybytes()


def bare(connection: Any, _: int, path: Path) -> int:
    """COPY the file as it is into one table of texts."""
    names = HEADER.split(",")
    connection.execute(f"CREATE TABLE bare_row ({', '.join(f'{name} text' for name in names)})")
    copying = connection.cursor().copy("COPY bare_row FROM STDIN (FORMAT csv, HEADER true)")
    with connection.transaction(), copying as copy, path.open("rb") as source:
        while part := source.read(1 << 20):
            copy.write(part)
    return int(connection.execute("SELECT count(*) FROM bare_row").fetchone()[0])


PLAIN = ("account_number", "region", "product_class", "lender_class", "currency", "principal", "interest", "fee", "penalty", "balance")


def wide(connection: Any, creditor_id: int, path: Path) -> int:
    """Seal, index, and COPY into one table."""
    count = 0
    with connection.transaction():
        for columns in blocks(path):
            found = sealed(creditor_id, columns, count + 1)
            if not count:
                texts = ", ".join(
                    f"{name} {'text PRIMARY KEY' if name == 'account_number' else 'text'}" for name in (*PLAIN, "oldest_due_on")
                )
                connection.execute(f"CREATE TABLE wide_row ({texts}, {', '.join(f'{name} bytea' for name in found)})")
            block = block_of(*(columns[name] for name in (*PLAIN, "oldest_due_on")), *(hexed(values) for values in found.values()))
            with connection.cursor().copy("COPY wide_row FROM STDIN (FORMAT csv)") as copy:
                copy.write(block)
            count += len(columns["phone"])
    return count


def same(connection: Any, creditor_id: int, path: Path) -> int:
    """Seal, index, and COPY into the tables a tape ends in, as their owner; the books get their entry in one statement a block."""
    known_at, count = f"{AS_OF}T00:00:00Z", 0
    with connection.transaction():
        tape = connection.execute(
            "INSERT INTO portfolio_tape (creditor_id, feed_kind, as_of, sha256, mapping_name, mapping_version, state, control_totals, counts,"
            " quarantined_columns, known_at) VALUES (%s, 'peer', %s, '', '', '', 'published', '{}', '{}', '[]', %s) RETURNING id",
            [creditor_id, AS_OF, known_at],
        ).fetchone()[0]
        for columns in blocks(path):
            found, ids = sealed(creditor_id, columns, count + 1), list(range(count + 1, count + 1 + len(columns["phone"])))
            copy_same(connection, columns, found, ids=ids, constants={"c": creditor_id, "t": tape, "at": known_at})
            book_same(connection, creditor_id, ids, columns)
            count += len(ids)
    return count


def minor(texts: list[str]) -> list[int]:
    """Return amounts in minor units."""
    return [int(text.replace(".", "")) for text in texts]


def copy_same(
    connection: Any, columns: dict[str, list[str]], found: dict[str, list[Any]], *, ids: list[int], constants: dict[str, Any]
) -> None:
    """COPY one block into the tables of the room; each row is a debtor of their own."""

    def every(value: Any) -> list[Any]:
        return [value] * len(ids)

    c, day = every(constants["c"]), every(AS_OF.isoformat())
    parts = {name: minor(columns[name]) for name in ("principal", "interest", "fee", "penalty", "balance")}
    indexed = {name: hexed(found[name + "_index"]) for name in ("id_number", "phone", "email", "address")}
    sends: list[tuple[str, list[list[Any]]]] = [
        ("person (id, creditor_id, kind, zone, zone_source, known_at)",
         [ids, c, every("individual"), every("Asia/Shanghai"), every("creditor default"), every(constants["at"])]),
        ("personsecret (creditor_id, person_id, wrapped_key, salt, name_sealed, identity_kind, identity_sealed, identity_index, index_key_id)",
         [c, ids, hexed(found["wrapped_key"]), indexed["id_number"], hexed(found["person_name"]), every("resident_id"), hexed(found["id_number"]),
          [f"\\x{n:032x}" for n in ids], every("k")]),
        ("account (id, creditor_id, number, product_class, lender_class, currency, balance_authority, region, opened_on, collateral_reference)",
         [ids, c, columns["account_number"], columns["product_class"], columns["lender_class"], columns["currency"], every("core"),
          columns["region"], columns["opened_on"], every("")]),
        ("obligation (creditor_id, account_id, person_id, role, from_on)", [c, ids, ids, every("borrower"), day]),
        *(("contactpoint (creditor_id, person_id, kind, whose, value_sealed, value_index, index_key_id, zone, zone_source, valid_from_on)",
           [c, ids, every(name), every("self"), hexed(found[name]), indexed[name], every("k"), every("Asia/Shanghai"), every(""), day])
          for name in ("phone", "email", "address")),
        ("case (id, creditor_id, person_id, work_stream, region, opened_on, close_reason, hand_count)",
         [ids, c, ids, every("collection"), columns["region"], day, every(""), every(0)]),
        ("caseaccount (creditor_id, case_id, account_id, from_on)", [c, ids, ids, day]),
        ("casetransition (creditor_id, case_id, status, reason, effective_on, known_at, actor_id)",
         [c, ids, every("opened"), every("tape"), day, every(constants["at"]), every(0)]),
        (("taperow (creditor_id, tape_id, account_id, row_number, feed_at, oldest_due_on, principal_minor, interest_minor, fee_minor, penalty_minor,"
         " balance_minor)"), [c, every(constants["t"]), ids, ids, every(constants["at"]), columns["oldest_due_on"], *parts.values()]),
    ]  # fmt: skip
    for target, block in sends:
        with connection.cursor().copy(f"COPY portfolio_{target} FROM STDIN (FORMAT csv)") as copy:
            copy.write(block_of(*block))


def book_same(connection: Any, creditor_id: int, ids: list[int], columns: dict[str, list[str]]) -> None:
    """COPY the opening balances of one block as one entry."""
    entry = connection.execute(
        "INSERT INTO ledger_entry (creditor_id, kind, source_kind, source_id, value_on, booked_on, known_at)"
        " VALUES (%s, 'opening', 'peer', %s, %s, %s, now()) RETURNING id",
        [creditor_id, str(ids[0]), AS_OF, AS_OF],
    ).fetchone()[0]
    sink, total = io.StringIO(), 0
    write = csv.writer(sink).writerow
    for component in ("principal", "interest", "penalty"):
        for account, amount in zip(ids, minor(columns[component]), strict=True):
            total += amount
            if amount:
                write((creditor_id, entry, "receivable", account, component, amount, "CNY", AS_OF, AS_OF))
    write((creditor_id, entry, "opening", None, "", -total, "CNY", AS_OF, AS_OF))
    names = "creditor_id, entry_id, book, account_id, component, amount_minor, currency, value_on, booked_on"
    with connection.cursor().copy(f"COPY ledger_posting ({names}) FROM STDIN (FORMAT csv, FORCE_NOT_NULL (component))") as copy:
        copy.write(sink.getvalue())


def measured(kind: str, creditor_id: int, path: str, told: Any) -> None:
    """Run one kind in this process and tell (rows, seconds, highest resident set in MiB)."""
    from duecourse.config import boot

    boot.set_up_django()
    begun = stopwatch()
    if kind == "ours":
        rows = ours(creditor_id, Path(path))
    else:
        from duecourse.config.environment import current

        works: dict[str, Callable[[Any, int, Path], int]] = {"bare": bare, "wide": wide, "same": same}
        with boot.cluster(current()).connect(database=boot.DATABASE) as connection:
            rows = works[kind](connection, creditor_id, Path(path))
    seconds = stopwatch() - begun
    told.put((rows, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def apart(kind: str, creditor_id: int, path: Path) -> tuple[int, float, float]:
    """Run one kind in a process of its own."""
    spawn = multiprocessing.get_context("spawn")
    told = spawn.Queue()
    process = spawn.Process(target=measured, args=(kind, creditor_id, str(path), told))
    process.start()
    while process.is_alive() and told.empty():
        process.join(timeout=0.2)
    if told.empty():
        raise SystemExit(f"{kind} failed")
    found: tuple[int, float, float] = told.get()
    process.join()
    return found


def main() -> int:
    """Measure, print, and return 1 if the claim does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    chosen = parser.parse_args()
    with installation() as home:
        from duecourse.parties import services

        creditors = [
            services.creditor_add(
                code=f"bank-{n}", name="Lanxi", zone="Asia/Shanghai", calendar_name="china", currency="CNY", packs=["cn"]
            ).pk
            for n in range(5)
        ]
        tapes = {share: home / f"tape-{share}.csv" for share in (1, PEER_SHARE, SMALL_SHARE)}
        for share, path in tapes.items():
            write_tape(path, rows=chosen.rows // share)
        size = tapes[1].stat().st_size / 2**20
        print(f"rows: {chosen.rows:,}; file: {size:,.0f} MiB; cores: {os.cpu_count()}; durable commits (fsync on)", flush=True)
        rates, peaks = {}, {}
        plan = (("ours", SMALL_SHARE), ("bare", PEER_SHARE), ("wide", PEER_SHARE), ("same", PEER_SHARE), ("ours", 1))
        for turn, (kind, share) in enumerate(plan):
            emptied()
            rows, seconds, peak = apart(kind, creditors[turn], tapes[share])
            assert rows == chosen.rows // share, f"{kind}: {rows:,} rows"
            rates[kind], peaks[share] = rows / seconds, peak
            print(f"{kind:<5} {rows:>10,} rows {rates[kind]:>9,.0f} rows/s {seconds:>7.1f} s {peak:>7,.0f} MiB", flush=True)
    names = {
        "same": "the same records, sealed and indexed",
        "wide": "one wide table, sealed and indexed",
        "bare": "one bare table, unsealed",
    }
    for kind, name in names.items():
        print(
            f"intake : COPY into {name}: {rates['ours'] / rates[kind]:.1%}" + (f"   (at least {SHARE_MIN:.0%})" if kind == "same" else "")
        )
    growth = peaks[1] / peaks[SMALL_SHARE]
    print(f"memory at {SMALL_SHARE} x the rows: {growth:.2f} x   (at most {MEMORY_RATIO_MAX})")
    return int(rates["ours"] / rates["same"] < SHARE_MIN or growth > MEMORY_RATIO_MAX)


def emptied() -> None:
    """Empty the tables, so that everybody writes into empty ones."""
    from duecourse.config import boot
    from duecourse.config.environment import current

    with boot.cluster(current()).connect(database=boot.DATABASE) as administrator:
        administrator.execute("SET session_replication_role = replica")
        names = ", ".join(f"portfolio_{name}" for name in TABLES)
        administrator.execute(f"TRUNCATE {names}, ledger_posting, ledger_entry CASCADE")
        administrator.execute("CHECKPOINT")


if __name__ == "__main__":
    sys.exit(main())
