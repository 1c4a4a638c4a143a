"""The platform's own grounds for refusing a contact, beside the rules of the packs: authority, holds and contact points.

They come from records, not from a clock or a count, so no instant can be named at which they end by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from duecourse.kit.errors import DuecourseError
from duecourse.parties.models import AgencyKind
from duecourse.portfolio.selectors import stop_text
from duecourse.rules.load import shipped_packs

RULE_KINDS = {
    AgencyKind.EXTERNAL.value: "agency",
    AgencyKind.IN_HOUSE.value: "in_house",
    AgencyKind.ROBOT.value: "robot",
    AgencyKind.LAW_FIRM.value: "law_firm",
}
"""The rules' word for each kind of performer."""

_OWN = {AgencyKind.IN_HOUSE.value, AgencyKind.ROBOT.value}


@dataclass(frozen=True, slots=True)
class Ground:
    """One ground: its code, its two texts and where it comes from."""

    code: str
    en: str
    zh: str
    source: str

    def record(self) -> dict[str, str]:
        """Return the ground as it stands in a permit's explanation."""
        return {"code": self.code, "en": self.en, "zh": self.zh, "source": self.source}


CASE_CLOSED = Ground("case_closed", "The case is closed.", "案件已结案。", "Placement contract: authority ends with the case")
PERFORMER_CLOSED = Ground(
    "performer_closed",
    "The performer no longer works for the creditor.",
    "作业主体已停止合作。",
    "《民法典》第933条: a mandate may be ended at any time",
)
NOT_PLACED = Ground(
    "not_placed",
    "The case is not placed with this performer.",
    "该案件未委托给此作业主体。",
    "《民法典》第922条: an agent acts within its instructions",
)
PLACED_ELSEWHERE = Ground(
    "placed_elsewhere",
    "The case is placed with another performer.",
    "该案件已委托给其他作业主体。",
    "《民法典》第922条: an agent acts within its instructions",
)
NO_RULES = Ground(
    "no_rules",
    "No rule pack is in force for the creditor, so nothing can be permitted.",
    "该机构未启用任何规则包，无法给予许可。",
    "Creditor's settings",
)
POINT_ENDED = Ground(
    "contact_point_ended",
    "This number or address is not valid: it was found wrong, or its time is over.",
    "该号码或地址已失效（错号或已过期）。",
    "Creditor's records of contact points",
)
POINT_UNFIT = Ground(
    "contact_point_unfit",
    "This channel cannot use that number or address.",
    "该联系渠道不适用于此号码或地址。",
    "Creditor's records of contact points",
)
THIRD_PARTY = Ground(
    "third_party",
    "The number or address is another person's, and no rule in force allows to contact third parties.",
    "该号码或地址属于第三人，现行规则不允许联系第三人。",
    "《商业银行信用卡业务监督管理办法》第68条",
)
_OF_POINTS = (POINT_ENDED, POINT_UNFIT, THIRD_PARTY)
_POINT_KINDS = {"call": "phone", "sms": "phone", "email": "email", "letter": "address", "visit": "address"}
_HOLDS = {
    "dispute": ("The debtor disputes the debt.", "债务人对债务提出异议。", "《商业银行信用卡业务监督管理办法》第69条"),
    "deceased": ("The debtor has died.", "债务人已身故。", "Creditor policy"),
    "bankrupt": ("The debtor is bankrupt.", "债务人已进入破产程序。", "Creditor policy"),
    "complaint": ("A complaint is open.", "投诉处理中。", "Creditor policy"),
    "plan": (
        "A personalised instalment plan is signed and kept.",
        "已签订并正常履行个性化分期协议。",
        "《商业银行信用卡业务监督管理办法》第70条",
    ),
    "stop_list": ("The debtor is on the stop list.", "债务人在停催名单中。", "Creditor policy"),
    "paid_already": ("The debtor says the debt is paid.", "债务人表示已还款。", "Creditor policy"),
}


def find(
    *,
    has_rules: bool,
    is_case_closed: bool,
    is_performer_closed: bool,
    performer_kind: str,
    is_placed_here: bool,
    is_placed_elsewhere: bool,
    hold_kinds: Sequence[str],
) -> list[Ground]:
    """Return every ground that applies, in a fixed order.

    The creditor's robot may contact any case, for it acts beside the placement (reminders); its in-house team may contact a case
    that is with nobody; everybody else only cases placed with them.
    """
    found = [] if has_rules else [NO_RULES]
    if is_case_closed:
        found.append(CASE_CLOSED)
    if is_performer_closed:
        found.append(PERFORMER_CLOSED)
    if performer_kind == AgencyKind.IN_HOUSE.value and is_placed_elsewhere:
        found.append(PLACED_ELSEWHERE)
    if performer_kind not in _OWN and not is_placed_here:
        found.append(NOT_PLACED)
    return found + [_hold(kind) for kind in sorted(hold_kinds)]


def of_point(*, kind: str, whose: str, span: tuple[date, date | None], channel: str, on: date) -> list[Ground]:
    """Return what speaks against using a number or an address on the debtor's day.

    Args:
        kind: phone, email or address.
        whose: 'self' for the debtor's own; everything else is a third party's, which no pack has a rule for yet, so it is refused.
        span: valid from, and the first day on which it is not, or None.
        channel: of the contact.
        on: the debtor's local day.
    """
    from_on, until_on = span
    found = [POINT_UNFIT] if _POINT_KINDS[channel] != kind else []
    if on < from_on or (until_on is not None and on >= until_on):
        found.append(POINT_ENDED)
    if whose != "self":
        found.append(THIRD_PARTY)
    return found


def _hold(kind: str) -> Ground:
    texts = stop_text(kind) or (f"A hold is open: {kind}.", f"存在暂停催收事项：{kind}。")
    en, zh, source = _HOLDS.get(kind, (*texts, "Creditor policy"))
    return Ground(f"hold_{kind}", en, zh, source)


def undecided(error: DuecourseError) -> Ground:
    """Return the ground that the rules themselves could not say: they contradict each other, or have no value for the day."""
    return Ground(error.code, f"The rules cannot decide this: {error.message()}", f"规则无法判定：{error.message()}", error.read)


def ground_text(code: str) -> tuple[str, str]:
    """Return what a code of a refusal means, in English and in Chinese: a ground of the platform, a hold, or a rule of a pack."""
    for ground in (CASE_CLOSED, PERFORMER_CLOSED, NOT_PLACED, PLACED_ELSEWHERE, NO_RULES, *_OF_POINTS):
        if ground.code == code:
            return ground.en, ground.zh
    if code.startswith("hold_"):
        hold = _hold(code.removeprefix("hold_"))
        return hold.en, hold.zh
    return _rule_texts().get(code, (code, code))


@lru_cache(maxsize=1)
def _rule_texts() -> dict[str, tuple[str, str]]:
    """Return the titles of all shipped rules by their codes."""
    unknown = {"zone_unknown": ("The debtor's time zone is not known.", "无法确定债务人所在时区。")}
    return unknown | {rule.code: (rule.title.en, rule.title.zh) for pack in shipped_packs() for rule in pack.rules}
