"""Stop lists: files become holds with their source, daily lists lift whoever is missing, and who is left out is a list one can open.

1. A stop leaves a debtor alone, with all accounts; a list may be stricter than the law and not milder.
2. The same file does nothing twice; nothing is lifted while a row of a whole list cannot be taken.
3. Every reason says on what it rests, and no reason that is not read calls itself law.
"""

from __future__ import annotations

import csv
from datetime import date

import pytest

from duecourse.kit.errors import Forbidden
from duecourse.ledger.models import AuditEvent
from duecourse.parties.access import acting
from duecourse.portfolio import selectors, services
from duecourse.portfolio.errors import StopListEmpty
from duecourse.portfolio.models import Case, Hold, StopEntry, StopList
from tests import people
from tests.portfolio.tapes import CHEN, DAI, row

MARCH, LATER = date(2026, 3, 1), date(2026, 3, 5)


@pytest.fixture
def persons(bank, tape):
    """Chen with two accounts, Dai with one; return number → person."""
    services.tape_intake(
        actor=bank.mei, path=tape([row("A-1", **CHEN), row("A-2", **CHEN), row("B-1", **DAI)]), mapping="native", as_of=MARCH
    )
    with acting(bank.mei):
        found = selectors.case_accounts_by_number(creditor_id=bank.id)
        return {number: Case.objects.get(pk=case_id).person_id for number, (case_id, _) in found.items()}


@pytest.fixture
def listed(bank, tmp_path):
    """Load rows as a stop list: `listed([{…}], as_of=…)`."""

    def load(rows, *, actor=None, encoding="utf-8-sig", file="stop.csv", **arguments):
        path = tmp_path / file
        with path.open("w", encoding=encoding, newline="") as sink:
            writer = csv.DictWriter(sink, fieldnames=list({name: None for row in rows for name in row}))
            writer.writeheader()
            writer.writerows(rows)
        return services.stops_load(actor=actor or bank.mei, path=path, **({"as_of": MARCH} | arguments))

    return load


def holds(bank):
    """Return the stops of lists as tuples."""
    with acting(bank.system):
        found = Hold.objects.filter(source_kind="stop_list").order_by("pk")
        return [(h.person_id, h.kind, h.stops_contact, h.stops_placement, h.from_on, h.until_on) for h in found]


def test_a_chinese_list_becomes_holds(bank, persons, listed):
    """By account or identity number, in words, GB18030: two debtors are left alone, each by the entry that says why."""
    result = listed(
        [
            {"账户编号": "A-2", "证件号码": "", "停催原因": "特殊群体", "停催范围": "", "停催截止日": "", "计入回款率分母": "是"},
            {
                "账户编号": "", "证件号码": people.DAI.identity_number, "停催原因": "dispute", "停催范围": "停止联系",
                "停催截止日": "2026-03-31", "计入回款率分母": "",
            },
        ],
        encoding="gb18030",
    )  # fmt: skip
    assert (result.placed_count, result.rejected_count, result.problems) == (2, 0, [])
    assert holds(bank) == [
        (persons["A-1"], "special_group", True, True, MARCH, None),
        (persons["B-1"], "dispute", True, False, MARCH, date(2026, 4, 1)),
    ]
    with acting(bank.system):
        rows = selectors.left_out(creditor_id=bank.id, on=MARCH).to_pylist()
        entries = dict(StopEntry.objects.values_list("pk", "account__number"))
    assert [(row["person_id"], row["list_name"], row["pauses_term"], row["counts_in_rate"]) for row in rows] == [
        (persons["A-1"], "stop_list", True, True),
        (persons["B-1"], "stop_list", True, True),
    ]
    assert sorted(entries.values(), key=str) == ["A-2", None]
    assert {row["source_id"] for row in rows} == set(entries)


def test_bad_rows_are_named_and_good_ones_kept(bank, persons, listed):
    """Unknown, unnamed, contradicting, backward and too narrow rows are problems, each with its row; the others are taken."""
    result = listed(
        [
            {"account_number": "A-1", "id_number": "", "reason": "deceased", "scope": "", "until_on": ""},
            {"account_number": "Z-9", "id_number": "", "reason": "deceased", "scope": "", "until_on": ""},
            {"account_number": "", "id_number": "", "reason": "deceased", "scope": "", "until_on": ""},
            {"account_number": "A-1", "id_number": people.DAI.identity_number, "reason": "dispute", "scope": "", "until_on": ""},
            {"account_number": "B-1", "id_number": "", "reason": "dispute", "scope": "", "until_on": "2026-02-01"},
            {"account_number": "B-1", "id_number": "", "reason": "plan", "scope": "placement", "until_on": ""},
            {"account_number": "B-1", "id_number": "", "reason": "boredom", "scope": "", "until_on": ""},
            {"account_number": "", "id_number": "110101190001011009", "reason": "dispute", "scope": "", "until_on": ""},
            {"account_number": "A-2", "id_number": "", "reason": "deceased", "scope": "", "until_on": ""},
        ]
    )
    assert [(problem.row, problem.code) for problem in result.problems] == [
        (2, "StopAccountUnknown"),
        (3, "StopUnnamed"),
        (4, "StopNamesTwo"),
        (5, "StopSpanEmpty"),
        (6, "StopScopeTooNarrow"),
        (7, "CodeUnknown"),
        (8, "StopPersonUnknown"),
    ]
    assert (result.row_count, result.placed_count, result.duplicate_count, result.rejected_count) == (9, 1, 1, 7)
    assert holds(bank) == [(persons["A-1"], "deceased", True, True, MARCH, None)]


def test_the_same_file_does_nothing_twice_and_a_daily_list_repeats_nothing(bank, persons, listed):
    """Sent again it is a repeat; the next day's list with the same debtor leaves the stop as it is, and another end replaces it."""
    rows = [{"account_number": "A-1", "reason": "litigation", "until_on": ""}]
    first = listed(rows)
    assert listed(rows).is_repeat
    assert listed(rows).stop_list_id == first.stop_list_id
    tomorrow = listed(rows, as_of=LATER)
    assert (tomorrow.is_repeat, tomorrow.placed_count, tomorrow.unchanged_count) == (False, 0, 1)
    ended = listed([rows[0] | {"until_on": "2026-03-31"}], as_of=LATER)
    assert (ended.placed_count, ended.lifted_count) == (1, 1)
    assert [(from_on, until_on) for *_, from_on, until_on in holds(bank)] == [(MARCH, LATER), (LATER, date(2026, 4, 1))]


def test_a_whole_list_lifts_whoever_is_missing(bank, persons, listed):
    """Dai left the list and is lifted; with a bad row nothing is lifted, and a whole list without a usable row is refused."""
    listed([{"account_number": "A-1", "reason": "dispute"}, {"account_number": "B-1", "reason": "dispute"}])
    listed([{"account_number": "B-1", "reason": "deceased"}], name="registry")
    broken = listed(
        [{"account_number": "A-1", "reason": "dispute"}, {"account_number": "Z", "reason": "dispute"}], as_of=LATER, is_whole=True
    )
    assert (broken.lifted_count, broken.is_lifting_withheld) == (0, True)
    with pytest.raises(StopListEmpty):
        listed([{"account_number": "Z", "reason": "dispute"}], as_of=LATER, is_whole=True)
    whole = listed([{"account_number": "A-1", "reason": "dispute"}], as_of=LATER, is_whole=True)
    assert (whole.lifted_count, whole.unchanged_count) == (1, 1)
    assert [(kind, until_on) for _, kind, *_, until_on in holds(bank)] == [("dispute", None), ("dispute", LATER), ("deceased", None)]
    with acting(bank.system):
        left = selectors.left_out(creditor_id=bank.id, on=LATER).to_pylist()
    assert [(row["person_id"], row["kind"], row["counts_in_rate"]) for row in left] == [
        (persons["A-1"], "dispute", True),
        (persons["B-1"], "deceased", False),
    ]


def test_stops_of_lists_are_lifted_by_hand_and_others_stay(bank, persons, listed):
    """Qiu lifts Chen's stop for one reason; a hold that another room placed stays; the accountant may not."""
    listed([{"account_number": "A-1", "reason": "dispute"}, {"account_number": "A-1", "reason": "litigation"}])
    person_id = persons["A-1"]
    own = {"kind": "complaint", "stops_contact": True, "stops_placement": True, "source_kind": "complaint", "source_id": 1}
    services.hold_place(actor=bank.mei, person_id=person_id, from_on=MARCH, **own)
    with pytest.raises(Forbidden):
        services.stops_lift(actor=bank.fan, person_ids=[person_id], on=LATER)
    assert services.stops_lift(actor=bank.qiu, person_ids=[person_id], on=LATER, reason_code="dispute") == 1
    assert services.stops_lift(actor=bank.qiu, person_ids=[person_id], on=LATER) == 1
    assert services.stops_lift(actor=bank.qiu, person_ids=[person_id], on=LATER) == 0
    with acting(bank.system):
        left = selectors.left_out(creditor_id=bank.id, on=LATER).to_pylist()
        assert AuditEvent.objects.filter(action="stops_lifted", subject_kind="person", subject_id=person_id).count() == 2
    assert [row["kind"] for row in left] == ["complaint"]


def test_an_agency_sees_the_stops_of_its_own_cases(bank, persons, listed):
    """Ann, who has Chen's case, sees why he is left alone; Dai's stop and lists without her debtors do not exist for her."""
    listed([{"account_number": "A-1", "reason": "dispute"}])
    listed([{"account_number": "B-1", "reason": "dispute"}], name="other")
    with acting(bank.system):
        Case.objects.filter(person_id=persons["A-1"]).update(open_agency_id=bank.aoki.pk)
    with acting(bank.ann):
        assert [row["person_id"] for row in selectors.left_out(creditor_id=bank.id, on=MARCH).to_pylist()] == [persons["A-1"]]
        assert list(StopList.objects.values_list("name", flat=True)) == ["stop_list"]
    with pytest.raises(Forbidden):
        listed([{"account_number": "A-1", "reason": "dispute"}], actor=bank.ann)


def test_reasons_say_on_what_they_rest():
    """Both languages, a reference and a confidence each; what was not read is policy; a floor stands only on a text that was read."""
    for reason in selectors.stop_reasons().values():
        assert reason.en
        assert any(letter >= "\u4e00" for letter in reason.zh)
        assert reason.basis in ("law", "standard", "policy")
        assert reason.confidence in ("verbatim", "secondary", "memory")
        assert set(reason.stops) <= {"contact", "placement"}
        assert reason.reference
        if reason.confidence == "memory":
            assert reason.basis == "policy"
        if reason.floor:
            assert (reason.basis, reason.confidence) == ("law", "verbatim")
            assert set(reason.floor) <= set(reason.stops)


def test_rejected_rows_of_a_stop_list_come_back_as_a_file(bank, tape, tmp_path):
    """A row of an unknown account and one with an unknown reason are written with their reasons; mended, the file is a stop list again."""
    services.tape_intake(actor=bank.system, path=tape([row("A-1", **CHEN)]), mapping="native", as_of=date(2026, 3, 1))
    path, rejects = tmp_path / "stops.csv", tmp_path / "rejects.csv"
    path.write_text("account_number,reason\nA-1,dispute\nnobody,dispute\nA-1,boredom\n", encoding="utf-8")
    loaded = services.stops_load(actor=bank.qiu, path=path, as_of=date(2026, 3, 2), rejects_path=rejects)
    assert (loaded.placed_count, loaded.rejected_count, loaded.rejects_path) == (1, 2, rejects)
    lines = list(csv.reader(rejects.read_text(encoding="utf-8-sig").splitlines()))
    assert [line[:3] for line in lines[1:]] == [["A-1", "boredom", "3"], ["nobody", "dispute", "2"]]
    mended = tmp_path / "mended.csv"
    mended.write_text(
        rejects.read_text(encoding="utf-8-sig").replace("nobody", "A-1").replace("boredom", "complaint"), encoding="utf-8-sig"
    )
    assert services.stops_load(actor=bank.qiu, path=mended, as_of=date(2026, 3, 2)).rejected_count == 0
