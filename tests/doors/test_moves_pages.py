"""The desk of moves on its pages: choose, preview, apply, decide, undo, and what the second of two people is told."""

from __future__ import annotations

import re
from datetime import date

import pytest

from duecourse.kit.clock import frozen
from duecourse.parties.access import acting
from duecourse.placement.models import Placement, PlacementMoveSet
from duecourse.portfolio.models import CaseAccount
from tests import factories, people
from tests.placement import world

pytestmark = pytest.mark.django_db
NOW = world.days_later(8)


@pytest.fixture
def bank():
    """Lanxi Bank with twenty cases placed on 2 September; it is 10 September."""
    bank = factories.bank()
    world.cases(bank, 20)
    world.published(bank)
    with frozen(NOW):
        yield bank


@pytest.fixture(name="logged_in")
def logged_in_in_english(logged_in):
    """Log somebody in who reads English."""

    def enter(email):
        client = logged_in(email)
        client.cookies["django_language"] = "en"
        return client

    return enter


def cases(bank):
    """Return the cases with an agency."""
    with acting(bank.system):
        return list(Placement.objects.order_by("case_id").values_list("case_id", flat=True))


def numbers(bank):
    """Return the account numbers of the cases, in order."""
    with acting(bank.system):
        return [row.account.number for row in CaseAccount.objects.select_related("account").order_by("case_id")]


def recall(**more):
    """Return the form of a recall until 13 September."""
    return {"kind": "recall", "reason_code": "idle", "until_on": "2026-09-13", "words": ""} | more


def sets(bank):
    """Return the sets of moves, the newest first."""
    with acting(bank.system):
        return list(PlacementMoveSet.objects.order_by("-pk"))


def text_of(answer):
    """Return a page's text in one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_by_filters_from_choice_to_undo(bank, logged_in):
    """Mei ticks all that fit, sees the preview, applies, and undoes; nothing moves before she applies."""
    client = logged_in(people.MEI.email)
    assert "20" in text_of(client.get("/moves/new/?placed_by=2026-09-02"))
    answer = client.post("/moves/new/", recall(everything="1", placed_by="2026-09-02"))
    found = sets(bank)[0]
    assert answer.headers["Location"] == f"/moves/{found.pk}/"
    page = text_of(client.get(f"/moves/{found.pk}/"))
    assert "Move 20 cases" in page
    assert found.state == "previewed"
    page = text_of(client.post(f"/moves/{found.pk}/apply/", follow=True))
    assert "Cases moved: 20." in page
    assert "Undo" in page
    page = text_of(client.post(f"/moves/{found.pk}/undo/", follow=True))
    assert "Recalls cancelled: 20." in page
    assert sets(bank)[0].state == "undone"
    assert "undone" in text_of(client.get("/moves/"))


def test_ticked_rows_alone_move(bank, logged_in):
    """Without 'all that fit' only the ticked rows are previewed; none ticked is said, and nothing is made."""
    client = logged_in(people.MEI.email)
    answer = client.post("/moves/new/", recall())
    assert answer.status_code == 422
    assert "No case is chosen" in text_of(answer)
    assert sets(bank) == []
    client.post("/moves/new/", recall(ids=[str(case) for case in cases(bank)[:3]]))
    assert "Move 3 cases" in text_of(client.get(f"/moves/{sets(bank)[0].pk}/"))


def test_a_filter_that_cannot_be_read_moves_nothing(bank, logged_in):
    """A broken filter with 'all that fit' would mean more than was meant: it is refused."""
    answer = logged_in(people.MEI.email).post("/moves/new/", recall(everything="1", ends_by="tomorrow"))
    assert answer.status_code == 422
    assert sets(bank) == []


def test_pasted_numbers_name_the_unknown(bank, logged_in):
    """Unknown numbers are listed with their lines; the known go on only when that is said."""
    client = logged_in(people.MEI.email)
    pasted = "\n".join([*numbers(bank)[:5], "=cmd()|'x'", numbers(bank)[0]])
    answer = client.post("/moves/list/", recall(numbers=pasted))
    page = text_of(answer)
    assert answer.status_code == 422
    assert "Cases known: 5" in page
    assert "line 6" in page
    assert sets(bank) == []
    answer = client.post("/moves/list/", recall(numbers=pasted, skip_unknown="1"))
    assert "Move 5 cases" in text_of(client.get(answer.headers["Location"]))


def test_cases_come_from_another_page(bank, logged_in):
    """Case numbers in the address lead to the list with their sums by batch."""
    client = logged_in(people.MEI.email)
    chosen = ",".join(str(case) for case in cases(bank)[:4])
    page = text_of(client.get(f"/moves/new/?case={chosen}", follow=True))
    assert "Cases chosen on the page before: 4" in page
    answer = client.post("/moves/list/", recall(case=chosen, numbers=""))
    assert "Move 4 cases" in text_of(client.get(answer.headers["Location"]))


def test_the_second_of_two_is_told_who_was_first(bank, logged_in):
    """Mei recalls and Lin extends the same case: the first has it, the second reads who took it and nothing else happens."""
    mei, lin = logged_in(people.MEI.email), logged_in(people.LIN.email)
    case = str(cases(bank)[0])
    mine = mei.post("/moves/new/", recall(ids=[case])).headers["Location"]
    extend = {"kind": "extend", "reason_code": "creditor_decides", "words": "审计要求", "until_on": "2026-12-20", "ids": [case]}
    theirs = lin.post("/moves/new/", extend).headers["Location"]
    lin.post(f"{theirs}apply/")
    assert "also stand in a set of Lin that waits for approval" in text_of(mei.get(mine))
    mei.post(f"{mine}apply/")
    page = text_of(logged_in(people.QIU.email).post(f"{theirs}approve/", {"words": "ok"}, follow=True))
    assert "Cases that somebody else took since the preview: 1." in page
    assert "Mei: " in page
    with acting(bank.system):
        assert Placement.objects.get(case_id=int(case)).term_until_on == date(2026, 12, 1)


def test_nobody_approves_what_they_asked_for(bank, logged_in):
    """The asker sees why there is no button; pressing the address all the same is refused in plain words; another decides."""
    mei = logged_in(people.MEI.email)
    extend = {"kind": "extend", "reason_code": "creditor_decides", "words": "why", "until_on": "2026-12-20", "everything": "1"}
    place = mei.post("/moves/new/", extend).headers["Location"]
    page = text_of(mei.get(place))
    assert "Ask a second person (20 cases)" in page
    assert "Share of the batch that may stay" in page
    mei.post(f"{place}apply/")
    page = text_of(mei.get(place))
    assert "nobody approves alone what they asked for" in page
    assert "Your decision" not in page
    assert mei.post(f"{place}approve/").status_code in (403, 409)
    lin = logged_in(people.LIN.email)
    assert "Your decision" in text_of(lin.get(place))
    assert "the set is refused" in text_of(lin.post(f"{place}reject/", {"words": "no"}, follow=True)).lower()


def test_large_sets_become_jobs(bank, logged_in, monkeypatch):
    """More rows than the page takes are previewed and moved behind it, with the same end."""
    from duecourse.doors.console.pages.desk import move_sets, moves
    from duecourse.doors.jobs import run_pending

    monkeypatch.setattr(moves, "ROWS_HERE_MAX", 3)
    monkeypatch.setattr(move_sets, "ROWS_HERE_MAX", 3)
    client = logged_in(people.MEI.email)
    job = client.post("/moves/new/", recall(everything="1")).headers["Location"]
    assert run_pending() == 1
    place = client.get(job).headers["Location"]
    job = client.post(f"{place}apply/").headers["Location"]
    assert run_pending() == 1
    assert client.get(job).headers["Location"] == place
    assert sets(bank)[0].state == "applied"


def test_who_may_not_move_has_no_form(bank, logged_in):
    """The accountant sees the desk and no form; her post is refused as a page that is not there."""
    fan = logged_in(people.FAN.email)
    assert 'name="kind"' not in fan.get("/moves/new/").content.decode()
    assert fan.post("/moves/new/", recall(everything="1")).status_code in (400, 404, 422)
    assert sets(bank) == []
    place = logged_in(people.MEI.email).post("/moves/new/", recall(everything="1")).headers["Location"]
    assert "Move 20 cases" not in text_of(fan.get(place))
    assert fan.post(f"{place}apply/").status_code == 404


def test_fields_of_each_kind(bank, logged_in):
    """Each kind asks for its own: a day, an agency, an end at once; a kind that is not the actor's is refused."""
    client = logged_in(people.MEI.email)
    asked = {kind: client.get(f"/moves/fields/?kind={kind}").content.decode() for kind in ("extend", "recall", "return", "swap", "close")}
    assert {kind for kind, page in asked.items() if 'name="until_on"' in page} == {"extend", "recall"}
    assert {kind for kind, page in asked.items() if 'name="to_agency_id"' in page} == {"swap"}
    assert {kind for kind, page in asked.items() if 'name="at_once"' in page} == {"recall"}
    assert client.get("/moves/fields/?kind=burn").status_code == 422
    assert logged_in(people.QIU.email).get("/moves/fields/?kind=extend").status_code == 422


def test_another_bank_finds_no_set(bank, logged_in):
    """A set's number means nothing to another creditor's manager, to look at, apply or undo."""
    place = logged_in(people.MEI.email).post("/moves/new/", recall(everything="1")).headers["Location"]
    factories.bank(people.OTHER_BANK)
    other = logged_in(people.MEI.email.replace("@", f"@{people.OTHER_BANK.code}."))
    assert other.get(place).status_code == 404
    assert {other.post(f"{place}{what}/").status_code for what in ("apply", "approve", "reject", "undo")} == {404}
    number = place.split("/")[2]
    assert numbers(bank)[0] not in other.get(f"/moves/rows/?set={number}").content.decode()


def test_what_is_due_is_counted(bank, logged_in):
    """The cards above the desk count what is owed, idle, over, ending and pending, and lead to just those cases."""
    client = logged_in(people.MEI.email)
    page = client.get("/moves/due/").content.decode()
    assert [int(count) for count in re.findall(r'desk-count number">(\d+)<', page)] == [20, 0, 0, 0, 0]
    assert 'value="no_first_contact" selected' in client.get("/moves/new/?due=owed").content.decode()
