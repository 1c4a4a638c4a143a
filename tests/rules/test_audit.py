"""The audit equals the gate, decision by decision, and says loudly what it could not judge.

1. For every history, the findings of each event are those of `decide` with the facts of the events strictly before it.
2. Strictly before means an earlier instant, or the same instant and a smaller id.
3. Neither the order of rows, nor the number of buckets, nor who counts changes the result.
"""

import csv
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duecourse.kit.records.refusals import WriteFailed
from duecourse.rules.audit import audit
from duecourse.rules.errors import EventsMismatch, NaiveInstant, UnknownParameter
from duecourse.rules.events import Reached
from duecourse.rules.form import CHANNELS
from duecourse.rules.history import ProcessPool
from duecourse.rules.kernels import kernel_of
from duecourse.rules.load import shipped_names, shipped_pack
from duecourse.rules.outlets import Period
from duecourse.rules.resolve import vocabulary_of
from duecourse.rules.vocabulary import Source
from tests.rules.contacts import CALLS_MAX, CN, SAMPLE, overlay
from tests.rules.histories import NOWHERE, Said, by_hand, event, log_of

LATER = date(2028, 12, 31)
ZONES = ["Asia/Shanghai", "America/Havana", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Australia/Lord_Howe",
         "America/New_York|America/Los_Angeles", NOWHERE, None]  # fmt: skip
ANCHORS = [
    datetime(2026, 3, 2, 4, tzinfo=UTC),
    datetime(2026, 3, 8, 5, tzinfo=UTC),
    datetime(2026, 11, 1, 4, 30, tzinfo=UTC),
    datetime(2026, 12, 31, 10, 30, tzinfo=UTC),
]
"""Noon in Shanghai; clocks set forward and back over midnight in Havana; a moment in which three local days are current at once."""
TWO = replace(CN, rules=tuple(rule for rule in CN.rules if rule.name in ("contact_hours", "connected_calls_daily")))
"""The rules of hours and of connected calls alone, so that what stands here does not change with the pack."""
PACKS = {"cn": (CN,), "sample": (SAMPLE,), "both": (CN, SAMPLE)} | {n: (shipped_pack(n),) for n in ("us", "kr") if n in shipped_names()}


def judged(log, *, packs, **more):
    """Return what the audit says of each event in which a rule found fault."""
    found, _ = audit(log, packs=packs, known_until=LATER, **more)
    rows = found.breaches.to_pylist() if found.breaches is not None else []
    return found, {row["event_id"]: Said(frozenset(row["rule_ids"].split("; ")), row["is_refused"]) for row in rows}


@st.composite
def histories(draw, packs):
    """Return a strategy of events about a moment in which counting is hard, with some of the facts that the packs' rules read."""
    facts = vocabulary_of(packs).facts
    given_ = sorted({n for p in packs for r in p.rules if r.is_enabled for n in r.facts_used} & {
        n for n, f in facts.items() if f.source in (Source.stated, Source.record)})  # fmt: skip
    columns = draw(st.sets(st.sampled_from(given_))) if given_ else set()
    anchor, zones = draw(st.sampled_from(ANCHORS)), draw(st.lists(st.sampled_from(ZONES), min_size=1, max_size=2))
    is_text, has_keys = draw(st.booleans()), draw(st.booleans())
    count = draw(st.integers(1, 16))
    numbers = draw(st.permutations(range(count)))
    rows = []
    for number in numbers:
        minutes = draw(st.one_of(st.sampled_from([0, 30, 60]), st.integers(-3 * 1440, 5 * 1440)))
        row = event(f"e{number}" if is_text else number, anchor + timedelta(minutes=minutes))
        row |= {"person_id": draw(st.integers(1, 2)), "channel": draw(st.sampled_from(["call", "call", "call", *CHANNELS]))}
        row |= {"performer": draw(st.sampled_from(["aoki", "birch"])), "performer_kind": draw(st.sampled_from(["agency", "robot"]))}
        row |= {
            "zone": draw(st.sampled_from(zones)),
            "outcome": draw(st.sampled_from(["connected", "busy", None, "promise", "?", "not_made"])),
        }
        if has_keys:
            row |= {"contact_point_id": draw(st.sampled_from([None, 7, 8])), "debt_id": draw(st.sampled_from(["x", "y"]))}
        row |= {name: draw(st.sampled_from([0, 1, 1, 2, None])) for name in sorted(columns)}
        rows.append(row)
    return rows


@pytest.mark.parametrize("name", PACKS)
@settings(max_examples=25, deadline=None)
@given(drawn=st.data())
def test_1_audit_equals_the_gate_decision_by_decision(name, drawn):
    """Over persons, zones, agencies, clock changes, ties, missing outcomes and missing facts, each event has the gate's findings."""
    packs = PACKS[name]
    events = drawn.draw(histories(packs))
    log = log_of(events)
    expected = by_hand(events, packs=packs, columns=log.column_names)
    found, said = judged(log, packs=packs, bucket_rows=drawn.draw(st.sampled_from([0, 5])))
    assert found.judged_count == sum(one is not None for one in expected.values())
    assert said == {number: one for number, one in expected.items() if one is not None and one.rules}


@settings(max_examples=30, deadline=None)
@given(drawn=st.data(), limit=st.integers(0, 2))
def test_1_a_policy_binds_as_at_the_gate(drawn, limit):
    """A creditor's policy of fewer calls is judged as the gate judges it."""
    events, layers = drawn.draw(histories((CN,))), (overlay("creditor_policy", {CALLS_MAX: limit}),)
    expected = by_hand(events, packs=(CN,), columns=log_of(events).column_names, layers=layers)
    assert judged(log_of(events), packs=(CN,), layers=layers)[1] == {n: s for n, s in expected.items() if s is not None and s.rules}


def test_2_equal_instants_are_ordered_by_id():
    """Of five connected calls at one instant the two with the greatest ids are too many, in whatever order they stand."""
    events = [event(number, "2026-03-02T04:00") for number in (9, 2, 30, 4, 1)]
    for rows in (events, events[::-1]):
        assert judged(log_of(rows), packs=(TWO,))[1].keys() == {9, 30}
    texts = [event(str(number), "2026-03-02T04:00") for number in (9, 2, 30, 4, 1)]
    assert judged(log_of(texts), packs=(TWO,))[1].keys() == {"4", "9"}


@pytest.mark.parametrize("executor", [None, ProcessPool(2)], ids=["in process", "pool"])
def test_3_buckets_and_pool_change_nothing(executor):
    """One bucket, many buckets and a pool of processes give the same sums and the same breaches."""
    start = datetime(2026, 3, 2, 0, tzinfo=UTC)
    events = [event(n, start + timedelta(minutes=n * 7 % 2000), person_id=n % 11, performer=f"p{n % 3}") for n in range(400)]
    one, rows = judged(log_of(events), packs=(TWO,))
    many, others = judged(log_of(events[::-1]), packs=(TWO,), bucket_rows=50, executor=executor)
    assert one.violations.num_rows > 3
    assert rows == others
    for table in ("violations", "totals"):
        assert getattr(one, table).equals(getattr(many, table))


def test_counts_of_the_day_do_not_reach_over_midnight():
    """The fourth connected call of a local day is found, the first of the next day is not, though it comes a minute later."""
    day = [event(number, f"2026-03-02T{hour}") for number, hour in enumerate(["01:00", "02:00", "03:00", "13:59", "16:01"])]
    assert judged(log_of(day), packs=(TWO,))[1] == {
        3: Said(frozenset({"cn.connected_calls_daily"}), is_refused=True),
        4: Said(frozenset({"cn.contact_hours"}), is_refused=True),
    }


def test_outcome_that_is_missing_or_unknown_counts_as_held():
    """Three calls whose outcome nobody understands use the day up; three that reached nobody do not; long talk overrules the outcome."""
    silent, odd = ["busy", "no_answer", "unreachable"], [None, "?", ""]
    for outcomes, talk, is_found in ((silent, 0, False), (odd, 0, True), (silent, 5, True)):
        rows = [event(n, f"2026-03-02T0{n}:00", outcome=o, talk_seconds=talk) for n, o in enumerate([*outcomes, "busy"])]
        found, said = judged(log_of(rows), packs=(TWO,))
        assert (3 in said) is is_found
        assert found.outcomes == ({"?": 1} if outcomes is odd else {})
    answering = Reached(not_connected=frozenset({"voicemail"}))
    rows = [event(n, f"2026-03-02T0{n}:00", outcome="VoiceMail ") for n in range(4)]
    assert not judged(log_of(rows), packs=(TWO,), reached=answering)[1]


def test_rule_that_lacks_a_stated_fact_is_listed_and_not_clear():
    """Without the column the rule is named with how many events it looks at; with it, it is judged, save in rows that leave it empty."""
    pack = next(p for p in PACKS.values() if any(_states(r, p) for one in p for r in one.rules))
    rule, name = next((r, n) for one in pack for r in one.rules for n in _states(r, pack))
    channel = min(rule.channels)
    rows = [event(n, f"2026-03-02T0{n}:00", channel=channel) for n in range(3)]
    found, problems = audit(log_of(rows), packs=pack, known_until=LATER)
    assert next(count for one, _, count in found.unjudged if one is rule) == 3
    assert rule.id in {problem.parameters.get("rule") for problem in problems}
    assert rule.id not in found.violations["rule_id"].to_pylist()
    every = {n: 1 for r in (rule,) for n in _states(r, pack)} | {"contact_point_id": 1, "debt_id": 1}
    partly = [row | every | {name: None if n == 1 else 1} for n, row in enumerate(rows)]
    found, _ = audit(log_of(partly), packs=pack, known_until=LATER)
    assert rule not in [one for one, _, _ in found.unjudged]
    assert found.partly[rule.id] == 1


def _states(rule, packs):
    facts = vocabulary_of(packs).facts
    return [n for n in rule.facts_used if facts[n].source is Source.stated] if rule.is_enabled and rule.channels else []


def test_bad_rows_are_rejected_with_their_reasons_and_the_others_judged(tmp_path):
    """No zone on the instant, a future event, an unknown channel, no person and a repeated id each have their reason and row number."""
    good = event(1, "2026-03-02T04:00") | {"at": "2026-03-02T23:30:00+08:00"}
    rows = [
        good,
        good | {"event_id": 2, "at": "2026-03-02T12:00:00"},
        good | {"event_id": 3, "at": "2026-03-02"},
        good | {"event_id": 4, "at": "2026-03-04T00:00:01+08:00"},
        good | {"event_id": 5, "channel": "pigeon", "person_id": None},
        good,
        good | {"event_id": 6, "performer_kind": None},
        good | {"event_id": 7, "at": "2026-03-03 23:59:59.5+0800"},
    ]
    log = pa.table({name: [row[name] for row in rows] for name in good})
    found, problems = audit(log, packs=(TWO,), known_until=date(2026, 3, 3), out=tmp_path, lang="zh-hans")
    assert found.reasons == {"instant_without_zone": 2, "in_the_future": 1, "channel_unknown": 1, "person_missing": 1,
                             "event_repeated": 1, "performer_kind_unknown": 1}  # fmt: skip
    assert (found.judged_count, found.breach_count) == (2, 2)
    assert {problem.code for problem in problems} == set(found.reasons)
    told = list(csv.DictReader((tmp_path / "rejects.csv").read_text("utf-8-sig").splitlines()))
    assert sorted(int(row["row_number"]) for row in told) == [2, 3, 4, 5, 6, 7]
    assert "未知的联系渠道" in next(row["text"] for row in told if row["row_number"] == "5")


def test_days_before_the_first_value_are_not_judged_and_said_so():
    """A call of January 2025 is not judged, with the cause; nothing is guessed."""
    found, problems = audit(log_of([event(1, "2025-01-05T04:00"), event(2, "2026-03-02T04:00")]), packs=(TWO,), known_until=LATER)
    assert (found.event_count, found.judged_count) == (2, 1)
    assert sum(found.causes.values()) == 1
    assert any(problem.code == "not_judged" for problem in problems)


def test_log_that_means_something_else_is_refused():
    """A missing column, a type that cannot be, a counted fact given as a column and a timestamp without a zone end the audit."""
    log = log_of([event(1, "2026-03-02T04:00")])
    wrong = {
        "no column zone": log.drop_columns(["zone"]),
        "call_slots_held_count is counted": log.append_column("call_slots_held_count", pa.array([1])),
        "person_id is of the type double": log.set_column(2, "person_id", pa.array([1.5])),
        "a name stands on two columns": log.append_column("zone", pa.array(["Asia/Shanghai"])),
    }
    for text, table in wrong.items():
        with pytest.raises(EventsMismatch, match=text):
            audit(table, packs=(TWO,), known_until=LATER)
    with pytest.raises(NaiveInstant):
        audit(log.set_column(1, "at", log["at"].cast(pa.timestamp("us"))), packs=(TWO,), known_until=LATER)
    with pytest.raises(UnknownParameter):
        audit(log, packs=(SAMPLE,), known_until=LATER, layers=(overlay("creditor_policy", {CALLS_MAX: 1}),))


def test_file_that_breaks_off_is_refused(tmp_path):
    """A file whose rows are damaged ends in one error, and leaves nothing half written."""
    path, out = tmp_path / "events.parquet", tmp_path / "out"
    pq.write_table(log_of([event(n, "2026-03-02T04:00", performer=f"p{n * 7919}") for n in range(5000)]), path, compression="zstd")
    content = bytearray(path.read_bytes())
    content[4 : len(content) // 2] = bytes(len(content) // 2 - 4)
    path.write_bytes(content)
    with pytest.raises(EventsMismatch, match="breaks off"):
        audit(path, packs=(TWO,), known_until=LATER, out=out)
    assert list(out.iterdir()) == []


def test_person_without_a_number_and_folder_that_cannot_be_are_refused(tmp_path):
    """An empty text is no person; a file in the place of the folder and a zone that does not exist are told."""
    rows = [event(n, "2026-03-02T04:00", person_id=person, zone=None) for n, person in enumerate(["", "x", None])]
    found, _ = audit(log_of(rows), packs=(TWO,), known_until=LATER, zone_default="Asia/Shanghai")
    assert (found.judged_count, found.breach_count, found.reasons) == (1, 0, {"person_missing": 2})
    assert judged(log_of(rows), packs=(TWO,))[1] == {1: Said(frozenset({"cn.contact_hours", "cn.connected_calls_daily"}), is_refused=True)}
    with pytest.raises(EventsMismatch, match="Mars"):
        audit(log_of(rows), packs=(TWO,), known_until=LATER, zone_default="Mars/Base")
    (tmp_path / "taken").write_text("")
    with pytest.raises(WriteFailed):
        audit(log_of(rows), packs=(TWO,), known_until=LATER, out=tmp_path / "taken")


def test_file_that_is_no_parquet_is_refused(tmp_path):
    """A CSV under the name of a Parquet file is told apart."""
    (tmp_path / "events.parquet").write_text("event_id,at\n1,now\n")
    with pytest.raises(EventsMismatch, match="cannot be read as Parquet"):
        audit(tmp_path / "events.parquet", packs=(TWO,), known_until=LATER)


def test_files_hold_what_the_result_holds(tmp_path):
    """Parquet and CSV have the same rows, formulas are neutralised in CSV alone, and the summary counts them."""
    rows = [event(n, f"2026-03-02T0{n}:00", performer="=cmd()|' /C calc'!A0") for n in range(5)]
    pq.write_table(log_of(rows), tmp_path / "events.parquet")
    found, _ = audit(tmp_path / "events.parquet", packs=(TWO,), known_until=LATER, out=tmp_path / "out", by=Period.month)
    breaches = pq.read_table(tmp_path / "out/breaches.parquet")
    assert breaches["event_id"].to_pylist() == [3, 4]
    assert breaches["performer"][0].as_py().startswith("=cmd")
    told = list(csv.DictReader((tmp_path / "out/breaches.csv").read_text("utf-8-sig").splitlines()))
    assert [row["performer"][:5] for row in told] == ["'=cmd"] * 2
    assert [row["call_slots_held_count"] for row in told] == ["3", "4"]
    assert [row["local_at"] for row in told] == ["2026-03-02 11:00", "2026-03-02 12:00"]
    assert found.violations.to_pylist()[0] | {"performer": ""} == {
        "rule_id": "cn.connected_calls_daily", "modality": "must_not", "finding": "found", "performer": "", "period": "2026-03",
        "event_count": 2, "person_count": 1,
    }  # fmt: skip
    assert json.loads((tmp_path / "out/summary.json").read_text("utf-8"))["breach_count"] == 2


def test_empty_log_is_no_error(tmp_path):
    """A log of no rows has no violations, in memory and in files."""
    log = log_of([event(1, "2026-03-02T04:00")]).slice(0, 0)
    for out in (None, tmp_path):
        found, problems = audit(log, packs=(TWO,), known_until=LATER, out=out)
        assert (found.event_count, found.violations.num_rows, problems) == (0, 0, [])


def test_windows_that_begin_before_the_log_are_told():
    """A rule that counts seven days is complete from the seventh day of the log on."""
    found, _ = audit(log_of([event(1, "2026-03-02T04:00")]), packs=(TWO,), known_until=LATER)
    assert (found.first_on, found.complete_from_on) == (date(2026, 3, 2), date(2026, 3, 2))
    found, _ = audit(log_of([event(1, "2026-03-02T04:00")]), packs=(SAMPLE,), known_until=LATER)
    assert (found.first_on, found.complete_from_on) == (date(2026, 3, 2), date(2026, 3, 8))


def test_kernel_of_one_local_day_is_one_window():
    """What counts within a day needs no second text, and one that rolls over days does."""
    held, week = CN.vocabulary.facts["call_slots_held_count"], SAMPLE.vocabulary.facts["contacts_week_count"]
    one = kernel_of([held], channels=CHANNELS, columns=())
    assert one.rising == one.turning
    assert "PARTITION BY person_id, local_day" in one.rising
    rolling = kernel_of([held, week], channels=CHANNELS, columns=())
    assert "turned" in rolling.turning
    assert "turned" not in rolling.rising
