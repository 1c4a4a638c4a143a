"""Loading files of payments: good rows are booked, bad rows come back, nothing is done twice and nothing half."""

from __future__ import annotations

from datetime import date

import pytest

from duecourse.kit.records import EmptyFile, MissingColumns, UnknownMapping
from duecourse.parties.access import acting
from duecourse.portfolio import services as portfolio
from duecourse.repayment import services
from duecourse.repayment.models import Payment, PaymentFile, PaymentMatch
from tests import people
from tests.portfolio import tapes
from tests.repayment import world
from tests.repayment.world import pay, write


def load(bank, path, **options):
    """Load a file as Fan."""
    return services.payments_load(actor=bank.fan, path=path, **options)


def test_good_rows_are_booked_and_bad_rows_come_back(bank, placed, tmp_path):
    """Unreadable cells, conflicts and unnamed reversals stand in the rejects file with their original texts and their reasons."""
    rows = [
        pay(placed[0], 12_345, ref="R1"),
        pay(placed[1], 1, ref="R2") | {"amount": "12.3.4"},
        pay(placed[2], 500, ref="R1") | {"account_number": "=cmd|' /C calc'!A0"},
        pay(placed[3], 700, ref="R4") | {"paid_on": "2026-02-31"},
        pay(placed[4], -900, ref="R5"),
    ]
    rejects = tmp_path / "rejects.csv"
    result = load(bank, write(tmp_path / "day.csv", rows), rejects_path=rejects)
    assert (result.row_count, result.payment_count, result.rejected_count, result.received_minor) == (5, 1, 4, {"CNY": 12_345})
    assert [(p.row, p.column, p.code) for p in result.problems] == [
        (2, "amount", "AmountUnreadable"),
        (3, "external_ref", "ReferenceConflict"),
        (4, "paid_on", "DateImpossible"),
        (5, "reverses_ref", "ReversalUnnamed"),
    ]
    text = rejects.read_text(encoding="utf-8-sig")
    assert "12.3.4" in text
    assert "2026-02-31" in text
    assert "'=cmd|" in text
    assert "The reference stands for another payment already." in text


def test_mended_rejects_are_loaded(bank, placed, tmp_path):
    """The rejects file, mended, is a file of payments like any other."""
    rejects = tmp_path / "rejects.csv"
    load(bank, write(tmp_path / "day.csv", [pay(placed[0], 100, ref="R1"), pay(placed[1], 200, ref="R1")]), rejects_path=rejects)
    mended = rejects.read_text(encoding="utf-8-sig").replace("R1", "R2")
    (tmp_path / "mended.csv").write_text(mended, encoding="utf-8-sig")
    result = load(bank, tmp_path / "mended.csv")
    assert (result.row_count, result.payment_count, result.rejected_count) == (1, 1, 0)


def test_same_file_is_loaded_once(bank, placed, tmp_path):
    """The second time returns the counts of the first, writes the rejects again, and does nothing."""
    path = write(tmp_path / "day.csv", [pay(placed[0], 100), pay(placed[0], 0, ref="R0")])
    first, second = load(bank, path), load(bank, path, rejects_path=tmp_path / "rejects.csv")
    assert (first.is_repeat, second.is_repeat, second.payment_count, second.rejected_count) == (False, True, 1, 1)
    assert first.payment_file_id == second.payment_file_id
    assert "R0" in (tmp_path / "rejects.csv").read_text(encoding="utf-8-sig")
    with acting(bank.fan):
        assert (Payment.objects.count(), PaymentFile.objects.count()) == (1, 1)


def test_overlapping_files_book_each_payment_once(bank, placed, tmp_path):
    """Yesterday's rows in today's file are duplicates."""
    rows = [pay(placed[0], 100), pay(placed[1], 200)]
    load(bank, write(tmp_path / "one.csv", rows))
    result = load(bank, write(tmp_path / "two.csv", [*rows, pay(placed[2], 300)]))
    assert (result.payment_count, result.duplicate_count) == (1, 2)


def test_chinese_headers_and_gb18030(bank, placed, tmp_path):
    """A file with Chinese column names in GB18030 is the same as one in English."""
    path = tmp_path / "日终.csv"
    head = "收款账号,银行流水号,金额,币种,还款日期,入账日期,账户编号,付款人姓名\n"
    path.write_bytes((head + f"LX-1,流水1,1.00,CNY,2026-09-10,2026-09-11,{placed[0].number},陈一\n").encode("gb18030"))
    assert load(bank, path).payment_count == 1
    with acting(bank.fan):
        assert Payment.objects.get().external_ref == "流水1"


def test_payer_is_found_by_blind_index(bank, tmp_path):
    """Dai has one account and pays it by identity number alone; Chen has two, so nobody can tell; a stranger has none."""
    path = tapes.TapeFile(tmp_path)([tapes.row("A-1", **tapes.CHEN), tapes.row("A-2", **tapes.CHEN), tapes.row("B-1", **tapes.DAI)])
    portfolio.tape_intake(actor=bank.mei, path=path, mapping="native", as_of=date(2026, 9, 1))
    numbers = {"R1": people.DAI.identity_number.lower(), "R2": people.CHEN.identity_number, "R3": "330781200001010017"}
    rows = [pay(None, 100, ref=ref, payer_id_number=number) for ref, number in numbers.items()]
    rows.append(pay(None, 100, ref="R4", payer_id_number=people.CHEN.identity_number, account_number="A-2"))
    result = load(bank, write(tmp_path / "day.csv", rows))
    assert (result.payment_count, result.suspense_count) == (4, 2)
    with acting(bank.fan):
        found = {m.payment.external_ref: (m.how, m.account.number if m.account else None) for m in PaymentMatch.objects.all()}
        stored = b"".join(bytes(p.payer_index or b"") + p.account_reference.encode() for p in Payment.objects.all())
    assert found == {"R1": ("blind_index", "B-1"), "R2": ("suspense", None), "R3": ("suspense", None), "R4": ("reference", "A-2")}
    assert people.DAI.identity_number.encode() not in stored


@pytest.mark.parametrize(("content", "error"), [(b"", EmptyFile), (b"bank_account,amount\nA,1\n", MissingColumns)])
def test_whole_file_is_refused(bank, tmp_path, content, error):
    """A file of which nothing can be taken leaves no row."""
    (tmp_path / "day.csv").write_bytes(content)
    with pytest.raises(error):
        load(bank, tmp_path / "day.csv")
    with acting(bank.fan):
        assert not PaymentFile.objects.exists()


def test_unknown_mapping_lists_those_there_are(bank, tmp_path):
    """The refusal names the mapping that is shipped."""
    with pytest.raises(UnknownMapping, match="native_payments"):
        load(bank, tmp_path / "day.csv", mapping="nothing")


def test_exception_in_the_middle_leaves_nothing(bank, placed, tmp_path, monkeypatch):
    """A load that breaks off leaves no file, no payment and no rejects; the same command then does all of it."""
    from duecourse.repayment.services import load as module

    path = write(tmp_path / "day.csv", [pay(placed[0], 100), pay(placed[0], 0, ref="R0")])

    def break_off(*_):
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(module, "_stored", break_off)
        with pytest.raises(RuntimeError):
            load(bank, path, rejects_path=tmp_path / "rejects.csv")
    assert not (tmp_path / "rejects.csv").exists()
    with acting(bank.fan):
        assert not Payment.objects.exists()
    assert load(bank, path).payment_count == 1


def test_two_loads_at_once_meet_no_debt_twice(committed_db, home, tmp_path):
    """Six files at once, each paying every account in full, some with the same rows: debts end at zero and the rest is in suspense."""
    from tests import factories

    bank = factories.bank()
    loans = world.placed(bank, 8)
    shared = [pay(loan, world.TOTAL, ref=f"S{loan.id}") for loan in loans]
    paths = [
        write(tmp_path / f"{n}.csv", [pay(loan, world.TOTAL, ref=f"F{n}-{loan.id}") for loan in loans[:: 1 if n % 2 else -1]] + shared)
        for n in range(6)
    ]
    results = committed_db.parallel(lambda number: load(bank, paths[number]), count=6)
    assert not [result for result in results if isinstance(result, Exception)]
    assert sum(result.payment_count for result in results) == 7 * len(loans)
    with acting(bank.fan):
        assert [sum(world.owed(bank, loan).values()) for loan in loans] == [0] * len(loans)
        assert world.books(bank)["suspense"] == -6 * len(loans) * world.TOTAL


def test_same_file_by_two_people_at_once(committed_db, home, tmp_path):
    """One of them loads it, the other is told what came of it."""
    from tests import factories

    bank = factories.bank()
    path = write(tmp_path / "day.csv", [pay(loan, 100) for loan in world.placed(bank, 4)])
    results = committed_db.parallel(lambda _: load(bank, path), count=4)
    assert sorted(result.is_repeat for result in results) == [False, True, True, True]
    assert {result.payment_count for result in results} == {4}
