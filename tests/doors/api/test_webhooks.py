"""Webhooks: what happened is told to whom it concerns, signed, until it arrives, and to nobody inside the network."""

from __future__ import annotations

import json
import re
import socket
from datetime import timedelta
from pathlib import Path

import pytest

from duecourse.doors.webhooks import events, rounds, sending
from duecourse.kit.clock import frozen
from duecourse.kit.errors import Absent, Forbidden
from duecourse.ledger.services import audit_append, seal_pending
from duecourse.parties import selectors, services
from duecourse.parties.access import acting
from duecourse.parties.errors import WebhookFull, WebhookRefused
from duecourse.parties.models import Webhook, WebhookDelivery
from tests import factories, people
from tests.doors.api import receiver as made
from tests.doors.api.conftest import NOON, issued, permit_body

DOCS = Path(__file__).parents[3] / "docs/api.md"
HOOK = {"name": "core", "url": "https://core.example/hooks", "event_kinds": ["statement.drafted", "permit.refused", "payments.recorded"]}


@pytest.fixture
def receiver(settings):
    """A program that listens on the loopback, which this house allows."""
    settings.DUECOURSE_LOOPBACK_WEBHOOKS = True
    with made.listening() as found:
        yield found


@pytest.fixture
def bank(db, keys, noon):
    """A bank with a key ring at noon."""
    return factories.bank()


def hooked(bank, url, *kinds, agency=None):
    """Return a webhook and its secret."""
    found = services.webhook_add(
        actor=bank.mei, name="a program", url=url, event_kinds=kinds or ("case.closed",), agency_id=agency and agency.pk
    )
    return found.webhook, bytes.fromhex(found.secret.removeprefix("whsec_"))


def close_cases(bank, *numbers):
    """Let the trail say that cases were closed, and seal it."""
    with acting(bank.system):
        for number in numbers:
            audit_append(
                creditor_id=bank.id,
                action="case_closed",
                subject_kind="case",
                subject_id=number,
                details={"on": "2026-09-03", "reason": "x"},
            )
    seal(bank)


def seal(bank):
    """Seal what is pending."""
    with acting(bank.system):
        seal_pending(creditor_id=bank.id)


def sent(bank, webhook):
    """Send what is due to a webhook and return how many arrived."""
    rounds.events_take()
    return rounds.send_due(creditor_id=bank.id, webhook_id=webhook.pk)


def logged(bank, webhook):
    """Return the deliveries of a webhook in their order."""
    with acting(bank.system):
        return list(WebhookDelivery.objects.filter(creditor_id=bank.id, webhook_id=webhook.pk).order_by("pk"))


def verifier():
    """Return the receiver's function as docs/api.md prints it."""
    sample = re.search(r"```python\n(import hashlib.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    assert sample, "docs/api.md shows no sample for receivers"
    found = {}
    exec(sample[1], found)  # noqa: S102 the sample of our own docs
    return found["is_ours"]


def test_event_arrives_signed_and_the_documented_sample_says_so(bank, receiver):
    """The receiver's sample takes the real signature, and no other body, key, secret, or instant."""
    webhook, secret = hooked(bank, receiver.url)
    close_cases(bank, 7)
    assert sent(bank, webhook) == 1
    got = receiver.got[0]
    header, is_ours = got.headers["Duecourse-Signature"], verifier()
    at = int(NOON.timestamp())
    keys = {webhook.key_id: f"whsec_{secret.hex()}"}
    assert is_ours(got.body, header, keys, at)
    assert is_ours(got.body, header, keys, at + 299)
    assert not is_ours(got.body, header, keys, at + 301)
    assert not is_ours(got.body.replace(b"7", b"8"), header, keys, at)
    assert not is_ours(got.body, header, {webhook.key_id: "whsec_" + "00" * 32}, at)
    assert not is_ours(got.body, header, {"another": keys[webhook.key_id]}, at)
    assert not is_ours(got.body, header.replace(str(at), str(at + 1)), keys, at)
    for broken in ("", "key=,t=,v1=", "v1=00", "key=a,t=x,v1=y", "\u00e9", ",,,", header + ",t=5"):
        assert not is_ours(got.body, broken, keys, at)


def test_event_says_numbers_and_codes(bank, receiver):
    """An event has a stable number, a kind, a place in the order, and nothing but numbers, codes and days."""
    webhook, _ = hooked(bank, receiver.url)
    close_cases(bank, 7)
    sent(bank, webhook)
    event, headers = json.loads(receiver.got[0].body), receiver.got[0].headers
    assert receiver.got[0].path == "/hooks?x=1"
    assert (headers["Duecourse-Event"], headers["Duecourse-Delivery"]) == ("case.closed", event["id"])
    assert event["id"] == f"evt_{bank.id}_{event['sequence']}_0"
    assert event == {
        "id": event["id"], "type": "case.closed", "sequence": event["sequence"], "occurred_at": NOON.isoformat(), "creditor": "lanxi",
        "agency_id": None, "subject": {"kind": "case", "id": 7}, "data": {"on": "2026-09-03"},
    }  # fmt: skip


def test_failing_receiver_is_tried_again_with_the_same_event_until_it_takes_it(bank, receiver):
    """500, a hang-up and a redirect are failures; each next try comes three times later, has the same number and bytes, and then it arrives."""
    webhook, _ = hooked(bank, receiver.url)
    receiver.answers = [made.status(500), made.hang_up, made.status(302, Location="http://127.0.0.1:1/elsewhere")]
    close_cases(bank, 7)
    instant, waits = NOON, []
    for _ in range(3):
        with frozen(instant):
            assert sent(bank, webhook) == 0
            assert rounds.send_due(creditor_id=bank.id, webhook_id=webhook.pk) == 0
            due_at = logged(bank, webhook)[0].next_try_at
        waits.append((due_at - instant).total_seconds())
        instant = due_at
    with frozen(instant):
        assert sent(bank, webhook) == 1
    delivery = logged(bank, webhook)[0]
    assert [10 <= waits[0] <= 11, 30 <= waits[1] <= 33, 90 <= waits[2] <= 99] == [True] * 3
    assert [(tried["status"], tried["problem"]) for tried in delivery.tries] == [
        (500, "status"), (None, "connection"), (302, "redirect"), (204, ""),
    ]  # fmt: skip
    assert {(got.headers["Duecourse-Delivery"], got.body) for got in receiver.got} == {(delivery.event_id, delivery.body.encode())}
    assert (delivery.state, len(receiver.got)) == ("delivered", 4)


def test_event_is_given_up_and_can_be_sent_again_by_hand(bank, receiver):
    """After ten tries in the best part of a day the event is dead, and a press sends it again."""
    webhook, _ = hooked(bank, receiver.url)
    receiver.answers = [made.status(503)] * services.webhooks.TRIES_MAX
    close_cases(bank, 7)
    instant = NOON
    for _ in range(services.webhooks.TRIES_MAX):
        with frozen(instant):
            sent(bank, webhook)
            instant = logged(bank, webhook)[0].next_try_at
    delivery = logged(bank, webhook)[0]
    assert (delivery.state, len(delivery.tries)) == ("dead", 10)
    assert timedelta(hours=20) < instant - NOON < timedelta(hours=48)
    with pytest.raises(Absent):
        services.delivery_retry(actor=bank.ann, delivery_id=delivery.pk)
    services.delivery_retry(actor=bank.mei, delivery_id=delivery.pk)
    assert sent(bank, webhook) == 1
    with pytest.raises(Absent):
        services.delivery_retry(actor=bank.mei, delivery_id=delivery.pk)


def test_receiver_that_is_gone_is_not_asked_again(bank, receiver):
    """410 ends a delivery at once."""
    webhook, _ = hooked(bank, receiver.url)
    receiver.answers = [made.status(410)]
    close_cases(bank, 7)
    assert sent(bank, webhook) == 0
    assert logged(bank, webhook)[0].state == "dead"


@pytest.mark.parametrize(("answer", "problem"), [(made.dripping, "timeout"), (made.endless, "")])
def test_slow_and_endless_answers_end_in_time(bank, receiver, monkeypatch, answer, problem):
    """An answer that drips is cut off when its time is over, and of one that never ends only the beginning is read."""
    monkeypatch.setattr(sending, "SECONDS_MAX", 1)
    webhook, _ = hooked(bank, receiver.url)
    receiver.answers = [answer]
    close_cases(bank, 7)
    sent(bank, webhook)
    tried = logged(bank, webhook)[0].tries[0]
    assert tried["problem"] == problem
    assert tried["duration_ms"] < 3_000


def test_sending_stops_at_the_first_that_does_not_arrive(bank, receiver):
    """Events go in their order; behind one that failed the others wait for the next round."""
    webhook, _ = hooked(bank, receiver.url)
    close_cases(bank, 1, 2, 3)
    receiver.answers = [made.status(204), made.status(500)]
    assert sent(bank, webhook) == 1
    assert [json.loads(got.body)["subject"]["id"] for got in receiver.got] == [1, 2]
    assert rounds.send_due(creditor_id=bank.id, webhook_id=webhook.pk) == 1
    assert [row.state for row in logged(bank, webhook)] == ["delivered", "waiting", "delivered"]


def test_killed_senders_event_is_sent_again_later(bank, receiver):
    """What was claimed and never reported is free again after two minutes, and not before."""
    webhook, _ = hooked(bank, receiver.url)
    close_cases(bank, 7)
    rounds.events_take()
    with acting(bank.system):
        assert services.delivery_claim(creditor_id=bank.id, webhook_id=webhook.pk) is not None
        assert services.delivery_claim(creditor_id=bank.id, webhook_id=webhook.pk) is None
    assert sent(bank, webhook) == 0
    with frozen(NOON + timedelta(seconds=121)):
        assert sent(bank, webhook) == 1


def test_past_is_not_told_and_nothing_twice(bank, receiver):
    """A webhook hears what is sealed after it was added, once, also when two workers look at the same moment."""
    close_cases(bank, 1)
    webhook, _ = hooked(bank, receiver.url)
    close_cases(bank, 2)
    assert (rounds.events_take(), rounds.events_take()) == (1, 0)
    with acting(bank.system):
        again = [{"id": logged(bank, webhook)[0].event_id, "type": "case.closed"}]
        services.deliveries_add(creditor_id=bank.id, webhook_id=webhook.pk, position=10**6, events=again)
    assert [json.loads(row.body)["subject"]["id"] for row in logged(bank, webhook)] == [2]


def test_agency_hears_of_its_own_rows_only(api, receiver):
    """Of statements, refusals and endings each agency gets its own, the bank all, and another bank nothing."""
    bank, kinds = api.bank, ("statement.drafted", "permit.refused", "placements.ended", "hold.placed", "batch.handed_over")
    hooks = {
        "bank": hooked(bank, receiver.url, *kinds)[0],
        "aoki": hooked(bank, receiver.url, *kinds, agency=bank.aoki)[0],
        "birch": hooked(bank, receiver.url, *kinds, agency=bank.birch)[0],
    }
    elsewhere = hooked(api.other, receiver.url, *kinds)[0]
    from duecourse.placement.services import placements_end_due
    from duecourse.portfolio.models import Case
    from duecourse.portfolio.services import hold_place
    from duecourse.settlement.models import Statement

    with acting(bank.system):
        statements = list(Statement.objects.filter(creditor_id=bank.id).order_by("agency_id"))
        for statement in statements:
            audit_append(creditor_id=bank.id, action="statement_drafted", subject_kind="statement", subject_id=statement.pk, details={})
        loan = api.mine[0]
        person_id = Case.objects.get(creditor_id=bank.id, pk=loan.case_id).person_id
        hold_place(
            actor=bank.system, person_id=person_id, kind="deceased", stops_contact=True, stops_placement=True,
            source_kind="test", source_id=1, from_on=NOON.date(), until_on=None,
        )  # fmt: skip
    refused = api.aoki.post("/permits", permit_body(loan.case_id)).json()
    assert refused["decision"] == "refusal"
    seal(bank)
    rounds.events_take()
    with frozen(NOON + timedelta(days=400)):
        placements_end_due(actor=bank.system, on=(NOON + timedelta(days=400)).date())
        seal(bank)
    rounds.events_take()
    told = {name: [json.loads(row.body) for row in logged(bank, hook)] for name, hook in hooks.items()}
    assert {event["agency_id"] for event in told["aoki"]} == {bank.aoki.pk}
    assert {event["agency_id"] for event in told["birch"]} == {bank.birch.pk}
    assert {event["type"] for event in told["aoki"]} == {"statement.drafted", "permit.refused", "placements.ended", "hold.placed"}
    assert {event["id"] for event in told["bank"]} >= {event["id"] for name in ("aoki", "birch") for event in told[name]}
    ended = {name: set(e["data"]["placement_ids"]) for name in ("aoki", "birch") for e in told[name] if e["type"] == "placements.ended"}
    assert {loan.placement_id for loan in api.mine} == ended["aoki"]
    assert not ended["aoki"] & ended["birch"]
    whole = json.dumps(told, ensure_ascii=False)
    assert "deceased" not in whole
    assert all(word not in whole for word in (people.CHEN.name, people.CHEN.phone, people.CHEN.identity_number))
    assert logged(api.other, elsewhere) == []


def test_every_kind_has_its_source():
    """What can be asked for is exactly what entries of the trail can become."""
    read = {kind for reader in events.READERS.values() for kind in reader.kinds}
    assert read == set(services.CREDITOR_EVENTS)
    assert set(services.AGENCY_EVENTS) < set(services.CREDITOR_EVENTS)


PRIVATE = (
    "https://10.0.0.1/", "https://192.168.1.1/", "https://172.16.0.1/", "https://169.254.169.254/latest/", "https://0.0.0.0/",
    "https://100.64.0.1/", "https://[::1]/", "https://[fe80::1]/", "https://[fc00::1]/", "https://[::ffff:10.0.0.1]/",
    "https://[64:ff9b::a00:1]/", "https://[2002:a00:1::]/", "https://224.0.0.1/", "https://255.255.255.255/", "https://2130706433/",
    "https://0x7f.1/", "https://127.1/", "https://127.0.0.1/", "http://127.0.0.1/", "http://core.example/", "ftp://core.example/",
    "https://user:word@core.example/", "https://core.example/#part", "https:///nowhere", "https://core.example:0/", "javascript:alert(1)",
    "https://core.example:99999/", "https://core.example/\r\nX: y", "https://\u4f8b\u3048.example/", "https://core.example/ x", "file:///etc/passwd",
    "https://core.example\\@10.0.0.1/", "https://[::", "https://core.example./",
)  # fmt: skip


@pytest.mark.parametrize("url", PRIVATE)
def test_addresses_inside_the_network_are_refused(bank, url):
    """Private, local, reserved and disguised addresses, and anything but plain https, are refused when the webhook is added."""
    with pytest.raises(WebhookRefused):
        hooked(bank, url)


@pytest.mark.parametrize("address", ["10.0.0.7", "127.0.0.1", "169.254.169.254", "::1", "fd00::1", "::ffff:127.0.0.1", "fe80::1%eth0"])
def test_name_that_leads_inside_is_refused_when_it_is_sent(bank, monkeypatch, address):
    """A public name whose address turns private later gets nothing, not even one of two addresses; the try says why."""
    webhook, _ = hooked(bank, "https://core.example/hooks")
    close_cases(bank, 7)
    places = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 443)) for ip in ("93.184.216.34", address)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: places)
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("something was sent"))
    assert sent(bank, webhook) == 0
    assert logged(bank, webhook)[0].tries[0]["problem"] == "address_refused"


def test_sending_goes_to_the_address_that_was_checked(bank, monkeypatch):
    """The name is looked up once per try: what answers differently the second time has no second time."""
    webhook, _ = hooked(bank, "https://core.example/hooks")
    close_cases(bank, 7)
    asked, reached = [], []

    def look_up(host, *_, **__):
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34" if len(asked) == 1 else "10.0.0.1", 443))]

    def connect(address, **_):
        reached.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket, "create_connection", connect)
    sent(bank, webhook)
    assert (asked, reached) == (["core.example"], [("93.184.216.34", 443)])


def test_who_may_add_which(bank):
    """A manager adds for both sides, a lead for their agency whatever they name, others nothing; kinds of the other side are refused."""
    kinds = ["batch.handed_over"]
    found = services.webhook_add(actor=bank.ann, name="mine", url=HOOK["url"], event_kinds=kinds, agency_id=bank.birch.pk)
    assert found.webhook.agency_id == bank.aoki.pk
    for actor in (bank.qiu, bank.fan, bank.bo):
        with pytest.raises(Forbidden):
            services.webhook_add(actor=actor, name="mine", url=HOOK["url"], event_kinds=kinds)
    for wrong in (["payments.recorded"], ["nothing.such"], []):
        with pytest.raises(WebhookRefused):
            services.webhook_add(actor=bank.ann, name="mine", url=HOOK["url"], event_kinds=wrong)
    for name in ("", "  ", "x" * 101, "a\nb"):
        with pytest.raises(WebhookRefused):
            services.webhook_add(actor=bank.mei, name=name, url=HOOK["url"], event_kinds=kinds)
    with pytest.raises(Absent):
        services.webhook_remove(actor=factories.bank(people.OTHER_BANK).mei, webhook_id=found.webhook.pk)
    with acting(bank.bo):
        assert selectors.webhooks(actor=bank.bo) == []
    with acting(bank.mei):
        assert [row.pk for row in selectors.webhooks(actor=bank.mei)] == [found.webhook.pk]


def test_number_of_webhooks_is_limited(bank):
    """A side has twenty at most, and a removed one makes room."""
    first, *_ = [hooked(bank, HOOK["url"])[0] for _ in range(20)]
    with pytest.raises(WebhookFull):
        hooked(bank, HOOK["url"])
    services.webhook_remove(actor=bank.mei, webhook_id=first.pk)
    assert hooked(bank, HOOK["url"])[0].pk


def test_secret_is_kept_sealed(bank):
    """The row holds neither the secret nor anything that begins like it."""
    webhook, secret = hooked(bank, HOOK["url"])
    with acting(bank.system):
        row = Webhook.objects.get(pk=webhook.pk)
    assert secret not in bytes(row.secret_sealed)
    assert secret.hex() not in repr(vars(row))


def test_removed_webhook_and_closed_agency_hear_nothing_more(bank, receiver):
    """What waits is given up, and nothing new is put on its way."""
    removed, _ = hooked(bank, receiver.url, "permit.refused", "case.closed")
    closed, _ = hooked(bank, receiver.url, "batch.handed_over", agency=bank.aoki)
    close_cases(bank, 7)
    rounds.events_take()
    services.webhook_remove(actor=bank.mei, webhook_id=removed.pk)
    close_cases(bank, 8)
    assert sent(bank, removed) == 0
    assert [row.state for row in logged(bank, removed)] == ["dead"]
    services.agency_close(actor=bank.mei, agency_id=bank.aoki.pk, closed_on=NOON.date())
    with acting(bank.system):
        assert selectors.webhooks_listening(creditor_id=bank.id) == []
    assert logged(bank, closed) == []
    assert receiver.got == []


def test_program_manages_its_webhooks(api, receiver):
    """Through the API: added with its secret once, listed without, tried, its log read page by page, removed."""
    added = api.full.post("/webhooks", HOOK | {"url": receiver.url})
    assert added.status_code == 201
    assert re.fullmatch(r"whsec_[0-9a-f]{64}", added.json()["secret"])
    number = added.json()["id"]
    listed = api.full.get("/webhooks").json()["items"]
    assert [row["id"] for row in listed] == [number]
    assert "secret" not in listed[0]
    assert api.aoki.get("/webhooks").json()["items"] == []
    for _ in range(3):
        assert api.full.post(f"/webhooks/{number}/ping", {}).status_code == 202
    assert rounds.send_due(creditor_id=api.bank.id, webhook_id=number) == 3
    first = api.full.get(f"/webhooks/{number}/deliveries", limit=2).json()
    rest = api.full.get(f"/webhooks/{number}/deliveries", limit=2, cursor=first["next_cursor"]).json()
    assert [row["state"] for row in first["items"] + rest["items"]] == ["delivered"] * 3
    assert first["items"][0]["tries"][0]["status"] == 204
    assert api.full.get(f"/webhooks/{number}/deliveries", state="dead").json()["items"] == []
    assert api.full.delete(f"/webhooks/{number}").status_code == 204
    assert api.full.get("/webhooks").json()["items"] == []
    refused = api.full.post("/webhooks", HOOK | {"url": "https://10.0.0.1/"})
    assert (refused.status_code, refused.json()["type"]) == (422, "WebhookRefused")


def test_test_token_leaves_no_webhook(api):
    """A test token's webhook is checked, has no secret and is not kept."""
    tester = issued(api.bank, "webhooks:read", "webhooks:write", is_test=True)
    answer = tester.post("/webhooks", HOOK)
    assert (answer.status_code, answer.json()["id"], answer.json()["secret"]) == (201, None, None)
    assert tester.get("/webhooks").json()["items"] == []


def test_token_that_asks_too_fast_waits(api, settings, noon):
    """A token has so many requests at once and more each second; another token is not held up; the answer says how long to wait."""
    settings.API_REQUESTS_PER_SECOND, settings.API_REQUESTS_AT_ONCE = 2, 5
    assert [api.full.get("/webhooks").status_code for _ in range(6)] == [200] * 5 + [429]
    answer = api.full.get("/webhooks")
    assert (answer.json()["type"], answer["Retry-After"], answer["Content-Type"]) == ("TokenTooFast", "1", "application/problem+json")
    assert api.aoki.get("/webhooks").status_code == 200
    with frozen(noon + timedelta(seconds=1)):
        assert [api.full.get("/webhooks").status_code for _ in range(3)] == [200, 200, 429]
    with frozen(noon + timedelta(hours=1)):
        assert [api.full.get("/webhooks").status_code for _ in range(6)] == [200] * 5 + [429]


def test_mei_adds_tries_and_removes_on_the_page(house, keys, receiver, logged_in):
    """Mei adds a webhook, sees its secret once, sends a test event, reads the log, sends again what was given up, and removes it."""
    mei = logged_in(people.MEI.email)
    form = {"name": "core <b>'; =cmd()", "url": receiver.url, "event_kinds": ["case.closed"], "agency_id": ""}
    refused = mei.post("/webhooks/add/", form | {"url": "https://10.0.0.1/"})
    assert refused.status_code == 422
    added = mei.post("/webhooks/add/", form)
    secret = re.search(r"whsec_[0-9a-f]{64}", added.content.decode())
    assert secret
    with acting(house.bank.mei):
        number = selectors.webhooks(actor=house.bank.mei)[0].pk
    assert mei.post(f"/webhooks/{number}/ping/").status_code == 302
    receiver.answers = [made.status(410)]
    rounds.send_due(creditor_id=house.bank.id, webhook_id=number)
    page = mei.get(f"/webhooks/{number}/?state=dead").content.decode()
    assert "webhook.ping" in page
    assert "410" in page
    assert secret[0] not in page
    assert "<b>'" not in page
    with acting(house.bank.mei):
        delivery = selectors.deliveries(actor=house.bank.mei, webhook_id=number).get()
    assert mei.post(f"/webhooks/{number}/retry/", {"ids": [delivery.pk, "x", 10**15]}).status_code == 302
    assert rounds.send_due(creditor_id=house.bank.id, webhook_id=number) == 1
    assert mei.post(f"/webhooks/{number}/remove/").status_code == 302
    assert form["url"] not in mei.get("/webhooks/").content.decode()
    for person in (people.QIU, people.ANN, people.BO):
        assert logged_in(person.email).post(f"/webhooks/{number}/ping/").status_code == 404


def test_commands_add_list_try_and_remove(api, receiver, capsys):
    """From a terminal the same is done, with answers for machines."""
    from duecourse.doors import commands

    def said(*words):
        assert commands.run(["webhook", *words, "--creditor", "lanxi", "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    added = said("add", "core", receiver.url, "--event", "batch.handed_over", "--agency", "aoki")
    assert added["agency_id"] == api.bank.aoki.pk
    assert added["secret"].startswith("whsec_")
    assert [row["id"] for row in said("list")["webhooks"]] == [added["id"]]
    delivery = said("ping", str(added["id"]))
    receiver.answers = [made.status(500)]
    rounds.send_due(creditor_id=api.bank.id, webhook_id=added["id"])
    assert said("deliveries", str(added["id"]))["deliveries"][0]["tries"][0]["status"] == 500
    said("retry", str(delivery["delivery_id"]))
    assert rounds.send_due(creditor_id=api.bank.id, webhook_id=added["id"]) == 1
    said("remove", str(added["id"]))
    assert said("list")["webhooks"] == []
