"""Files on their way in and their traces: uploads that do not last, downloads that leave a trace, mappings in dated versions, chosen lifts."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta

import pytest

from duecourse.kit import clock
from duecourse.kit.errors import Forbidden
from duecourse.kit.records import Mapping
from duecourse.ledger.errors import FileDestroyed
from duecourse.ledger.models import AuditEvent
from duecourse.ledger.selectors import page
from duecourse.parties.access import acting
from duecourse.portfolio import selectors, services
from duecourse.portfolio.errors import TapeMissing, UploadMissing
from duecourse.portfolio.models import Hold
from duecourse.portfolio.services.lifts import LiftUnclear
from duecourse.portfolio.services.uploads import UPLOAD_KEPT, file_name
from tests import factories, people
from tests.portfolio.tapes import CHEN, DAI, row

MARCH = date(2026, 3, 1)


@pytest.fixture
def taken(bank, tape):
    """A tape of two good rows and one bad one; return its number."""
    rows = [row("A-1", **CHEN), row("B-1", **DAI), row("=cmd()", principal="much")]
    return services.tape_intake(actor=bank.mei, path=tape(rows, name="2026年三月.csv"), mapping="native", as_of=MARCH).tape_id


def test_an_upload_is_sealed_and_comes_back_as_it_was(bank, tape):
    """What is kept on the disk does not show the file; what is opened is the file, under its name, and vanishes."""
    source = tape.raw(b"number\nA-1 secret", name="list.csv")
    file_id = services.upload_put(actor=bank.mei, path=source, name="../../甲\x00.csv")
    with services.upload_opened(actor=bank.qiu, file_id=file_id) as path:
        assert (path.name, path.read_bytes()) == ("甲.csv", b"number\nA-1 secret")
    assert not path.exists()
    kept = list((source.parent / "home" / "files").rglob("*.upload"))
    assert len(kept) == 1
    assert b"secret" not in kept[0].read_bytes()


def test_an_upload_lasts_two_days(bank, tape):
    """The next upload after two days destroys what is left of earlier ones."""
    old = services.upload_put(actor=bank.mei, path=tape.raw(b"old"), name="old.csv")
    with clock.frozen(clock.now() + UPLOAD_KEPT + timedelta(minutes=1)):
        services.upload_put(actor=bank.mei, path=tape.raw(b"new"), name="new.csv")
        with pytest.raises(FileDestroyed), services.upload_opened(actor=bank.mei, file_id=old):
            pass


def test_uploads_are_the_creditors_own(bank, tape, taken):
    """Another creditor, an agency and the number of another kind of file find nothing; an accountant uploads nothing."""
    file_id = services.upload_put(actor=bank.mei, path=tape.raw(b"x"), name="x.csv")
    other = factories.bank(people.OTHER_BANK)
    with acting(bank.mei):
        original = selectors.tape_page(bank.mei, taken)["file_id"]
    for actor, wanted in ((other.mei, file_id), (bank.ann, file_id), (bank.mei, original), (bank.mei, 2**40)):
        with pytest.raises(UploadMissing), services.upload_opened(actor=actor, file_id=wanted):
            pass
    with pytest.raises(Forbidden):
        services.upload_put(actor=bank.fan, path=tape.raw(b"x"), name="x.csv")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("C:\\tmp\\表.xlsx", "表.xlsx"), ("../..", "file"), ("", "file"), ("a\nb.csv", "ab.csv"), ("长" * 300 + ".xlsx", "长" * 60 + ".xlsx"),
        ("a." + "b" * 40, "a." + "b" * 40), ("😀.csv", "😀.csv"), (".csv", "csv"), ("😀" * 300 + ".xlsx", "😀" * 60 + ".xlsx"),
        ("😀" * 70 + "." + "😀" * 10, "😀" * 60),
    ],
)  # fmt: skip
def test_names_of_uploads_can_lie_on_any_disk(given, kept):
    """Folders, control characters and length are taken off; what people recognise stays."""
    assert file_name(given) == kept


def test_a_tape_tells_its_numbers_and_its_first_rejects(bank, taken):
    """The page of a tape holds the conservation law, the rejected rows and what was only remarked."""
    with acting(bank.mei):
        tape = selectors.tape_page(bank.mei, taken)
        listed = page(selectors.TAPES_PAGE, creditor_id=bank.id, order="-known_at", filters={"state": "with_rejects", "file": "三月"}).rows
        empty = page(selectors.TAPES_PAGE, creditor_id=bank.id, order="-known_at", filters={"state": "all_taken"}).rows
    assert tape["law"] == {"row_count": 3, "accepted_count": 2, "rejected_count": 1, "passed_over_count": 0, "holds": True}
    assert [(p.row, p.code) for p in tape["problems"]] == [(3, "AmountUnreadable")]
    assert [(row["tape_id"], row["file_name"], row["rejected_count"]) for row in listed] == [(taken, "2026年三月.csv", 1)]
    assert empty == []


def test_a_download_is_written_down_and_its_formulas_are_neutral(bank, taken):
    """Whoever takes the rejects is in the trail first; a cell that a spreadsheet would run has an apostrophe."""
    opened = services.tape_file_open(actor=bank.qiu, tape_id=taken, part="rejects")
    with opened.stream:
        text = opened.stream.read().decode("utf-8-sig")
    assert "'=cmd()" in text
    assert '"=cmd()' not in text
    with acting(bank.system):
        event = AuditEvent.objects.get(action="tape_file_opened")
    assert (event.actor_id, event.subject_id, event.details["part"], event.details["row_count"]) == (bank.qiu.user_id, taken, "rejects", 1)


def test_downloads_are_for_those_who_may(bank, taken):
    """An accountant is refused, another creditor and a tape without rejects are absent."""
    with pytest.raises(Forbidden):
        services.tape_file_open(actor=bank.fan, tape_id=taken, part="original")
    with pytest.raises(TapeMissing):
        services.tape_file_open(actor=factories.bank(people.OTHER_BANK).mei, tape_id=taken, part="original")


def test_mappings_are_saved_in_versions(bank):
    """Saving the same again gives the same version, a change the next one; only managers save, and the trail tells."""
    made = Mapping(
        name="first-bank", record="overdue_tape", columns={"号": "account_number"}, constants={"product_class": "other", "lender_class": "bank"},
        sums={"balance_minor": ("本", "息"), "principal_minor": ("本金", "本金二")}, currency="CNY",
    )  # fmt: skip
    first = services.mapping_save(actor=bank.mei, mapping=made)
    assert services.mapping_save(actor=bank.mei, mapping=made) == first
    second = services.mapping_save(actor=bank.lin, mapping=dataclasses.replace(made, currency="USD"))
    assert int(second.rpartition(".")[2]) == int(first.rpartition(".")[2]) + 1
    assert services.tape_mapping("first-bank", creditor_id=bank.id).currency == "USD"
    with pytest.raises(Forbidden):
        services.mapping_save(actor=bank.qiu, mapping=made)
    with acting(bank.system):
        assert AuditEvent.objects.filter(action="mapping_saved").count() == 2


def test_chosen_stops_are_lifted_with_a_reason(bank, taken, tmp_path):
    """Only the chosen stop ends; a stop of another room, another creditor's and a repeat change nothing."""
    stop = tmp_path / "stop.csv"
    stop.write_text("account_number,reason\nA-1,stop_list\nA-1,hardship\nB-1,stop_list\n", encoding="utf-8")
    services.stops_load(actor=bank.qiu, path=stop, as_of=MARCH)
    with acting(bank.system):
        ids = list(Hold.objects.order_by("pk").values_list("pk", flat=True))
        person = Hold.objects.get(pk=ids[0]).person_id
    other = services.hold_place(
        actor=bank.qiu,
        person_id=person,
        kind="dispute",
        stops_contact=True,
        stops_placement=True,
        source_kind="dispute",
        source_id=1,
        from_on=MARCH,
    )
    result = services.holds_lift(actor=bank.mei, hold_ids=[ids[0], other], on=date(2026, 3, 9), why="listed_in_error")
    assert (result.lifted_count, result.kept_count) == (1, 1)
    assert services.holds_lift(actor=bank.mei, hold_ids=[ids[0]], on=date(2026, 3, 9), why="cause_over").lifted_count == 0
    assert services.holds_lift(actor=factories.bank(people.OTHER_BANK).mei, hold_ids=ids, on=MARCH, why="cause_over").lifted_count == 0
    with acting(bank.system):
        ends = dict(Hold.objects.values_list("pk", "until_on"))
        event = AuditEvent.objects.get(action="holds_lifted", creditor_id=bank.id)
    assert [ends[hold] for hold in (*ids, other)] == [date(2026, 3, 9), None, None, None]
    assert event.details["why"] == "listed_in_error"


@pytest.mark.parametrize(("ids", "why"), [([1], "because"), ([], "cause_over"), (list(range(2000)), "cause_over")])
def test_unclear_lifts_are_refused(bank, ids, why):
    """No reason of the list, nothing chosen or too much at once lifts nothing."""
    with pytest.raises(LiftUnclear):
        services.holds_lift(actor=bank.mei, hold_ids=ids, on=MARCH, why=why)


def test_stops_are_a_list_with_states(bank, taken, tmp_path):
    """In force, coming and ended stops are told apart by the day; the list that placed them and the account's number find them."""
    stop = tmp_path / "stop.csv"
    rows = ["A-1,stop_list,2026-03-01,", "A-1,hardship,2026-03-20,", "B-1,complaint,2026-02-01,2026-02-20", "Z-9,stop_list,,"]
    stop.write_text("account_number,reason,from_on,until_on\n" + "\n".join(rows) + "\n", encoding="utf-8")
    loaded = services.stops_load(actor=bank.qiu, path=stop, as_of=MARCH, name="daily")
    with acting(bank.mei):
        wanted = {"creditor_id": bank.id, "order": "hold", "parameters": selectors.stops_parameters(today=MARCH)}
        found = page(selectors.STOPS_PAGE, **wanted).rows
        mine = page(
            selectors.STOPS_PAGE, **wanted, filters={"number": "A-1", "state": "in_force", "list": "daily", "on": "2026-03-02"}
        ).rows
        counts = selectors.stops_by_reason(creditor_id=bank.id, on=MARCH)
        listed = selectors.stop_list_page(creditor_id=bank.id, stop_list_id=loaded.stop_list_id)
    assert sorted((row["kind"], row["state"], row["last_on"]) for row in found) == [
        ("hold_complaint", "ended", date(2026, 2, 20)),
        ("hold_hardship", "coming", None),
        ("hold_stop_list", "in_force", None),
    ]
    assert [row["kind"] for row in mine] == ["hold_stop_list"]
    assert [(row["kind"], row["person_count"]) for row in counts] == [("stop_list", 1)]
    assert [(p.row, p.code) for p in listed["problems"]] == [(4, "StopAccountUnknown")]
