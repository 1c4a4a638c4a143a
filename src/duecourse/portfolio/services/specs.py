"""What a row of an overdue tape means, and the mappings that are shipped.

A file becomes rows of `OVERDUE_TAPE` by a mapping (`portfolio/mappings/*.yaml`, or a YAML file of the operator's own). Amounts are
decimal texts under `principal`, `interest`, `fee`, `penalty`, `balance`, or integers of minor units under the same names with `_minor`;
a file may hold either.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from django.conf import settings

from duecourse.kit.records import Field, Mapping, RecordSpec, find_mapping
from duecourse.kit.records.saved import save_mapping
from duecourse.portfolio.selectors.stops import stop_reasons
from duecourse.rules.form import LENDER_CLASSES

MAPPINGS = Path(__file__).parents[1] / "mappings"
FEED_MAPPINGS = MAPPINGS / "feeds"

PRODUCT_CLASSES = ("credit_card", "consumer_loan", "auto_loan", "micro_loan", "mortgage", "business_loan", "other")
IDENTITY_KINDS = ("resident_id", "passport", "travel_permit", "company_code", "other")
PERSON_KINDS = ("individual", "company")
COMPONENTS = ("principal", "interest", "fee", "penalty")

SCOPES: dict[str, frozenset[str]] = {
    "contact": frozenset({"contact"}),
    "placement": frozenset({"placement"}),
    "both": frozenset({"contact", "placement"}),
}
SCOPE_WORDS = {
    "停止联系": "contact",
    "停止作业": "contact",
    "停催": "contact",
    "停止委案": "placement",
    "停委": "placement",
    "全部": "both",
    "全停": "both",
}
_UPDATED = (
    "currency", "principal_minor", "interest_minor", "fee_minor", "penalty_minor", "balance_minor", "oldest_due_on", "days_past_due",
    "instalment_minor", "last_paid_on", "last_paid_minor",
)  # fmt: skip
_amount = partial(Field, type="amount")
_date = partial(Field, type="date")
_code = partial(Field, type="code")
_personal = partial(Field, privacy="personal")

OVERDUE_TAPE = RecordSpec(
    "overdue_tape",
    (
        Field(name="account_number", required=True, length_max=64, is_identifier=True, en="Account number", zh="账户编号"),
        _personal(name="person_name", length_max=200, en="Name", zh="姓名"),
        _code(name="person_kind", choices=PERSON_KINDS, en="Kind of person", zh="主体类型"),
        _code(name="id_type", choices=IDENTITY_KINDS, en="Kind of identity", zh="证件类型"),
        Field(name="id_number", length_max=64, is_identifier=True, privacy="sensitive", en="Identity number", zh="证件号码"),
        Field(name="birth_on", type="date", privacy="surplus", en="Date of birth", zh="出生日期"),
        _personal(name="phone", length_max=32, is_identifier=True, en="Telephone", zh="手机号"),
        Field(name="phone_zone", length_max=64, en="Zone of the telephone", zh="手机时区"),
        _personal(name="email", length_max=254, en="E-mail", zh="电子邮箱"),
        _personal(name="address", length_max=500, en="Address", zh="地址"),
        Field(name="region", length_max=32, en="Region", zh="地区"),
        Field(name="zone", length_max=64, en="Time zone of the person", zh="时区"),
        Field(name="zone_source", length_max=64, en="Where the zone comes from", zh="时区来源"),
        _code(name="product_class", required=True, choices=PRODUCT_CLASSES, en="Product class", zh="产品类别"),
        _code(name="lender_class", required=True, choices=LENDER_CLASSES, en="Lender class", zh="机构类别"),
        Field(name="currency", required=True, length_max=3, is_identifier=True, en="Currency", zh="币种"),
        _code(name="standing", choices=("overdue", "not_overdue"), en="Standing", zh="状态"),
        _amount(name="lent_minor", minimum=0, en="Amount lent", zh="放款金额"),
        _amount(name="principal_repaid_minor", minimum=0, en="Principal repaid", zh="已还本金"),
        _amount(name="recovered_minor", minimum=0, en="Recovered after charge-off", zh="核销后回收"),
        _amount(name="principal_minor", required=True, minimum=0, en="Principal", zh="本金"),
        _amount(name="interest_minor", minimum=0, en="Interest", zh="利息"),
        _amount(name="fee_minor", minimum=0, en="Fees", zh="费用"),
        _amount(name="penalty_minor", minimum=0, en="Penalty interest", zh="罚息"),
        _amount(name="balance_minor", required=True, minimum=0, en="Balance", zh="欠款总额"),
        _code(name="below_zero", choices=("refused", "nothing_owed"), en="A balance below zero means", zh="负余额含义"),
        _date(name="oldest_due_on", en="Oldest unpaid due date", zh="最早未还到期日"),
        _code(name="oldest_due_basis", choices=("given", "month_after_last_paid"), en="Basis of the due date", zh="到期日依据"),
        Field(name="days_past_due", type="integer", unit="days", minimum=0, en="Days past due", zh="逾期天数"),
        _date(name="opened_on", en="Opened", zh="开户日"),
        _date(name="charged_off_on", en="Charged off", zh="核销日"),
        _amount(name="credit_limit_minor", minimum=0, en="Credit limit", zh="授信额度"),
        _amount(name="instalment_minor", minimum=0, en="Instalment", zh="每期应还"),
        _date(name="last_paid_on", en="Last payment on", zh="最近还款日"),
        _amount(name="last_paid_minor", minimum=0, en="Last payment", zh="最近还款金额"),
        Field(name="collateral_reference", length_max=64, is_identifier=True, en="Collateral reference", zh="押品编号"),
        Field(name="feed_at", type="instant", en="Feed time", zh="数据时间"),
    ),
)
"""One row per account. `principal + interest + fee + penalty = balance`; `oldest_due_on` or `days_past_due` must be known.

`standing`, `below_zero` and `oldest_due_basis` are filled by mappings of senders whose files hold more than overdue loans, or less than
a due date (docs/algorithms/intake.md). `lent`, `principal_repaid` and `recovered` exist for mappings to compute with; they are not kept.
"""


_NUMBER = Field(name="account_number", required=True, length_max=64, is_identifier=True, en="Account number", zh="账户编号")
_FEED_AT = Field(name="feed_at", type="instant", en="Feed time", zh="数据时间")
FEED_KINDS = ("new", "update", "paid", "cured", "stopped", "recalled")
FEED_SPECS: dict[str, RecordSpec] = {
    "update": RecordSpec(
        "feed_update",
        (_NUMBER, *(OVERDUE_TAPE.field(name) for name in _UPDATED), _FEED_AT),
    ),
    **{kind: RecordSpec(f"feed_{kind}", (_NUMBER, _FEED_AT)) for kind in ("paid", "cured", "recalled")},
    "stopped": RecordSpec(
        "feed_stopped",
        (
            _NUMBER,
            _code(name="reason", required=True, choices=tuple(stop_reasons()), en="Reason", zh="停催原因"),
            _code(name="scope", choices=tuple(SCOPES), en="Scope", zh="停催范围"),
            _date(name="from_on", en="First day", zh="停催起始日"),
            _date(name="until_on", en="Last day", zh="停催截止日"),
            Field(name="is_lifted", type="boolean", en="Lifted", zh="是否解除"),
            _FEED_AT,
        ),
    ),
}
"""One row per account and fact. An update gives the whole balance by its parts, as a tape does."""


def tape_mapping(name: str, *, creditor_id: int | None = None) -> Mapping:
    """Return a shipped mapping by name, one that was saved for a creditor, or the one in a YAML file.

    A saved mapping is found by its name, which gives its latest version, or by `name.version`. Shipped ones come first, and none is saved
    under the name of one that is shipped.

    Raises:
        UnknownMapping: there is none of that name; those that exist are listed.
        MappingInvalid: it does not fit the record.
    """
    return find_mapping(name, folder=MAPPINGS, saved=creditor_id and saved_folder(creditor_id), spec=OVERDUE_TAPE)


def tape_mapping_save(mapping: Mapping, *, creditor_id: int) -> Path:
    """Write a mapping under the home folder as `mappings/<creditor>/<name>.<version>.yaml`, where `tape_mapping` finds it, and return the path.

    Raises:
        MappingInvalid: it does not fit the record, or its name cannot be a file's.
        MappingExists: a shipped mapping has the name, or this version is there with other content.
        WriteFailed: the folder cannot be written.

    Guarantees: idempotent; a saved version never changes.
    """
    return save_mapping(mapping, folder=saved_folder(creditor_id), shipped=MAPPINGS, spec=OVERDUE_TAPE)


def feed_spec(kind: str) -> RecordSpec:
    """Return what a row of a daily feed of this kind means; `new` is the tape's own record."""
    return OVERDUE_TAPE if kind == "new" else FEED_SPECS[kind]


def feed_mapping(name: str, *, kind: str, creditor_id: int, currency: str, zone: str) -> Mapping:
    """Return how a daily feed's columns are read: the kind's own form for '', else a saved mapping or the one in a YAML file.

    Args:
        name: '' or of the mapping.
        kind: of the feed.
        creditor_id: whose saved mappings count.
        currency: of the creditor, for files without a currency.
        zone: of the creditor, for instants without an offset.

    Raises:
        UnknownMapping, MappingInvalid: as `tape_mapping`.
    """
    spec = feed_spec(kind)
    chosen, folder = (name or "native", MAPPINGS) if kind == "new" else (name or kind, FEED_MAPPINGS)
    found = find_mapping(chosen, folder=folder, saved=saved_folder(creditor_id), spec=spec)
    has_amounts = any(f.type == "amount" for f in spec.kept)
    given = {"currency": found.currency or currency} if has_amounts else {}
    if "reason" in spec.names and "reason" not in found.values:
        given["values"] = {**found.values, **stop_words()}
    return replace(found, zone=found.zone or zone, **given)


def stop_words() -> dict[str, dict[str, str]]:
    """Return the words for reasons and scopes of stops, in both languages."""
    reasons = {text: code for code, reason in stop_reasons().items() for text in (reason.en, reason.zh, reason.zh.rstrip("。"))}
    return {"reason": reasons, "scope": SCOPE_WORDS}


def shipped_mappings() -> list[Mapping]:
    """Return the mappings that are shipped, whose names and lookups a guess goes by."""
    return [Mapping.from_yaml(path, spec=OVERDUE_TAPE) for path in sorted(MAPPINGS.glob("*.yaml"))]


def saved_folder(creditor_id: int) -> Path:
    """Return the folder of the mappings that were saved for a creditor; each has its own, for columns tell about a sender's files."""
    return Path(settings.DUECOURSE_HOME) / "mappings" / str(creditor_id)
