"""Bad input: a message that names row and column and says what to do; good rows kept; nothing half-written.

1. What is wrong with the file as a whole refuses the file, and not a row of any table is left.
2. What is wrong with a row refuses the row, and its neighbours come in.
3. The rejects go back as they came, are mended, and are taken in the second time.
"""

from __future__ import annotations

import csv
import io
import resource
import signal
from datetime import date

import pytest

from duecourse.kit.errors import DuecourseError
from duecourse.kit.records import BinaryFile, EmptyFile, FileAbsent, MissingColumns, UnknownMapping, WriteFailed
from duecourse.kit.records.writing import RejectsWriter
from duecourse.ledger.selectors import book_totals, file_read
from duecourse.parties.access import acting
from duecourse.portfolio import services
from duecourse.portfolio.errors import AsOfImplausible, StorageFull, TapeChanged
from duecourse.portfolio.models import Account, Person, Tape, TapeRow
from tests.portfolio.tapes import CHEN, DAI, row, text_of

MARCH = date(2026, 3, 1)


def take(bank, path, **options):
    """Take a file in as Mei."""
    return services.tape_intake(actor=bank.mei, path=path, mapping=options.pop("mapping", "native"), as_of=MARCH, **options)


def nothing_is_there(bank):
    """Say whether no row of the room is left."""
    with acting(bank.mei):
        return not any(model.objects.exists() for model in (Tape, TapeRow, Person, Account)) and not book_totals(creditor_id=bank.id)


def without(columns, *names):
    """Return a row without some columns."""
    return {name: value for name, value in columns.items() if name not in names}


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b"", EmptyFile, "is empty"),
        (b"\n \n\n", EmptyFile, "is empty"),
        (bytes(range(256)) * 40, BinaryFile, "first at byte 0"),
        (text_of([without(row("A-1"), "balance", "currency")]).encode(), MissingColumns, "currency, balance"),
        ((text_of([row("A-1")]) * 3).encode("utf-16"), BinaryFile, "UTF-16"),
    ],
)
def test_file_that_is_no_tape_is_refused_whole(bank, tape, content, error, words):
    """Empty, binary, UTF-16 and headers without a required column: the message says what it is, and nothing is written."""
    with pytest.raises(error, match=words):
        take(bank, tape.raw(content))
    assert nothing_is_there(bank)


def test_absent_file_and_unknown_mapping_are_refused(bank, tape, tmp_path):
    """A wrong path and a wrong mapping are told apart, and the mappings that exist are listed."""
    with pytest.raises(FileAbsent, match="cannot be opened"):
        take(bank, tmp_path / "nowhere.csv")
    with pytest.raises(UnknownMapping, match="lendingclub, lendingclub_at_charge_off, native"):
        take(bank, tape([row("A-1")]), mapping="natve")
    with pytest.raises(UnknownMapping):
        take(bank, tape([row("A-1")]), mapping="../mappings/native")


@pytest.mark.parametrize(
    ("changes", "code", "column"),
    [
        ({"principal": "-1.00", "balance": "20.75"}, "BelowMinimum", "principal"),
        ({"balance": "-1021.75"}, "BelowMinimum", "balance"),
        ({"oldest_due_on": "2026-02-31"}, "DateImpossible", "oldest_due_on"),
        ({"oldest_due_on": "31.01.2026"}, "DateUnreadable", "oldest_due_on"),
        ({"balance": "1021.76"}, "ComponentsUnequal", "balance"),
        ({"interest": "20.505", "balance": "1021.755"}, "AmountUnreadable", "interest"),
        ({"account_number": ""}, "MissingValue", "account_number"),
        ({"product_class": "yacht_loan"}, "CodeUnknown", "product_class"),
        ({"currency": "YUA"}, "CurrencyUnknown", "principal"),
        ({"oldest_due_on": "", "days_past_due": ""}, "AgeUnknown", "oldest_due_on"),
        ({"days_past_due": "40000"}, "DaysImplausible", "days_past_due"),
        ({"account_number": "A-1"}, "DuplicateAccount", "account_number"),
    ],
)
def test_bad_row_is_refused_and_its_neighbours_come_in(bank, tape, tmp_path, changes, code, column):
    """The problem names row and column; the rows before and after are kept; the reject stands in the file as it came."""
    bad = row("A-2", **DAI) | changes
    result = take(bank, tape([row("A-1", **CHEN), bad, row("A-3", **CHEN)]), rejects_path=tmp_path / "rejects.csv")
    assert (result.counts["row_count"], result.counts["accepted_count"], result.counts["rejected_count"]) == (3, 2, 1)
    problem = result.problems[0]
    assert (problem.row, problem.column, problem.code) == (2, column, code)
    assert problem.message().startswith(f"row 2, column '{column}': ")
    assert problem.todo
    back = list(csv.DictReader(io.StringIO(result.rejects_path.read_text(encoding="utf-8-sig"))))
    assert len(back) == 1
    assert {name: back[0][name].lstrip("'") for name in bad} == bad
    assert (back[0]["_row"], back[0]["_column"].split("; ")[0]) == ("2", column)


def test_duplicate_names_the_first_row_also_over_chunks(bank, tape, monkeypatch):
    """The second row of an account is refused and told where the first stands, however far apart they are."""
    from duecourse.kit.records import Limits
    from duecourse.portfolio.services import intake

    small = intake.read
    monkeypatch.setattr(intake, "read", lambda path, **options: small(path, limits=Limits(block_bytes=2_000), **options))
    rows = [row(f"A-{n}", balance="1.00") for n in range(60)]
    result = take(bank, tape([*rows, row("A-3", balance="2.00"), row("A-59", balance="3.00")]))
    found = {(p.row, p.parameters["first_row"]) for p in result.problems}
    assert found == {(61, 4), (62, 60)}
    assert result.counts["balance_minor"] == {"CNY": 6_000}


def test_two_encodings_in_one_file(bank, tape):
    """Rows that are not in the file's encoding are refused by number; the others come in."""
    lines = text_of([row("A-1", **CHEN), row("A-2", **DAI), row("A-3", **CHEN)]).splitlines(keepends=True)
    mixed = b"".join(line.encode("gb18030" if "A-2" in line else "utf-8") for line in lines)
    result = take(bank, tape.raw(mixed))
    assert [(p.row, p.code) for p in result.problems] == [(2, "MixedEncoding")]
    assert result.counts["accepted_count"] == 2


def test_whole_file_in_gb18030_comes_in(bank, tape):
    """A file of one Chinese encoding needs no mapping of its own."""
    take(bank, tape([row("A-1", **CHEN)], encoding="gb18030"))
    with acting(bank.mei):
        person_id = Person.objects.get().pk
    assert services.person_reveal(actor=bank.mei, person_id=person_id, purpose="compare").name == CHEN["person_name"]


def test_formula_is_neutralised_in_the_rejects_and_kept_in_the_records(bank, tape, tmp_path):
    """A cell that begins with = goes out with an apostrophe, and what is stored is what came."""
    formula = "=HYPERLINK(1)"
    rows = [row("A-1", **CHEN | {"person_name": formula}), row("A-2", **DAI | {"person_name": formula}, balance="x")]
    result = take(bank, tape(rows), rejects_path=tmp_path / "rejects.csv")
    back = next(csv.DictReader(io.StringIO(result.rejects_path.read_text(encoding="utf-8-sig"))))
    assert back["person_name"] == "'" + formula
    with acting(bank.mei):
        person_id = Person.objects.get().pk
    assert services.person_reveal(actor=bank.mei, person_id=person_id, purpose="compare").name == formula


def test_unreadable_phone_does_not_keep_the_debt_out(bank, tape):
    """The row comes in without the number, and a remark says so."""
    result = take(bank, tape([row("A-1", **CHEN | {"phone": "n. a. yet"})]))
    assert (result.counts["accepted_count"], result.counts["contact_point_new_count"]) == (1, 0)
    assert [(p.row, p.code) for p in result.problems] == [(1, "PhoneUnreadable")]


def test_mended_rejects_are_taken_in(bank, tape, tmp_path):
    """The rejects file, mended and sent again as it is, brings the missing row, and the first tape stays what it was."""
    first = take(
        bank, tape([row("A-1", **CHEN), row("A-2", **DAI, balance="5.00", opened_on="2026-02-31")]), rejects_path=tmp_path / "rejects.csv"
    )
    mended = tmp_path / "mended.csv"
    mended.write_bytes(first.rejects_path.read_bytes().replace(b"2026-02-31", b"2026-02-28"))
    second = take(bank, mended)
    assert (second.counts["row_count"], second.counts["accepted_count"]) == (1, 1)
    with acting(bank.mei):
        assert sorted(Account.objects.values_list("number", flat=True)) == ["A-1", "A-2"]
        assert services.cases_close_absent(actor=bank.mei, tape_id=second.tape_id) == []


def test_rejects_are_kept_sealed_and_handed_out_again(bank, tape, tmp_path, home):
    """The second run of the same file writes the same rejects file, from the sealed copy."""
    path = tape([row("A-1", **CHEN), row("A-2", **DAI, balance="x")])
    first = take(bank, path, rejects_path=tmp_path / "first.csv")
    second = take(bank, path, rejects_path=tmp_path / "second.csv")
    assert not second.is_new
    assert first.rejects_path.read_bytes() == second.rejects_path.read_bytes()
    with acting(bank.mei):
        stored = Tape.objects.get()
        assert file_read(creditor_id=bank.id, file_id=stored.rejects_file_id) == first.rejects_path.read_bytes()
    assert not any(DAI["id_number"].encode() in f.read_bytes() for f in (home / "files").rglob("*") if f.is_file())


def test_problems_hold_nothing_personal(bank, tape):
    """What was wrong is told without repeating the cell: messages go to screens and logs."""
    odd = {"phone": "call Chen at home", "balance": "13812345678x", "oldest_due_on": CHEN["id_number"]}
    result = take(bank, tape([row("A-1", **CHEN) | odd, row("A-2", **CHEN | {"phone": "call Chen at home"})]))
    told = " ".join(p.message() + str(p.parameters) for p in result.problems)
    assert not any(text in told for text in (*odd.values(), CHEN["person_name"]))


def test_disk_that_fills_up_while_the_rejects_are_written(bank, tape, tmp_path, monkeypatch):
    """A refused write ends the intake with a plain sentence, and nothing of it is left."""

    def full(self, chunk):
        raise WriteFailed(file="rejects.csv", reason="the disk is full")

    monkeypatch.setattr(RejectsWriter, "write", full)
    with pytest.raises(WriteFailed, match="disk is full"):
        take(bank, tape([row("A-1", **CHEN), row("A-2", balance="x")]), rejects_path=tmp_path / "rejects.csv")
    assert nothing_is_there(bank)
    assert not (tmp_path / "rejects.csv").exists()


def test_disk_that_fills_up_while_the_original_is_sealed(bank, tape, home):
    """The system refuses to write more than some bytes; the records are as before, and the same command works once there is space."""
    path = tape([row(f"A-{n}", **CHEN) for n in range(400)])
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(StorageFull, match="could not be stored"):
            take(bank, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert nothing_is_there(bank)
    assert not [f for f in (home / "files").rglob("*") if f.is_file()]
    assert take(bank, path).counts["accepted_count"] == 400


def test_file_that_changes_meanwhile_is_refused(bank, tape):
    """A file that is still being delivered is not taken in by halves."""
    path = tape([row("A-1", **CHEN)])

    def append(done, total, text):
        if text == "Reading rows":
            path.write_text(path.read_text() + text_of([row("A-2", **DAI)]).splitlines()[1] + "\n")

    with pytest.raises(TapeChanged):
        take(bank, path, progress=append)
    assert nothing_is_there(bank)


def test_every_refusal_says_what_to_do():
    """Each error of the room has a text of what happened and of what to do, or says that it cannot be helped."""
    from duecourse.portfolio import errors

    ours = [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, DuecourseError) and e.__module__ == errors.__name__]
    assert len(ours) > 15
    assert [e.__name__ for e in ours if not e.what or not (e.todo or e.why)] == []


@pytest.mark.parametrize("as_of", [date(1, 1, 1), date(1899, 12, 31), date(9999, 12, 31)])
def test_tape_of_another_age_is_refused(bank, tape, as_of):
    """A wrong year would make a tape the newest for ever, or the oldest; it is refused before anything is read."""
    with pytest.raises(AsOfImplausible):
        services.tape_intake(actor=bank.mei, path=tape([row("A1")]), mapping="native", as_of=as_of)
    assert nothing_is_there(bank)
