"""The studio and the steps on their pages: Mei drafts, compares and proposes, Qiu decides, Mei hands over, and the month goes to its end."""

from __future__ import annotations

import re
from contextlib import contextmanager

import pytest
from django.core.cache import cache
from django.test import Client

from duecourse.cycle.models import Run, StepRun
from duecourse.doors.commands.demo.house import DEMO_PASSWORD
from duecourse.doors.jobs import run_pending
from duecourse.kit.clock import frozen
from duecourse.parties.access import acting, system
from duecourse.parties.models import Agency, Creditor
from duecourse.placement.models import AllocationRun, Batch, Placement
from duecourse.portfolio.services import tape_intake
from tests.cycle import months
from tests.cycle.conftest import keeper as played_keeper

keeper = played_keeper
MONTH = months.SUBJECT


class Desk:
    """The house at a moment, and people at their browsers, who read English."""

    def __init__(self, moment):
        self.moment = moment
        self.system = system(Creditor.objects.get().pk)

    def client(self, name):
        """Return a client logged in as one of the demo's people."""
        client = Client()
        assert client.post("/login/", {"username": f"{name}@lanxi.example", "password": DEMO_PASSWORD}).status_code == 302
        client.cookies["django_language"] = "en"
        return client

    def done(self, answer, client):
        """Do the job an answer leads to, and return where it leads on."""
        assert answer.status_code == 302, text_of(answer)
        job = answer.headers["Location"]
        assert job.startswith("/jobs/"), job
        run_pending()
        led = client.get(job)
        assert led.status_code == 302, text_of(led)
        return led.headers["Location"]

    def draft(self, client, **chosen):
        """Compute a draft with choices by agency code, and return its address."""
        return self.done(client.post("/allocations/new/", self.form(**chosen)), client)

    def form(self, objective="net", explore="10", **chosen):
        """Return the studio's form as it is filled; `chosen` is fields by agency code."""
        with acting(self.system):
            agencies = dict(Agency.objects.values_list("code", "pk"))
        form = {"month": MONTH, "objective": objective, "explore_share_bp": explore}
        for code, number in agencies.items():
            form |= {f"a{number}-is_asked": "on"} | {f"a{number}-{name}": value for name, value in chosen.get(code, {}).items()}
        return {name: value for name, value in form.items() if value is not None}


@pytest.fixture
def desk_at(keeper):
    """Return a function that opens the house at the moment before a step."""

    @contextmanager
    def opened(step):
        cache.clear()
        with keeper.restored(step) as moment, frozen(moment.at):
            yield Desk(moment)

    return opened


def text_of(answer):
    """Return a page's text in one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_from_draft_to_packages_by_two_people(desk_at):
    """A draft is looked at, proposed, approved by another person, published and packed; the proposer's own approval is refused."""
    with desk_at("allocate") as desk:
        mei, qiu = desk.client("mei"), desk.client("qiu")
        assert "Highest expected recovery less fee" in text_of(mei.get(f"/allocations/new/?month={MONTH}"))
        place = desk.draft(mei)
        page = text_of(mei.get(place))
        assert "Committed seed" in page
        assert "draft" in page
        with acting(desk.system):
            assert not Placement.objects.filter(during__startswith__gte=desk.moment.at).exists()
            assert not StepRun.objects.filter(step="allocate", run__month=MONTH).exists()
        assert desk.done(mei.post(f"{place}propose/"), mei) == place
        assert "nobody approves alone what they asked for" in text_of(mei.get(place))
        assert mei.post(f"{place}approve/").status_code in (403, 409)
        assert "Your decision" in text_of(qiu.get(place))
        assert "is approved" in text_of(qiu.post(f"{place}approve/", {"words": "ok"}, follow=True))
        assert qiu.post(f"{place}hand-over/").status_code == 404
        led = desk.done(mei.post(f"{place}hand-over/"), mei)
        number = place.split("/")[2]
        assert led == f"/batches/?allocation={number}"
        with acting(desk.system):
            batches = list(Batch.objects.filter(allocation_run_id=number))
            placed = Placement.objects.filter(batch__in=batches).count()
        assert batches
        page = text_of(mei.get(led))
        assert all(batch.code in page for batch in batches)
        page = text_of(mei.get(f"/batches/{batches[0].pk}/"))
        assert "SHA-256 of the package" in page
        assert "The agency has not accepted it yet" in page
        assert placed == sum(batch.case_count for batch in batches)
        assert "published" in text_of(mei.get(place))


def test_a_constraint_costs_what_the_comparison_says(desk_at):
    """Two drafts stand side by side; the difference is that of their stored values, and the tightened agency keeps its limit."""
    with desk_at("allocate") as desk:
        mei = desk.client("mei")
        free = desk.draft(mei)
        with acting(desk.system):
            code = AllocationRun.objects.get(pk=free.split("/")[2]) and Agency.objects.filter(kind="external").order_by("code").first().code
        tight = desk.draft(mei, **{code: {"capacity_count": "2"}})
        assert tight != free
        left, right = free.split("/")[2], tight.split("/")[2]
        with acting(desk.system):
            one, other = (AllocationRun.objects.get(pk=number) for number in (left, right))
        page = text_of(mei.get(f"/allocations/compare/?left={left}&right={right}"))
        assert "at most 2 cases" in page
        assert other.summary["plan_value_minor"] <= one.summary["plan_value_minor"]
        assert "What the second one's choices cost" in page.replace("&#x27;", "'") or "Both plans expect the same" in page
        again = text_of(mei.get(f"/allocations/new/?from={right}"))
        assert f"Begun with the choices of allocation {right}" in again
        assert 'value="2"' in mei.get(f"/allocations/new/?from={right}").content.decode()
        assert "Nothing beside the house" in text_of(mei.get(free))


def test_choices_beyond_the_contract_are_refused(desk_at):
    """More than the contract allows, a floor above the ceiling, floors above the whole, nobody at all: said at the field, nothing computed."""
    with desk_at("allocate") as desk:
        mei = desk.client("mei")
        with acting(desk.system):
            codes = list(Agency.objects.exclude(kind="robot").order_by("code").values_list("code", flat=True))
        wrong = [
            {codes[0]: {"capacity_count": "99999999"}},
            {codes[0]: {"share_min_bp": "50", "share_cap_bp": "40"}},
            {codes[0]: {"share_min_bp": "60"}, codes[1]: {"share_min_bp": "50"}},
            {code: {"is_asked": None} for code in codes},
            {codes[0]: {"share_cap_bp": "ten"}},
            {codes[0]: {"capacity_minor": "-5"}},
        ]
        for chosen in wrong:
            answer = mei.post("/allocations/new/", desk.form(**chosen))
            assert answer.status_code == 422, chosen
        assert mei.post("/allocations/new/", desk.form(explore="101")).status_code == 422
        with acting(desk.system):
            assert not AllocationRun.objects.filter(run_id=Run.objects.get(month=MONTH).pk).exists()


def test_drafts_are_for_those_who_plan(desk_at):
    """Fan sees allocations and computes none; her post is a page that is not there."""
    with desk_at("allocate") as desk:
        fan = desk.client("fan")
        assert "Compute a draft" not in text_of(fan.get(f"/allocations/new/?month={MONTH}"))
        assert fan.post("/allocations/new/", desk.form()).status_code == 404
        place = desk.draft(desk.client("mei"))
        assert {fan.post(f"{place}{what}/").status_code for what in ("propose", "approve", "reject", "hand-over")} == {404}


def test_an_older_proposal_is_not_the_months_any_more(desk_at):
    """Proposing another draft supersedes the first: its page says so and offers no decision."""
    with desk_at("allocate") as desk:
        mei, qiu = desk.client("mei"), desk.client("qiu")
        first = desk.draft(mei)
        desk.done(mei.post(f"{first}propose/"), mei)
        second = desk.draft(mei, objective="equal")
        desk.done(mei.post(f"{second}propose/"), mei)
        page = text_of(qiu.get(first))
        assert "not the month's proposal any more" in page.replace("&#x27;", "'")
        assert "Your decision" not in page
        assert "Other allocations computed for this day: 1" in text_of(qiu.get(second))
        assert "is rejected" in text_of(qiu.post(f"{second}reject/", {"words": "no"}, follow=True))
        assert "was rejected" in text_of(mei.get(f"/months/{MONTH}/steps/"))


def test_rows_are_listed_by_rule(desk_at):
    """The list of an allocation's cases narrows to who is left out, and each row says why in words."""
    with desk_at("allocate") as desk:
        mei = desk.client("mei")
        place = desk.draft(mei)
        number = place.split("/")[2]
        assert "At random" in text_of(mei.get(f"/allocations/rows/?allocation={number}&slice=yes"))
        assert mei.get(f"/allocations/rows/?allocation={number}&placed=no&reason=<script>").status_code == 200
        assert mei.get("/allocations/rows/?allocation=x").status_code == 200


def test_steps_from_the_page(desk_at):
    """Each step's button runs it behind the page with its inputs; what waits says for what; a closed month has no buttons."""
    with desk_at("snapshot") as desk:
        mei = desk.client("mei")
        page = text_of(mei.get(f"/months/{MONTH}/steps/"))
        assert "It waits for the step before: Ageing." in page
        assert "Age and score" in page
        assert desk.done(mei.post(f"/months/{MONTH}/run/", {"steps": "snapshot,score"}), mei) == f"/months/{MONTH}/steps/"
        with acting(desk.system):
            done = set(StepRun.objects.filter(run__month=MONTH, state="checked").values_list("step", flat=True))
        assert done == {"intake", "snapshot", "score"}
        assert "Open the studio" in text_of(mei.get(f"/months/{MONTH}/steps/"))
        assert mei.post(f"/months/{MONTH}/run/", {"steps": "burn"}).status_code == 422
        assert desk.client("qiu").post(f"/months/{MONTH}/run/", {"steps": "snapshot"}).status_code == 404
        assert "never rewritten" not in page
        assert "Run again" not in text_of(mei.get("/months/2026-09/steps/"))


def test_the_month_is_summed_up_and_closed_from_the_page(desk_at):
    """After the four summing steps the month waits for its statements; at the end it closes, and the next one opens."""
    with desk_at("contact") as desk:
        mei = desk.client("mei")
        page = text_of(mei.get(f"/months/{MONTH}/steps/"))
        assert "Sum the month up" in page
        desk.done(mei.post(f"/months/{MONTH}/run/", {"steps": "contact,repay,measure,settle"}), mei)
        assert "Statements that are not frozen yet" in text_of(mei.get(f"/months/{MONTH}/steps/"))
    with desk_at("close") as desk:
        mei = desk.client("mei")
        assert "Close the month" in text_of(mei.get(f"/months/{MONTH}/steps/"))
        desk.done(mei.post(f"/months/{MONTH}/run/", {"steps": "close"}), mei)
        assert "month closed" in text_of(mei.get(f"/months/{MONTH}/steps/"))
        assert "2026-11" in text_of(mei.get("/months/2026-11/steps/"))
        with acting(desk.system):
            assert Run.objects.filter(month="2026-11").exists()


def test_the_months_tape_is_taken_from_what_came_in(desk_at):
    """A tape that came in by the feeds' page becomes the month's with one click; another's number is none."""
    with desk_at("intake") as desk:
        mei = desk.client("mei")
        assert "No overdue tape of this month was taken in yet." in text_of(mei.get(f"/months/{MONTH}/steps/"))
        taken = tape_intake(actor=desk.moment.actor, path=desk.moment.tape, mapping="native", as_of=desk.moment.as_of)
        assert "Take this tape" in text_of(mei.get(f"/months/{MONTH}/steps/"))
        assert mei.post(f"/months/{MONTH}/run/", {"steps": "intake", "tape_id": "1"}).status_code == 404
        desk.done(mei.post(f"/months/{MONTH}/run/", {"steps": "intake", "tape_id": str(taken.tape_id)}), mei)
        with acting(desk.system):
            assert StepRun.objects.get(run__month=MONTH, step="intake").counts["tape_id"] == taken.tape_id


def test_a_month_is_opened_from_the_page(desk_at):
    """A month that is not open offers to be opened, by a manager; its commitment stands there afterwards."""
    with desk_at("intake") as desk:
        mei, qiu = desk.client("mei"), desk.client("qiu")
        assert "This month is not open" in text_of(mei.get("/months/2027-01/steps/"))
        assert qiu.post("/months/2027-01/open/").status_code == 404
        assert "its draw is committed to by" in text_of(mei.post("/months/2027-01/open/", follow=True))
