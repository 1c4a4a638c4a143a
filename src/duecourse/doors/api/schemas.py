"""What goes in and out, as the description of the interface tells it. Money is integer minor units; instants carry their offset."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import ConfigDict, Field

from duecourse.contact.models import Outcome
from duecourse.doors.api.paging import PRINTED, Instant, Number, Text

Channel = Literal["call", "sms", "email", "letter", "visit"]
Minor = Annotated[int, Field(ge=-(2**62), le=2**62)]


class Incoming(Schema):
    """The base of bodies: a field we do not know is refused, for it may be a misspelt one."""

    model_config = ConfigDict(extra="forbid")


class Fault(Schema):
    """One place of a request that is wrong."""

    where: Annotated[str, Field(alias="in")]
    pointer: str
    code: str
    detail: str


class ProblemOut(Schema):
    """An error: RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[Fault]


class RowProblem(Schema):
    """What is wrong with one row."""

    row: int
    column: str
    code: str
    detail: str


class CaseOut(Schema):
    """A case in a list."""

    id: int
    person_id: int
    work_stream: str
    region: str
    opened_on: date
    closed_on: date | None
    close_reason: str
    open_agency_id: int | None
    hand_count: int


class ContactPointOut(Schema):
    """A way to reach the debtor, masked."""

    id: int
    kind: str
    whose: str
    zone: str | None
    value: str | None


class PersonOut(Schema):
    """The debtor, masked."""

    id: int
    kind: str
    zone: str | None
    is_erased: bool
    name: str | None = None
    identity_kind: str | None = None
    identity_number: str | None = None
    contact_points: list[ContactPointOut] = []


class SnapshotOut(Schema):
    """An account's newest ageing."""

    as_of: date
    days_past_due: int
    bucket: str
    balance_minor: int
    principal_minor: int
    interest_minor: int
    fee_minor: int
    penalty_minor: int


class AccountOut(Schema):
    """An account of a case."""

    id: int
    number: str
    product_class: str
    currency: str
    opened_on: date | None
    charged_off_on: date | None
    snapshot: SnapshotOut | None


class HoldOut(Schema):
    """A reason not to contact or not to place."""

    kind: str
    stops_contact: bool
    stops_placement: bool
    from_on: date
    until_on: date | None


class CaseTransitionOut(Schema):
    """A step of a case's history."""

    status: str
    reason: str
    effective_on: date
    known_at: datetime


class CasePageOut(Schema):
    """One case with its debtor, masked."""

    id: int
    work_stream: str
    region: str
    opened_on: date
    closed_on: date | None
    close_reason: str
    open_agency_id: int | None
    hand_count: int
    person: PersonOut
    accounts: list[AccountOut]
    holds: list[HoldOut]
    transitions: list[CaseTransitionOut]


class PlacementOut(Schema):
    """The time a case is with an agency; `ended_at` is null while it is."""

    id: int
    case_id: int
    agency_id: int
    batch_id: int
    hand: int
    placed_at: datetime
    ended_at: datetime | None
    end_reason: str
    term_until_on: date
    placed_minor: int
    currency: str
    days_past_due: int


class BatchOut(Schema):
    """Cases handed to an agency together."""

    id: int
    code: str
    agency_id: int
    contract_id: int
    placed_on: date
    term_until_on: date
    case_count: int
    placed_minor: int
    currency: str


class PermitIn(Incoming):
    """A contact that is about to be made."""

    case_id: Number
    channel: Channel
    contact_at: Instant
    client_request_id: Text | None = None
    performer_id: Annotated[Number | None, Field(None, description="the creditor's own team or robot; an agency is its own performer")]
    contact_point_id: Number | None = None
    collector: Annotated[Number | Text, Field("", description="who makes the contact: e-mail address or number of a user of the performer")]
    template_code: Annotated[
        str, Field("", max_length=200, pattern=r"^[^\x00-\x1f]*$", description="the approved text that is sent, for a message")
    ]
    stated: Annotated[dict[Annotated[str, Field(max_length=100, pattern=PRINTED)], Annotated[int, Field(ge=0, le=10**15)]], Field(
        default_factory=dict, max_length=50, description="what the contact will be, by the facts that the rules declare as stated"
    )]  # fmt: skip


class CitationOut(Schema):
    """A text and an article that a reason rests on."""

    text: str
    layer: str
    article: str
    zh: str
    en: str


class ReasonOut(Schema):
    """Why a contact is refused, or what is said of one that is not: by a rule with its citations, or by a ground of the platform."""

    code: str
    rule: str | None
    modality: str
    zh: str
    en: str
    citations: list[CitationOut]


class DecisionOut(Schema):
    """The answer of the gate: all reasons of a refusal, all warnings, and the whole evidence; `id` is null in test mode."""

    decision: Annotated[
        Literal["permit", "refusal", "revoked"],
        Field(description="`revoked`: this request was given a permit before, and what has come since ended it; `reasons` say what"),
    ]
    id: int | None
    valid_until_at: datetime | None
    next_allowed_at: datetime | None
    reasons: list[ReasonOut]
    warnings: list[ReasonOut]
    explanation: dict[str, Any]
    is_test: bool


class OutcomeIn(Incoming):
    """What came of a permit."""

    outcome: Outcome
    started_at: Instant
    talk_seconds: Annotated[int, Field(0, ge=0, le=86_400)]


class AttemptOut(Schema):
    """A reported attempt."""

    outcome: str
    is_connected: bool
    started_at: datetime
    talk_seconds: int
    reported_at: datetime


class RevocationOut(Schema):
    """What ended a permit before its time, as the code and words of a refusal, and since when where that is known."""

    code: str
    zh: str
    en: str
    revoked_at: datetime | None


class PermitOut(Schema):
    """A permit that was given, looked at again, with its attempt once that was reported."""

    id: int
    case_id: int
    performer_id: int
    placement_id: int | None
    client_request_id: str
    made_by: Annotated[int | None, Field(description="the user who makes the contact; null where nobody was named")]
    channel: str
    contact_at: datetime
    decided_at: datetime
    valid_until_at: datetime
    is_revoked: Annotated[bool, Field(description="something has come since that ends the permit: the contact must not be made")]
    revocations: list[RevocationOut]
    explanation: dict[str, Any]
    attempt: AttemptOut | None


class PaymentIn(Incoming):
    """A payment, or below zero the reversal of the one that `reverses_ref` names."""

    bank_account: Text
    external_ref: Text
    amount_minor: Minor
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    paid_on: date
    booked_on: date
    account_number: Text | None = None
    channel: Text | None = None
    reverses_ref: Text | None = None


class PaymentsIn(Incoming):
    """Payments, all good ones in one transaction."""

    rows: Annotated[list[PaymentIn], Field(min_length=1, max_length=1000)]


class PaymentsOut(Schema):
    """rows = payment_count + reversal_count + duplicate_count + the number of problems."""

    payment_count: int
    reversal_count: int
    duplicate_count: int
    suspense_count: int
    attributed_count: int
    received_minor: dict[str, int]
    problems: list[RowProblem]
    is_test: bool


class StatementOut(Schema):
    """What a contract earns in a month."""

    id: int
    month: str
    contract_id: int
    agency_id: int
    currency: str
    total_minor: int
    line_count: int
    lines_hash: str
    drafted_at: datetime
    status: str


class StatementLineOut(Schema):
    """One amount on a statement; its exact rate is rate_numerator / rate_denominator."""

    id: int
    kind: str
    payment_id: int
    placement_id: int
    batch_id: int
    product_class: str
    days_past_due: int
    hand: int
    basis_minor: int
    rate_bp: int
    rate_numerator: int
    rate_denominator: int
    amount_minor: int
    original_line_id: int | None


class StatementTransitionOut(Schema):
    """A step of a statement's life."""

    status: str
    at: datetime


class StatementLinesPage(Schema):
    """Lines of a statement."""

    items: list[StatementLineOut]
    next_cursor: str | None


class StatementPageOut(StatementOut):
    """One statement with its history and one page of its lines."""

    transitions: list[StatementTransitionOut]
    lines: StatementLinesPage


class AgreeIn(Incoming):
    """Which lines are agreed to: `lines_hash` of the statement as it was looked at."""

    lines_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class FeedOut(Schema):
    """What came of a file; `is_new` is false when it had been taken in before and nothing was done."""

    tape_id: int
    is_new: bool
    counts: dict[str, Any]
    problems: list[RowProblem]
    quarantined: list[dict[str, Any]]


class CasesPage(Schema):
    """Cases."""

    items: list[CaseOut]
    next_cursor: str | None


class PlacementsPage(Schema):
    """Placements."""

    items: list[PlacementOut]
    next_cursor: str | None


class BatchesPage(Schema):
    """Batches."""

    items: list[BatchOut]
    next_cursor: str | None


class StatementsPage(Schema):
    """Statements."""

    items: list[StatementOut]
    next_cursor: str | None


class WebhookIn(Incoming):
    """Where events go to, and which."""

    name: Annotated[Text, Field(max_length=100)]
    url: Annotated[str, Field(min_length=9, max_length=500, pattern=r"^[\x21-\x7e]+$", description="https")]
    event_kinds: Annotated[list[Annotated[str, Field(max_length=64, pattern=PRINTED)]], Field(min_length=1, max_length=50)]


class WebhookOut(Schema):
    """A webhook; `key_id` names the secret in its signatures."""

    id: int | None
    name: str
    url: str
    event_kinds: list[str]
    key_id: str | None
    agency_id: int | None
    created_at: datetime


class WebhookIssuedOut(WebhookOut):
    """A new webhook with its secret; both numbers and secret are null in test mode."""

    secret: str | None


class WebhooksOut(Schema):
    """Webhooks, twenty at most."""

    items: list[WebhookOut]


class TryOut(Schema):
    """One try to send an event; `problem` is empty when it arrived."""

    at: datetime
    status: int | None
    problem: str
    duration_ms: int


class DeliveryOut(Schema):
    """An event on its way to a webhook, or that has arrived or was given up."""

    id: int
    event_id: str
    kind: str
    state: Literal["waiting", "delivered", "dead"]
    try_count: int
    tries: list[TryOut]
    created_at: datetime
    ended_at: datetime | None


class DeliveriesPage(Schema):
    """Deliveries."""

    items: list[DeliveryOut]
    next_cursor: str | None
