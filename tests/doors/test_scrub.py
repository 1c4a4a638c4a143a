"""Stops, what was left out and classes, through their pages.

1. A stop list comes in behind the page; each row is accounted for, and rejected ones say what to do.
2. A stop is lifted by somebody who may, with a reason; a changed number, a day that is none and another creditor lift nothing.
3. What the last allocation left out, and classes by product, are lists that add up.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from duecourse.doors import jobs
from duecourse.engine.classification import class_tables
from duecourse.parties.access import acting
from duecourse.portfolio import selectors, services
from duecourse.portfolio.models import Case, Hold, Snapshot
from tests import factories, people
from tests.portfolio.tapes import CHEN, DAI, row, text_of

pytestmark = pytest.mark.usefixtures("home")
FIRST = date(2026, 9, 1)


@pytest.fixture
def cases(house, tmp_path):
    """Chen and Dai with an account each."""
    path = tmp_path / "tape.csv"
    path.write_text(text_of([row("A-1", **CHEN), row("B-1", **DAI)]), encoding="utf-8")
    services.tape_intake(actor=house.bank.mei, path=path, mapping="native", as_of=FIRST)
    return house


@pytest.fixture
def qiu(cases, logged_in):
    """Qiu's client, in English."""
    client = logged_in(people.QIU.email)
    client.cookies["django_language"] = "en"
    return client


def text_on(answer) -> str:
    """Return the page's text with its blanks made one."""
    return " ".join(answer.content.decode().split())


def loaded(client, folder: Path, text: str, **said):
    """Load a stop list through the form and return the page it leads to."""
    path = folder / "停催.csv"
    path.write_text(text, encoding="utf-8")
    with path.open("rb") as content:
        answer = client.post("/holds/lists/load/", {"name": "daily", "as_of": "2026-09-01", "file": content} | said)
    assert answer.status_code == 302, text_on(answer)
    assert jobs.run_pending() == 1
    led = client.get(answer["Location"])
    return client.get(led["Location"]) if led.status_code == 302 else led


LIST = "账户编号,停催原因\nA-1,特殊群体\nZ-9,dispute\n"


def test_a_stop_list_becomes_stops_and_rejects(qiu, tmp_path):
    """One debtor is stopped, the unknown account comes back with what to do, and the same list again does nothing."""
    page = text_on(loaded(qiu, tmp_path, LIST))
    assert "No account has this number" in page
    assert "take the tape in first" in page
    held = text_on(qiu.get("/holds/?state=in_force&reason=hold_special_group&number=A-1"))
    assert "protected group" in held
    assert "daily" in held
    assert "1 rows" in held
    assert "Nothing fits these filters" in text_on(qiu.get("/holds/?state=ended"))
    assert "Nothing was done twice" in text_on(loaded(qiu, tmp_path, LIST))
    assert "daily" in text_on(qiu.get("/holds/lists/?list=daily"))


def test_a_whole_list_that_says_nothing_lifts_nobody(qiu, cases, tmp_path):
    """A whole list without a usable row is refused with why; who is stopped stays stopped."""
    loaded(qiu, tmp_path, LIST)
    page = text_on(loaded(qiu, tmp_path, "账户编号,停催原因\nZ-9,dispute\n", is_whole="on"))
    assert "no usable row" in page
    with acting(cases.bank.system):
        assert Hold.objects.filter(until_on__isnull=True).count() == 1


def test_compliance_lifts_with_a_reason(qiu, cases, tmp_path):
    """The chosen stop ends on the day and the page says so."""
    loaded(qiu, tmp_path, LIST)
    with acting(cases.bank.system):
        hold_id = Hold.objects.get().pk
    answer = qiu.post("/holds/?state=in_force", {"ids": [hold_id], "on": "2026-09-09", "why": "listed_in_error"})
    assert answer["Location"] == "/holds/?state=in_force"
    assert "1 stops were lifted" in text_on(qiu.get(answer["Location"]))
    with acting(cases.bank.system):
        assert Hold.objects.get().until_on == date(2026, 9, 9)


@pytest.mark.parametrize(
    ("chosen", "said", "status"),
    [
        (["1' OR 1"], {"why": "cause_over"}, 422), ([], {"why": "cause_over"}, 422), (["9" * 18], {"why": "cause_over"}, 302),
        (None, {"why": "because"}, 422), (None, {"why": "cause_over", "on": "tomorrow"}, 422),
    ],
)  # fmt: skip
def test_what_is_unclear_lifts_nothing(qiu, cases, tmp_path, chosen, said, status):
    """No reason, no stop, a number that is none, a day that is none: a plain refusal, and everything stays."""
    loaded(qiu, tmp_path, LIST)
    with acting(cases.bank.system):
        mine = [Hold.objects.get().pk]
    assert qiu.post("/holds/", said | {"ids": mine if chosen is None else chosen}).status_code == status
    with acting(cases.bank.system):
        assert Hold.objects.get().until_on is None


def test_who_may_not_lifts_nothing(qiu, cases, logged_in, tmp_path):
    """An accountant, an agency's lead and another creditor's manager lift nothing; the accountant is not offered it either."""
    loaded(qiu, tmp_path, LIST)
    factories.bank(people.OTHER_BANK)
    with acting(cases.bank.system):
        hold_id = Hold.objects.get().pk
    said = {"ids": [hold_id], "on": "2026-09-09", "why": "cause_over"}
    fan = logged_in(people.FAN.email)
    assert fan.post("/holds/", said).status_code == 404
    assert 'name="ids"' not in fan.get("/holds/?state=in_force").content.decode()
    assert logged_in(people.ANN.email).post("/holds/", said).status_code == 404
    logged_in(people.MEI.email.replace("@", f"@{people.OTHER_BANK.code}.")).post("/holds/", said)
    with acting(cases.bank.system):
        assert Hold.objects.get().until_on is None


def test_classes_by_product_add_up(qiu, cases):
    """Cards are classed by the table that is on, others have no class; the sums are those of the ageing."""
    with acting(cases.bank.system):
        for case in Case.objects.order_by("pk"):
            link = case.pk, selectors.case_accounts_by_number(creditor_id=cases.bank.id)
            account_id = next(account for _, (found, account) in link[1].items() if found == link[0])
            Snapshot.objects.create(
                creditor_id=cases.bank.id, step_run_id=7, account_id=account_id, case_id=case.pk, as_of=date(2026, 9, 30), days_past_due=95,
                paused_days_count=0, bucket="M4", bucket_number=4, principal_minor=100_000, interest_minor=2050, fee_minor=0, penalty_minor=125,
                balance_minor=102_175, currency="CNY", known_at="2026-09-30T00:00Z",
            )  # fmt: skip
        rows = selectors.classified(creditor_id=cases.bank.id, step_run_id=7, on=date(2026, 9, 30))
    assert [(row["product_class"], row["class"], row["account_count"], row["balance_minor"]) for row in rows] == [
        ("credit_card", "substandard", 2, 204_350)
    ]
    page = text_on(qiu.get("/classification/"))
    assert "Substandard" in page
    assert "2,043.50" in page
    assert page.count("from day") >= sum(len(table.first_days) for table in class_tables())
    qiu.cookies["django_language"] = "zh-hans"
    assert "次级" in text_on(qiu.get("/classification/"))


def test_what_the_last_allocation_left_out_is_a_list(house, logged_in):
    """Each reason has its words, count and amount; the list filters by it, and another creditor's page is empty."""
    from tests.placement import world

    with_holds = world.cases(house.bank, 6)
    with acting(house.bank.system):
        person_id = Case.objects.get(pk=with_holds[0]).person_id
    services.hold_place(
        actor=house.bank.qiu, person_id=person_id, kind="dispute", stops_contact=True, stops_placement=True, source_kind="dispute", source_id=1,
        from_on=world.AS_OF,
    )  # fmt: skip
    world.proposed(house.bank)
    client = logged_in(people.MEI.email)
    client.cookies["django_language"] = "en"
    page = text_on(client.get("/holds/left-out/"))
    assert "The debtor disputes the debt." in page
    assert "1 rows" in text_on(client.get("/holds/left-out/?reason=hold_dispute"))
    assert "Nothing fits" in text_on(client.get("/holds/left-out/?reason=hold_deceased"))
    client.cookies["django_language"] = "zh-hans"
    assert "债务人提出异议" in text_on(client.get("/holds/left-out/"))
    factories.bank(people.OTHER_BANK)
    other = logged_in(people.MEI.email.replace("@", f"@{people.OTHER_BANK.code}."))
    assert "hold_dispute" not in text_on(other.get("/holds/left-out/"))
