"""The desk's choice: its conditions are the room's own judgements, and a pasted list is read as people paste."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from duecourse.doors import desk, evidence
from duecourse.kit.clock import frozen
from duecourse.ledger.selectors import page
from duecourse.parties.access import acting
from duecourse.placement import selectors, services
from duecourse.placement.errors import MovesTooMany
from duecourse.portfolio.models import CaseAccount
from duecourse.portfolio.services import hold_place
from tests import factories, people
from tests.placement import world

pytestmark = pytest.mark.django_db


@pytest.fixture
def bank():
    """Lanxi Bank with twenty cases placed on 2 September; one debtor came under a stop."""
    bank = factories.bank()
    cases = world.cases(bank, 20)
    world.published(bank)
    with acting(bank.system):
        person_id = CaseAccount.objects.select_related("case").get(case_id=cases[0]).case.person_id
    stop = {
        "kind": "dispute",
        "stops_contact": True,
        "stops_placement": True,
        "source_kind": "test",
        "source_id": 1,
        "from_on": world.AS_OF,
    }
    hold_place(actor=bank.system, person_id=person_id, **stop)
    return bank


def chosen(bank, **filters):
    """Return the cases that fit, as the desk chooses them."""
    with acting(bank.mei):
        return desk.desk_cases(actor=bank.mei, filters=filters)


@pytest.mark.parametrize("day", [0, 2, 3, 14, 15, 89, 90, 95])
def test_desk_judges_as_the_room_does(bank, day):
    """On every day the desk's owed, idle and rotation are exactly the cases that placement's own selectors name."""
    at = world.days_later(day)
    on = at.date()
    attempted = evidence.attempts_made(actor=bank.system, on=on)
    with frozen(at), acting(bank.system):
        wanted = {
            "owed": selectors.first_contact_owed(creditor_id=bank.id, on=on, attempted=attempted),
            "idle": selectors.idle_placements(creditor_id=bank.id, on=on, attempted=attempted),
            "rotation": selectors.rotation_due(creditor_id=bank.id, on=on),
        }
        for due, rows in wanted.items():
            assert desk.desk_cases(actor=bank.system, filters={"due": due}) == sorted(row["case_id"] for row in rows), due


def test_what_is_being_recalled_is_due_for_nothing_else(bank):
    """Cases with a pending recall are found as such, and are neither idle nor owed any more."""
    with frozen(world.days_later(20)):
        idle = chosen(bank, due="idle")
        moved = services.moves_preview(
            actor=bank.mei, kind="recall", reason_code="idle", as_of=date(2026, 9, 22), case_ids=idle[:5], until_on=date(2026, 9, 25)
        )
        services.moves_apply(actor=bank.mei, move_set_id=moved.pk)
        assert chosen(bank, due="pending") == idle[:5]
        assert chosen(bank, due="idle") == idle[5:]
        with acting(bank.mei):
            assert desk.due_counts(actor=bank.mei)["pending"] == 5


def test_each_filter_narrows(bank):
    """Agency, batch, term, idle since, hand, balance and number choose what they say, together."""
    with frozen(world.days_later(5)), acting(bank.mei):
        rows = page(desk.DESK, creditor_id=bank.id, order="case", parameters=desk.desk_parameters(bank.mei)).rows
    first = rows[0]
    expected = [row["case_id"] for row in rows if row["batch_id"] == first["batch_id"]]
    with frozen(world.days_later(5)):
        assert chosen(bank, batch=first["batch_code"]) == expected
        assert chosen(bank, batch=first["batch_code"], q=first["number"]) == [first["case_id"]]
        assert chosen(bank, ends_by=(first["term_until_on"] - timedelta(days=1)).isoformat()) == []
        assert len(chosen(bank, idle_since="2026-09-03", hand="1", balance_min="1")) == len(rows)
        assert chosen(bank, idle_since="2026-09-02") == []
        assert first["idle_days"] == 5


def test_more_than_a_set_may_hold_is_said(bank, monkeypatch):
    """A choice that is too large is refused with its true size."""
    monkeypatch.setattr(desk, "MOVES_MAX", 19)
    with pytest.raises(MovesTooMany, match="20"):
        chosen(bank)
    with acting(bank.mei), pytest.raises(MovesTooMany, match="20"):
        desk.pasted("\n".join(f"X{number}" for number in range(20)), actor=bank.mei)


def test_pasted_list_is_read_as_people_paste(bank):
    """Lines, tabs, Chinese commas, quotes, full-width digits and repeats are read; each unknown number is told with its line."""
    with acting(bank.mei):
        numbers = [row.account.number for row in CaseAccount.objects.select_related("account").order_by("account_id")[:4]]
        wide = numbers[1].translate({ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"})
        text = f"{numbers[0]}\t'{wide}\r\n\n{numbers[0]}，{numbers[2]};  \n=cmd()|'/C calc'!A0\n😀\n{numbers[3]}"
        found = desk.pasted(text, actor=bank.mei)
    assert len(found.case_ids) == 4
    assert found.repeated_count == 1
    assert [line for line, _ in found.unknown] == [4, 4, 4, 5]
    assert "😀" in {number for _, number in found.unknown}


def test_another_bank_has_none_of_it(bank):
    """Another creditor's manager finds no case by filter and knows none of the numbers."""
    other = factories.bank(people.OTHER_BANK)
    with acting(bank.mei):
        number = CaseAccount.objects.select_related("account").first().account.number
    with acting(other.mei):
        assert desk.desk_cases(actor=other.mei, filters={}) == []
        assert desk.pasted(number, actor=other.mei).case_ids == []
