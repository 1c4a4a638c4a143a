"""Intake: what becomes of a tape's rows.

1. Rows in = accepted + rejected + passed over; the sum of balances is the control total (docs/algorithms/intake.md).
2. The same file, day and mapping is one tape.
3. After a tape, what the ledger says is owed is what the tape says.
"""

from __future__ import annotations

from datetime import date

import pytest

from duecourse.kit.errors import Forbidden
from duecourse.ledger.selectors import book_totals, file_read, receivable_balances
from duecourse.parties.access import acting
from duecourse.portfolio import selectors, services
from duecourse.portfolio.errors import ControlUnreadable, TotalsDisagree
from duecourse.portfolio.models import (
    Account,
    Case,
    CaseAccount,
    CaseTransition,
    ContactPoint,
    Obligation,
    Person,
    PersonSecret,
    Tape,
    TapeRow,
)
from tests.portfolio.tapes import CHEN, DAI, row

MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)


def take(bank, path, *, as_of=MARCH, **options):
    """Take a file in as Mei."""
    return services.tape_intake(actor=bank.mei, path=path, mapping=options.pop("mapping", "native"), as_of=as_of, **options)


def owed(bank, *numbers):
    """Return what the ledger says the accounts owe together."""
    ids = selectors.account_ids_by_number(creditor_id=bank.id, numbers=numbers)
    return sum(receivable_balances(creditor_id=bank.id, account_ids=ids.values())["balance_minor"].to_pylist())


def test_one_row_becomes_all_its_records(bank, tape):
    """A row becomes person, secret, account, obligation, contact point, case, its account and transition, tape row and opening balance."""
    result = take(bank, tape([row("A-1", **CHEN, email="chen@post.example", address="浙江省金华市 兰溪市 1 号")]))
    assert result.is_new
    assert result.counts["row_count"] == result.counts["accepted_count"] == 1
    assert result.counts["balance_minor"] == {"CNY": 102_175}
    with acting(bank.mei):
        person, account, case = Person.objects.get(), Account.objects.get(), Case.objects.get()
        assert (person.zone, person.zone_source) == ("Asia/Shanghai", "creditor default")
        assert (account.number, account.balance_authority, account.opened_on) == ("A-1", "core", date(2024, 5, 1))
        assert Obligation.objects.get().person_id == person.pk
        assert (case.person_id, case.region, case.opened_on, case.open_agency_id) == (person.pk, "330700", MARCH, None)
        assert CaseAccount.objects.get().account_id == account.pk
        assert CaseTransition.objects.get().status == "opened"
        assert {p.kind for p in ContactPoint.objects.all()} == {"phone", "email", "address"}
        assert TapeRow.objects.get().balance_minor == owed(bank, "A-1") == 102_175
        assert book_totals(creditor_id=bank.id) == [("opening", "CNY", -102_175), ("receivable", "CNY", 102_175)]


def test_what_is_personal_is_stored_sealed(bank, tape):
    """Nothing personal stands in a column in the clear, and the person's own key opens it again."""
    take(bank, tape([row("A-1", **CHEN)]))
    with acting(bank.mei):
        secret, point = PersonSecret.objects.get(), ContactPoint.objects.get()
        stored = b"|".join(bytes(v) for v in (secret.name_sealed, secret.identity_sealed, secret.identity_index, point.value_sealed))
        assert not any(text.encode() in stored for text in (CHEN["person_name"], CHEN["id_number"], CHEN["phone"]))
        shown = selectors.person_values(creditor_id=bank.id, person_id=secret.person_id)
        assert str(shown.name) == "***"
    revealed = services.person_reveal(actor=bank.mei, person_id=secret.person_id, purpose="to see whether it opens")
    assert (revealed.name, revealed.points[0].value) == (CHEN["person_name"], CHEN["phone"])


def test_same_file_twice_is_one_tape(bank, tape):
    """The second time returns the same result and does nothing."""
    path = tape([row("A-1", **CHEN), row("A-2", balance="5.00", oldest_due_on="", days_past_due="")])
    first, second = take(bank, path), take(bank, path)
    assert (first.is_new, second.is_new) == (True, False)
    assert (first.tape_id, first.counts, first.problems) == (second.tape_id, second.counts, second.problems)
    with acting(bank.mei):
        assert (Tape.objects.count(), TapeRow.objects.count(), Person.objects.count()) == (1, 1, 1)


def test_same_file_of_another_day_is_another_tape(bank, tape):
    """The day is part of the key."""
    path = tape([row("A-1", **CHEN)])
    assert take(bank, path).tape_id != take(bank, path, as_of=APRIL).tape_id
    with acting(bank.mei):
        assert owed(bank, "A-1") == 102_175


def test_accounts_of_one_debtor_are_one_person_and_one_case(bank, tape):
    """归户: identity numbers written differently are one debtor, over rows and over tapes."""
    spaced = CHEN | {"id_number": " ".join(CHEN["id_number"]).lower()}
    take(bank, tape([row("A-1", **CHEN), row("A-2", **spaced), row("B-1", **DAI)]))
    result = take(bank, tape([row("A-3", **CHEN, balance="7.00")], name="april.csv"), as_of=APRIL)
    assert (result.counts["person_new_count"], result.counts["case_opened_count"]) == (0, 0)
    with acting(bank.mei):
        assert (Person.objects.count(), Case.objects.count(), Account.objects.count()) == (2, 2, 4)
        refs = selectors.case_accounts_by_number(creditor_id=bank.id)
        assert refs["A-1"][0] == refs["A-2"][0] == refs["A-3"][0] != refs["B-1"][0]
        found = selectors.accounts_by_identity(creditor_id=bank.id, numbers=[CHEN["id_number"], "330781200001010017"])
        assert found == {CHEN["id_number"]: sorted(refs[number][1] for number in ("A-1", "A-2", "A-3"))}


def test_without_identity_there_is_one_person_per_account(bank, tape):
    """Same name and telephone are no identity; and a known account keeps its person in the next tape."""
    nameless = {"person_name": CHEN["person_name"], "phone": CHEN["phone"]}
    take(bank, tape([row("A-1", **nameless), row("A-2", **nameless)]))
    take(bank, tape([row("A-1", **nameless, balance="3.00"), row("A-2", **nameless)], name="april.csv"), as_of=APRIL)
    with acting(bank.mei):
        assert (Person.objects.count(), ContactPoint.objects.count()) == (2, 2)


def test_new_contact_points_are_added_and_old_ones_not_doubled(bank, tape):
    """A changed number is a second contact point; the same one, written otherwise, is not."""
    take(bank, tape([row("A-1", **CHEN)]))
    again = [row("A-1", **CHEN | {"phone": "138 0000 0001"}), row("A-2", **CHEN | {"phone": "13900000009"})]
    result = take(bank, tape(again, name="april.csv"), as_of=APRIL)
    assert result.counts["contact_point_new_count"] == 1
    with acting(bank.mei):
        person = Person.objects.get()
    revealed = services.person_reveal(actor=bank.mei, person_id=person.pk, purpose="compare")
    assert [point.value for point in revealed.points] == ["+8613800000001", "+8613900000009"]


def test_debtor_is_found_after_the_keys_were_rotated(bank, tape, settings):
    """Indexes made with an older key still find their person and contact points; new ones are made with the new key."""
    from duecourse.kit.crypto import Keyring

    take(bank, tape([row("A-1", **CHEN)]))
    settings.DUECOURSE_KEYRING = Keyring({"test-2": b"u" * 32, "test-1": b"t" * 32}, active_id="test-2")
    result = take(bank, tape([row("A-2", **CHEN), row("B-1", **DAI)], name="april.csv"), as_of=APRIL)
    assert (result.counts["person_new_count"], result.counts["contact_point_new_count"]) == (1, 1)
    with acting(bank.mei):
        assert Person.objects.count() == 2
        assert sorted(PersonSecret.objects.values_list("index_key_id", flat=True)) == ["test-1", "test-2"]
        found = selectors.accounts_by_identity(creditor_id=bank.id, numbers=[CHEN["id_number"], DAI["id_number"]])
        assert sorted(len(accounts) for accounts in found.values()) == [1, 2]


def test_ledger_follows_the_tape(bank, tape):
    """The difference from tape to tape is booked against accrual, component by component, down to nothing."""
    take(bank, tape([row("A-1", **CHEN), row("A-2", **CHEN, balance="10.00")]))
    changed = [row("A-1", **CHEN) | {"principal": "900.00", "balance": "921.75"}, row("A-2", **CHEN, balance="0.00")]
    result = take(bank, tape(changed, name="april.csv"), as_of=APRIL)
    assert result.counts["account_known_count"] == 2
    with acting(bank.mei):
        assert (owed(bank, "A-1"), owed(bank, "A-2")) == (92_175, 0)
        totals = {book: amount for book, _, amount in book_totals(creditor_id=bank.id)}
        assert totals == {"accrual": 11_000, "opening": -103_175, "receivable": 92_175}


def test_a_backdated_tape_does_not_move_the_books(bank, tape):
    """A tape of an earlier day that comes late is kept, and the balance stays that of the later day."""
    take(bank, tape([row("A-1", **CHEN, balance="50.00")]), as_of=APRIL)
    take(bank, tape([row("A-1", **CHEN, balance="80.00")], name="late.csv"), as_of=MARCH)
    with acting(bank.mei):
        assert (owed(bank, "A-1"), TapeRow.objects.count()) == (5_000, 2)
        accounts, _ = selectors.ageing_inputs(creditor_id=bank.id, as_of=APRIL)
        assert accounts["balance_minor"].to_pylist() == [5_000]


def test_another_identity_for_a_known_account_is_refused(bank, tape):
    """An account does not change its debtor silently."""
    take(bank, tape([row("A-1", **CHEN)]))
    result = take(bank, tape([row("A-1", **DAI)], name="april.csv"), as_of=APRIL)
    assert [problem.code for problem in result.problems] == ["IdentityDiffers"]
    assert result.counts["accepted_count"] == 0


def test_another_currency_for_a_known_account_is_refused(bank, tape):
    """An account stays in its currency."""
    take(bank, tape([row("A-1", **CHEN)]))
    result = take(bank, tape([row("A-1", **CHEN, currency="USD")], name="april.csv"), as_of=APRIL)
    assert [problem.code for problem in result.problems] == ["CurrencyDiffers"]


@pytest.mark.parametrize("given", [{"rows": 2, "balance": {"CNY": "1026.75"}}, {"rows": 2}, {"balance": {"CNY": "1026.75"}}])
def test_right_control_totals_are_kept_with_the_tape(bank, tape, given):
    """The totals cover refused rows too, as far as their balance can be read."""
    path = tape([row("A-1", **CHEN), row("A-2", balance="5.00", opened_on="2026-02-31")])
    result = take(bank, path, control_totals=given)
    assert (result.counts["accepted_count"], result.counts["rejected_count"]) == (1, 1)
    with acting(bank.mei):
        assert Tape.objects.get().control_totals["rows"] == given.get("rows")


def test_wrong_control_totals_refuse_the_whole_file(bank, tape):
    """A sidecar that disagrees keeps everything out, and both sides are shown."""
    path = tape([row("A-1", **CHEN)])
    path.with_name("tape.csv.control.json").write_text('{"rows": 2, "balance": {"CNY": "1021.76"}}')
    with pytest.raises(TotalsDisagree, match=r"2 rows declared, 1 found; CNY 1021.76 declared, 1021.75 found"):
        take(bank, path)
    with acting(bank.mei):
        assert not Tape.objects.exists()
        assert not Person.objects.exists()


@pytest.mark.parametrize("text", ["[]", '{"row": 1}', '{"rows": "1"}', '{"balance": {"CNY": 1.5}}', '{"balance": {"XXX": "1"}}', "{"])
def test_unreadable_control_totals_are_refused(bank, tape, text):
    """A sidecar in another form is not passed over."""
    path = tape([row("A-1", **CHEN)])
    path.with_name("tape.csv.control.json").write_text(text)
    with pytest.raises(ControlUnreadable):
        take(bank, path)


def test_surplus_personal_columns_are_quarantined(bank, tape):
    """Contacts, QQ and employer are counted and listed, and stand nowhere but in the sealed original."""
    extra = {"紧急联系人电话": "13700000007", "QQ号": "77777777", "employer": "兰溪纺织厂", "birth_on": "1990-03-07"}
    result = take(bank, tape([row("A-1", **CHEN) | extra, row("B-1", **DAI) | dict.fromkeys(extra, "")]))
    assert {q["column"]: q["cell_count"] for q in result.quarantined} == dict.fromkeys(extra, 1)
    with acting(bank.mei):
        assert Tape.objects.get().quarantined_columns == result.quarantined
        assert ContactPoint.objects.count() == 2


def test_original_is_kept_sealed(bank, tape, home):
    """The tape's bytes come back whole, and lie on the disk only sealed."""
    path = tape([row("A-1", **CHEN)])
    result = take(bank, path)
    with acting(bank.mei):
        stored = Tape.objects.get(pk=result.tape_id)
        assert file_read(creditor_id=bank.id, file_id=stored.file_id) == path.read_bytes()
    assert not any(CHEN["id_number"].encode() in f.read_bytes() for f in (home / "files").rglob("*") if f.is_file())


def test_another_creditor_sees_nothing_and_shares_nothing(bank, tape):
    """The same debtor at two creditors is two persons, and neither creditor sees the other's rows."""
    from tests import factories, people

    other = factories.bank(people.OTHER_BANK)
    path = tape([row("A-1", **CHEN)])
    assert take(bank, path).is_new
    assert take(other, path).is_new
    with acting(bank.mei):
        assert (Person.objects.count(), Tape.objects.count()) == (1, 1)
        ours = PersonSecret.objects.get().identity_index
    with acting(other.mei):
        assert bytes(PersonSecret.objects.get().identity_index) != bytes(ours)


@pytest.mark.parametrize("who", ["fan", "qiu", "ann", "bo"])
def test_only_the_right_role_takes_tapes_in(bank, tape, who):
    """Accountants, compliance officers and agencies do not."""
    with pytest.raises(Forbidden):
        services.tape_intake(actor=getattr(bank, who), path=tape([row("A-1")]), mapping="native", as_of=MARCH)


def test_parquet_of_the_simulated_world_comes_in_whole(bank, tmp_path):
    """The simulated bank's tape, minor units and all, is taken without a refusal, and its balance is in the books."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from duecourse.engine.simulate import World, WorldSettings

    world = World(WorldSettings(seed=7, months=1, account_count=300, with_employer=True))
    frame = world.tape(world.present)
    pq.write_table(frame, tmp_path / "tape.parquet")
    result = take(bank, tmp_path / "tape.parquet", as_of=world.present)
    assert (result.counts["accepted_count"], result.counts["rejected_count"]) == (frame.num_rows, 0), result.problems
    assert result.counts["balance_minor"] == {"CNY": pc.sum(frame["balance_minor"]).as_py()}
    assert {q["column"] for q in result.quarantined} == {"employer", "birth_on"}
    with acting(bank.mei):
        assert Person.objects.count() == len(set(frame["id_number"].to_pylist())) < frame.num_rows
        assert book_totals(creditor_id=bank.id)[1] == ("receivable", "CNY", pc.sum(frame["balance_minor"]).as_py())


def test_progress_is_told(bank, tape):
    """The caller hears of rows and of the sets that are published."""
    heard = []
    take(bank, tape([row("A-1", **CHEN)]), progress=lambda done, total, text: heard.append((done, total, text)))
    assert heard[0] == (1, 1, "Reading rows")
    assert heard[-1][2] == "done"
    assert all(done <= total for done, total, _ in heard)
