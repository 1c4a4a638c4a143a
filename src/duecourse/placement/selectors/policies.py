"""What a creditor has decided about the life of placements, by day and contract, and where a term ends under it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from typing import Any, Literal, get_args

from duecourse.kit.calendar import CalendarUnknown, HolidayCalendar, RollRule, china
from duecourse.placement.models import PlacementPolicy

ROLL_RULES = ("none", "following", "preceding", "modified_following")
NewAccount = Literal["follow", "wait", "split"]
NEW_ACCOUNT: tuple[str, ...] = get_args(NewAccount)
_CALENDARS = {"china": china}


@dataclass(frozen=True, slots=True, kw_only=True)
class LifePolicy:
    """The choices behind a placement's life; the defaults are the house's, and no law asks for them.

    Attributes:
        extension_share_cap_bp: share of a batch's cases that may stay past their term, in basis points, rounded down.
        extension_days_max: most days one extension adds.
        extension_count_max: how often one placement may be extended.
        extension_grounds: at least one of these is there when an extension is asked for.
        roll_rule: where a term's last day goes when it is no working day; `none` leaves it.
        first_contact_days: days after the placement's first within which a first attempt is owed.
        idle_days: days without an attempt after which a case counts as idle.
        rotation_days: days with an agency after which a case is placed anew, by hand; the last number holds for all later hands.
        recall_notice_days: days between a recall and its final day, where nobody says otherwise.
        new_account: what becomes of an account that becomes overdue while its debtor's case is placed: `follow` into the placement, `wait` until
            it ends, or `split` into a case of its own.
        goal_rate_bp: recovery rate a batch should reach by the end of its term, or None.
    """

    extension_share_cap_bp: int = 1_000
    extension_days_max: int = 30
    extension_count_max: int = 1
    extension_grounds: tuple[str, ...] = ("promise_open", "plan_open", "paid_recently")
    roll_rule: RollRule = "none"
    first_contact_days: int = 2
    idle_days: int = 14
    rotation_days: tuple[int, ...] = (90, 180)
    recall_notice_days: int = 3
    new_account: NewAccount = "wait"
    goal_rate_bp: int | None = None

    def rotation_days_of(self, hand: int) -> int:
        """Return after how many days a placement of this hand is over."""
        return self.rotation_days[min(hand, len(self.rotation_days)) - 1]

    def terms(self) -> dict[str, Any]:
        """Return the choices as they are stored and shown."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class TermEnd:
    """Where a term ends.

    Attributes:
        until_on: the last day.
        asked_on: the last day before holidays were looked at.
        is_known: False when the calendar does not know the holidays there, so that nothing was moved.
    """

    until_on: date
    asked_on: date
    is_known: bool = True


def policy_on(*, creditor_id: int, on: date, contract_id: int | None = None) -> LifePolicy:
    """Return the policy in force on a day: the defaults, changed by the creditor's row, changed by the contract's."""
    found = policies_on(creditor_id=creditor_id, on=on)
    return found.get(contract_id) or found[None]


def policies_on(*, creditor_id: int, on: date) -> dict[int | None, LifePolicy]:
    """Return the policies in force on a day by contract; None is the one of every contract without its own."""
    rows = PlacementPolicy.objects.filter(creditor_id=creditor_id, effective_on__lte=on).order_by("effective_on", "pk")
    newest = {row.contract_id: row.terms for row in rows}
    general = _changed(LifePolicy(), newest.pop(None, {}))
    return {None: general} | {contract_id: _changed(general, terms) for contract_id, terms in newest.items()}


def _changed(policy: LifePolicy, terms: dict[str, Any]) -> LifePolicy:
    known = {field.name for field in fields(LifePolicy)}
    return replace(policy, **{name: tuple(v) if isinstance(v, list) else v for name, v in terms.items() if name in known})


def term_end(asked_on: date, *, rule: RollRule, calendar_name: str) -> TermEnd:
    """Return where a term ends whose last day would be `asked_on`.

    A calendar that does not know the year leaves the day where it is and says so; nothing is guessed.
    """
    if rule == "none":
        return TermEnd(asked_on, asked_on)
    calendar: HolidayCalendar | None = _CALENDARS[calendar_name]() if calendar_name in _CALENDARS else None
    if calendar is None:
        return TermEnd(asked_on, asked_on, is_known=False)
    try:
        return TermEnd(calendar.roll(asked_on, rule), asked_on)
    except CalendarUnknown:
        return TermEnd(asked_on, asked_on, is_known=False)
