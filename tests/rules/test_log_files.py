"""Logs that are no logs, or more than they seem: each is refused with its reason before it fills memory or disk.

1. Only a name of the IANA list, to the letter, is a zone; the row is rejected else.
2. What a file says it unpacks to is bounded before a row is read.
3. A text, a number or an encoding that stands for very many rows is in memory once.
"""

from __future__ import annotations

import csv
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from duecourse.kit.clock import stopwatch
from duecourse.rules import buckets, events, kernels, log_files
from duecourse.rules.audit import audit
from duecourse.rules.errors import EventsMismatch, LogTooLarge, NaiveInstant
from duecourse.rules.events import REASONS, Reached, Reader, Spellings, form_of
from duecourse.rules.facts import grouped, local_minutes
from duecourse.rules.log_files import BOUNDS, Bounds
from duecourse.rules.resolve import vocabulary_of
from duecourse.rules.zones import is_usable, zone_names
from tests.rules.contacts import CN
from tests.rules.histories import event, log_of

LATER = date(2028, 12, 31)
TWO = replace(CN, rules=tuple(rule for rule in CN.rules if rule.name in ("contact_hours", "connected_calls_daily")))

MOST_MEMORY = "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM'))[:-3] or 0)"
"""Prints the most memory that a process had, in megabytes; what it inherits of its parent's is not counted."""
needs_proc = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is told by Linux's /proc")


def judged(log, **more):
    """Return the audit of a log."""
    return audit(log, packs=(TWO,), known_until=LATER, **more)[0]


def rows_of(count, **more):
    """Return connected calls, an hour apart."""
    return [event(n, f"2026-03-02T{n:02d}:00", **more) for n in range(count)]


@pytest.mark.parametrize("zone", ["right/UTC", "posix/Asia/Shanghai", "asia/shanghai", "ASIA/SHANGHAI", "Asia/Shanghai ", "Asia/Shanghai|",
                                  "|", "Asia/Shanghai|Mars/Base", "../../etc/passwd", "localtime", "Factory", "UTC+8", "+08:00", "\0", "😀",
                                  "|".join(["Asia/Shanghai"] * 13)])  # fmt: skip
def test_1_zone_that_is_no_name_is_rejected(zone):
    """A row in such a zone is not judged, with the reason; a row that names none still is, and rules of local time find fault."""
    log = log_of([*rows_of(1, zone=zone), event(7, "2026-03-02T04:00", zone="Etc/GMT-8"), event(8, "2026-03-02T04:30", zone="")])
    found = judged(log)
    assert found.reasons == {"zone_not_known": 1}
    assert (found.judged_count, found.refused_count) == (2, 1)
    with pytest.raises(EventsMismatch, match="does not exist"):
        judged(log, zone_default=zone)


def test_1_both_databases_of_zones_know_every_name():
    """The list holds the usual names, links of the list included, and no variant with leap seconds."""
    assert {"Asia/Shanghai", "Asia/Urumqi", "America/Argentina/Buenos_Aires", "PRC", "Etc/UTC", "UTC"} <= zone_names()
    assert not [name for name in zone_names() if name.startswith(("right/", "posix/"))]
    assert is_usable("America/New_York|America/Chicago")


def test_1_local_days_of_many_zones_take_one_look_at_each_row():
    """The days of 40,000 spellings are found as fast as those of one, and are those of each row's first zone."""
    names = sorted(zone_names())
    pairs = [f"{one}|{other}" for one in names[:200] for other in names[:200]]
    rows = 200_000
    numbers = np.arange(rows) % len(pairs)
    table = log_of([event(0, "2026-03-02T04:00")]).take(pa.array(np.zeros(rows, dtype=np.int64)))
    zone = pa.DictionaryArray.from_arrays(pa.array(numbers), pa.array(pairs))
    table = table.set_column(table.schema.get_field_index("zone"), "zone", zone).set_column(0, "event_id", pa.array(np.arange(rows)))
    reader = Reader(form_of(table.schema, vocabulary=vocabulary_of((TWO,))), Spellings(), LATER, "", Reached())
    begun = stopwatch()
    kept = reader.read(table.to_batches()[0], first_row=1).kept
    assert stopwatch() - begun < 20
    at = int(datetime(2026, 3, 2, 4, tzinfo=UTC).timestamp()) // 60
    days = {name: int(local_minutes(name, np.asarray([at]))[0] // 1440) + date(1970, 1, 1).toordinal() for name in names[:200]}
    assert kept["local_day"].to_pylist()[: len(pairs)] == [days[pair.split("|")[0]] for pair in pairs]


def test_1_grouped_gives_each_row_once():
    """Rows come under their code, each once; one code alone gives all of them, and none gives nothing."""
    codes = np.asarray([3, 1, 3, 0, 1])
    assert {code: sorted(np.arange(5)[rows].tolist()) for code, rows in grouped(codes)} == {0: [3], 1: [1, 4], 3: [0, 2]}
    assert [(code, len(codes[rows])) for code, rows in grouped(np.asarray([2, 2, 2, 2, 2]))] == [(2, 5)]
    assert list(grouped(np.asarray([], dtype=np.int64))) == []


def test_2_what_a_file_says_of_itself_is_bounded(tmp_path, monkeypatch):
    """Too many rows, too many bytes, too many times its size and too many files are each refused, and name the bound."""
    path = tmp_path / "a.parquet"
    pq.write_table(log_of(rows_of(3)), path)
    (tmp_path / "more").mkdir()
    for name in ("a", "b"):
        pq.write_table(log_of(rows_of(3)), tmp_path / "more" / f"{name}.parquet")
    with pytest.raises(LogTooLarge, match="more than 2 rows"):
        log_files.log_files(path, bounds=Bounds(rows_max=2))
    with pytest.raises(LogTooLarge, match="more than 5 rows"):
        log_files.log_files(tmp_path / "more", bounds=Bounds(rows_max=5))
    with pytest.raises(LogTooLarge, match="more than 1 files"):
        log_files.log_files(tmp_path / "more", bounds=Bounds(files_max=1))
    opened, columns = log_files.log_files(path), ["event_id", "at", "zone"]
    opened.refuse_bombs(columns)
    monkeypatch.setattr(log_files, "_GIB", 1)
    with pytest.raises(LogTooLarge, match="more than 0 times its size"):
        opened.refuse_bombs(columns, bounds=replace(BOUNDS, unpacked_times_max=0))
    with pytest.raises(LogTooLarge, match="more than 9 GiB"):
        opened.refuse_bombs(columns, bounds=replace(BOUNDS, unpacked_gib_max=9))


def test_2_bomb_of_one_gigabyte_in_a_small_file_is_refused(tmp_path):
    """A column of a few hundred kilobytes that unpacks to more than a thousand times that is refused before it is read."""
    rows, path = 1_500, tmp_path / "bomb.parquet"
    schema = log_of(rows_of(1)).append_column("person_id2", pa.array([""])).schema
    with pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=False, write_statistics=False) as writer:
        table = log_of(rows_of(1)).append_column("person_id2", pa.array([""])).take(pa.array(np.zeros(rows, dtype=np.int64)))
        texts = pa.array(["x" * 720_000] * rows, pa.large_string()).cast(pa.string()) if rows < 2_900 else None
        writer.write_table(table.set_column(table.schema.get_field_index("zone"), "zone", texts).cast(schema), row_group_size=500)
    assert path.stat().st_size < 2_000_000
    with pytest.raises(LogTooLarge, match="times its size"):
        judged(path)


def test_2_encoding_in_which_few_bytes_stand_for_many_is_refused(tmp_path):
    """Texts that are kept as what changes from one to the next are asked for in another form."""
    path = tmp_path / "delta.parquet"
    pq.write_table(log_of(rows_of(3)), path, use_dictionary=False, column_encoding={"zone": "DELTA_BYTE_ARRAY"})
    with pytest.raises(EventsMismatch, match=r"zone in delta\.parquet is encoded as DELTA_BYTE_ARRAY"):
        judged(path)


def test_damaged_bytes_end_in_one_error(tmp_path):
    """Whatever byte of a small file is another, in its rows or in what it says of itself: the log is judged or refused, and nobody ends."""
    path = tmp_path / "events.parquet"
    pq.write_table(log_of(rows_of(3)), path)
    script = (
        "import sys; from pathlib import Path\n"
        "from duecourse.rules.errors import EventsMismatch; from duecourse.rules.log_files import log_files\n"
        "path = Path(sys.argv[1]); good = path.read_bytes(); columns = log_files(path).schema.names; seen = set()\n"
        "footer = len(good) - 8 - int.from_bytes(good[-8:-4], 'little')\n"
        "for place in (*range(4, len(good) - 8, 97), *range(footer, footer + 40)):\n"
        "    for byte in (good[place] ^ 1, 255):\n"
        "        path.write_bytes(good[:place] + bytes([byte]) + good[place + 1 :])\n"
        "        try:\n"
        "            opened = log_files(path)\n"
        "            opened.refuse_bombs(opened.schema.names)\n"
        "            rows = [batch for batch in opened.batches(opened.schema.names, coded=('channel', 'zone'))]\n"
        "            seen.add('read')\n"
        "        except EventsMismatch:\n"
        "            seen.add('refused')\n"
        "print(sorted(seen))"
    )
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "['read', 'refused']\n"), done.stderr[-500:]


def test_row_that_points_to_no_text_is_refused(tmp_path):
    """A row whose number stands for no text of its dictionary is damage, not another row's text."""
    batch = pa.record_batch({"zone": pa.DictionaryArray.from_arrays(pa.array([0, 7], pa.int32()), pa.array(["UTC"]), safe=False)})
    with pytest.raises(pa.ArrowInvalid):
        log_files._sound(batch)
    assert log_files._sound(batch.slice(0, 1)).num_rows == 1


@needs_proc
def test_3_long_text_in_every_row_stays_one(tmp_path):
    """Half a million rows of one text of a megabyte, in a small file, are rejected within little memory, and the reject file is small."""
    path = tmp_path / "long.parquet"
    rows = 500_000
    log = log_of(rows_of(1)).take(pa.array(np.zeros(rows, dtype=np.int64))).drop_columns(["event_id"])
    texts = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, dtype=np.int32)), pa.array(["=" * 1_000_000]))
    pq.write_table(log.append_column("event_id", texts), path, store_schema=False)
    script = (
        "import sys; from pathlib import Path; from datetime import date\n"
        "from duecourse.rules.audit import audit; from duecourse.rules.load import shipped_pack\n"
        "from dataclasses import replace; cn = shipped_pack('cn')\n"
        "two = replace(cn, rules=tuple(r for r in cn.rules if r.name in ('contact_hours', 'connected_calls_daily')))\n"
        "found, _ = audit(Path(sys.argv[1]), packs=(two,), known_until=date(2028, 1, 1), out=Path(sys.argv[2]))\n"
        "print(found.reasons)\n" + MOST_MEMORY
    )
    done = subprocess.run([sys.executable, "-c", script, path, tmp_path / "out"], capture_output=True, text=True, check=True)
    assert "'text_too_long': 500000" in done.stdout
    assert int(done.stdout.split()[-1]) < 800
    assert (tmp_path / "out/rejects.csv").stat().st_size < 60_000_000


def test_3_number_that_stands_for_many_persons_is_rejected(monkeypatch):
    """Its rows are rejected with the reason, and the others are judged; more rows than a bucket holds end the audit."""
    monkeypatch.setattr(buckets, "PERSON_EVENTS_MAX", 10)
    log = log_of([*rows_of(5), *(event(n, "2026-03-03T01:00", person_id=0) for n in range(100, 120))])
    found = judged(log)
    assert found.reasons == {"person_of_too_many": 20}
    assert (found.judged_count, found.breach_count) == (5, 2)
    monkeypatch.setattr(buckets, "BUCKET_ROWS_MAX", 12)
    with pytest.raises(LogTooLarge, match="one number of a person"):
        judged(log, bucket_rows=20)


def test_3_column_of_very_many_texts_is_refused(monkeypatch):
    """Performers as many as calls are no performers; strange words of outcomes are told apart up to a bound."""
    monkeypatch.setattr(events, "TEXTS_MAX", 6)
    with pytest.raises(EventsMismatch, match="performer has more than 6 different texts"):
        judged(log_of([event(n, f"2026-03-02T0{n}:00", performer=f"p{n}") for n in range(8)]))
    monkeypatch.setattr("duecourse.rules.history.WORDS_MAX", 2)
    found = judged(log_of([event(n, f"2026-03-02T0{n}:00", outcome=f"odd{n}") for n in range(5)]))
    assert found.outcomes == {"odd0": 1, "odd1": 1, "…": 3}


def test_3_memory_and_room_are_bounded(monkeypatch, tmp_path):
    """What cannot be counted within the memory given ends in one error, and so does a log whose buckets would not lie on the disk."""
    monkeypatch.setattr(kernels, "MEMORY_LIMIT", "2MB")
    monkeypatch.setattr(kernels, "SPILL_LIMIT", "1MB")
    rows = 200_000
    log = log_of(rows_of(1)).take(pa.array(np.zeros(rows, dtype=np.int64)))
    log = log.set_column(0, "event_id", pa.array(np.arange(rows))).set_column(2, "person_id", pa.array(np.arange(rows)))
    with pytest.raises(LogTooLarge, match="could not be counted within 2MB"):
        judged(log)
    monkeypatch.setattr("duecourse.rules.history.shutil.disk_usage", lambda _: SimpleNamespace(free=1 << 20))
    with pytest.raises(LogTooLarge, match="TMPDIR names another"):
        judged(log, bucket_rows=50_000)


@needs_proc
def test_large_row_group_streams(tmp_path):
    """A file of one row group is read batch by batch: memory is far below what it holds."""
    rows, path = 4_000_000, tmp_path / "one.parquet"
    log = log_of(rows_of(1)).take(pa.array(np.zeros(rows, dtype=np.int64)))
    noise = pa.array(np.random.default_rng(1).integers(0, 1 << 60, rows))
    log = log.set_column(0, "event_id", noise).set_column(2, "person_id", noise.cast(pa.string()))
    pq.write_table(log, path, row_group_size=rows, compression="none", use_dictionary=False)
    script = (
        "import sys; from pathlib import Path; from duecourse.rules.log_files import log_files\n"
        "files = log_files(Path(sys.argv[1]))\n"
        "print(sum(batch.num_rows for batch in files.batches(['event_id', 'person_id', 'at', 'zone', 'performer'], coded=('zone', 'performer'))))\n"
        + MOST_MEMORY
    )
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True)
    count, most = map(int, done.stdout.split())
    assert (count, path.stat().st_size > 250_000_000) == (rows, True)
    assert most < 400


def test_folder_and_several_files_are_one_log(tmp_path):
    """Counts go over the files; a rejected row is told by file and its number there; what is no Parquet in the folder is left alone."""
    folder = tmp_path / "log"
    folder.mkdir()
    every = rows_of(6)
    every[5]["channel"] = "pigeon"
    pq.write_table(log_of(every[3:]), folder / "=b.parquet")
    pq.write_table(log_of(every[:3]), folder / "c.parquet")
    (folder / "notes.txt").write_text("no log")
    whole = judged(log_of(every))
    for log in (folder, [folder / "c.parquet", folder / "=b.parquet"]):
        found = judged(log)
        assert found.violations.equals(whole.violations)
        assert found.rejects.to_pylist() == [{"file": "=b.parquet", "row_number": 3, "event_id": "5", "reasons": "channel_unknown"}]
    judged(folder, out=tmp_path / "out")
    assert "'=b.parquet" in (tmp_path / "out/rejects.csv").read_text("utf-8-sig")


def test_files_that_do_not_go_together_are_refused(tmp_path):
    """Another column, another type, an empty folder, nothing, an empty file and a file that is not there each have their words."""
    log = log_of(rows_of(2))
    pq.write_table(log, tmp_path / "a.parquet")
    pq.write_table(log.drop_columns(["zone"]), tmp_path / "b.parquet")
    pq.write_table(log.set_column(0, "event_id", log["event_id"].cast(pa.string())), tmp_path / "c.parquet")
    coded = log.set_column(log.schema.get_field_index("zone"), "zone", log["zone"].dictionary_encode())
    pq.write_table(coded, tmp_path / "d.parquet")
    (tmp_path / "empty.parquet").touch()
    (tmp_path / "csv.parquet").write_text("event_id,at\n1,=cmd()\n")
    (tmp_path / "none").mkdir()
    a = tmp_path / "a.parquet"
    wrong = {
        "b.parquet is unlike a.parquet: a column of one alone: zone": [a, tmp_path / "b.parquet"],
        "c.parquet is unlike a.parquet: event_id is of the type string": [a, tmp_path / "c.parquet"],
        "the folder none holds no": tmp_path / "none",
        "no file was named": [],
        "empty.parquet is empty": tmp_path / "empty.parquet",
        "another kind of file": tmp_path / "csv.parquet",
        "there is no file nowhere.parquet": tmp_path / "nowhere.parquet",
    }
    for text, given in wrong.items():
        with pytest.raises(EventsMismatch, match=text):
            judged(given)
    assert judged([a, tmp_path / "d.parquet"]).event_count == 4


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_instants_far_away_are_rejected_in_every_unit(unit, tmp_path):
    """Numbers that would wrap around to a day of this century, the far past and the far future have a reason of their own."""
    step = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    good = int(datetime(2026, 3, 2, 4, tzinfo=UTC).timestamp()) * step
    values = [
        good,
        -1,
        (1 << 63) - 1,
        -(1 << 63) + 1,
        0,
        None,
        good + (2**64 // 10**3 if unit in "s ms" and good + 2**64 // 10**3 < 2**63 else 0),
    ]
    log = log_of([event(n, "2026-03-02T04:00", person_id=n) for n in range(len(values))])
    log = log.set_column(1, "at", pa.array(values, pa.int64()).cast(pa.timestamp(unit, "Asia/Shanghai")))
    found = audit(log, packs=(TWO,), known_until=LATER)[0]
    far = sum(v is not None and not 0 <= v < int(datetime(2200, 1, 1, tzinfo=UTC).timestamp()) * step for v in values)
    assert found.reasons == {"instant_without_zone": 1, "instant_out_of_range": far}
    assert far >= 2
    with pytest.raises(NaiveInstant):
        judged(log.set_column(1, "at", pa.array(values, pa.int64()).cast(pa.timestamp(unit))))


def test_texts_of_instants_that_are_none_are_rejected():
    """A time without offset, a far year, words, an emoji, a formula and a NUL are each told; an offset that exists is read."""
    texts = ["2026-03-02T12:00:00+08:00", "2026-03-02T12:00:00", "9999-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "now", "😀", "=cmd()", "\0",
             "2026-02-30T00:00:00Z", "2026-03-02T12:00:00+99:99"]  # fmt: skip
    log = log_of([event(n, "2026-03-02T04:00", person_id=n) for n in range(len(texts))]).set_column(1, "at", pa.array(texts))
    found = judged(log)
    assert found.judged_count == 1
    assert found.reasons["instant_out_of_range"] == 2
    assert found.reasons["instant_without_zone"] == len(texts) - 3


def test_negative_talk_is_rejected_and_strange_numbers_are_read():
    """Seconds below zero are no talk; a null column and the largest number are read."""
    rows = [event(n, f"2026-03-02T0{n}:00", talk_seconds=talk) for n, talk in enumerate([-1, 0, (1 << 63) - 1, None])]
    found = judged(log_of(rows))
    assert (found.reasons, found.judged_count) == ({"talk_below_zero": 1}, 3)
    log = log_of(rows).drop_columns(["talk_seconds"]).append_column("talk_seconds", pa.nulls(4))
    assert judged(log).judged_count == 4
    large = log_of(rows).drop_columns(["talk_seconds"]).append_column("talk_seconds", pa.array([1 << 63, 0, 0, 0], pa.uint64()))
    assert judged(large).judged_count == 4


def test_strange_letters_pass_through_and_are_neutralised(tmp_path):
    """NUL, emoji, line breaks and formulas in names come back from the CSV as they were, and no cell begins with a sign that runs."""
    names = ["a\0b", "催收🐼", "x\r\ny", "=cmd()|' /C calc'!A0", "@SUM(1)", "\t=1", "＝cmd()", '"', "-2+3"]
    rows = [event(f"=e{n}", "2026-03-02T15:00", person_id=name, performer=name, channel="call") for n, name in enumerate(names)]
    rows += [event(f"+e{n}", "2026-03-02T15:00", person_id="", performer=name) for n, name in enumerate(names)]
    judged(log_of(rows), out=tmp_path)
    with (tmp_path / "breaches.csv").open(encoding="utf-8-sig", newline="") as source:
        told = list(csv.DictReader(source))
    assert sorted(row["performer"].removeprefix("'") for row in told) == sorted(names)
    with (tmp_path / "rejects.csv").open(encoding="utf-8-sig", newline="") as source:
        rejected = list(csv.DictReader(source))
    assert {row["event_id"] for row in rejected} == {f"'+e{n}" for n in range(len(names))}
    cells = [cell for row in (*told, *rejected) for cell in row.values()]
    assert not [cell for cell in cells if cell.lstrip(" \u200b").startswith(("=", "+", "-", "@", "\t", "\r", "＝"))]


def test_texts_that_are_no_utf_8_are_refused(tmp_path):
    """A column that says it holds texts and holds other bytes ends in one error that names it."""
    log = log_of(rows_of(2))
    bad = pa.Array.from_buffers(pa.string(), 2, pa.array([b"\xff\xfe", b"ok"], pa.binary()).buffers())
    for name in ("performer", "event_id"):
        with pytest.raises(EventsMismatch, match=f"{name} holds texts that are no UTF-8"):
            judged(log.set_column(log.schema.get_field_index(name), name, bad))
    pq.write_table(log.set_column(log.schema.get_field_index("zone"), "zone", bad), tmp_path / "bad.parquet")
    with pytest.raises(EventsMismatch, match="zone holds texts that are no UTF-8"):
        judged(tmp_path / "bad.parquet")


@pytest.mark.parametrize("kind", [pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())], ids=str)
def test_every_kind_of_text_is_read(kind, tmp_path):
    """Long, viewed and coded texts give what plain ones give, from memory and from a file."""
    log = log_of([row | {"event_id": f"e{row['event_id']}", "person_id": "p"} for row in rows_of(9)])
    log = log.set_column(1, "at", pa.array([f"2026-03-02T{n:02d}:00Z" for n in range(9)]))
    whole = judged(log)
    assert whole.breach_count > 3
    other = pa.table({name: log[name].cast(kind) if pa.types.is_string(log[name].type) else log[name] for name in log.schema.names})
    assert judged(other).violations.equals(whole.violations)
    if not pa.types.is_string_view(kind):
        pq.write_table(other, tmp_path / "log.parquet")
        assert judged(tmp_path / "log.parquet").violations.equals(whole.violations)


def test_every_reason_has_words():
    """Each reason is told in both languages."""
    assert all(text.zh and text.en and text.zh != text.en for text in REASONS.values())
