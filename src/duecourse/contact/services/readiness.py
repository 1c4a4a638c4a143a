"""What must be in order before a contact besides authority.

No stop, no outcome owed, qualifications of the performer and of the person who makes the contact, a template, and a debt not paid already.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from duecourse.contact.services import grounds
from duecourse.contact.services.grounds import Ground
from duecourse.contact.services.known import Known, Owing, Span, is_in
from duecourse.parties.models import AgencyKind

MESSAGES = ("sms", "email", "letter")
"""The channels of which nobody reports an outcome at once, and which need a template."""
LETTER_PARTS = (
    "cardholder_name",
    "balance",
    "reason",
    "legal_basis",
    "rights_and_duties",
    "how_to_check",
    "how_to_repay",
    "how_to_object",
    "how_to_give_evidence",
    "issuer_contact",
    "business_seal",
)
"""What a collection letter must contain: 《商业银行信用卡业务监督管理办法》(2011) 第69条."""

_STOPPED_AMONG = (
    "One of the performer's people is stopped: name who makes the contact.",
    "该作业主体有人员被紧急停止：请注明实际联系人。",
)
_QUALIFIED = ("Collectors must be qualified: name who makes the contact.", "催收人员须具备上岗证明：请注明实际联系人。")
_SCOPES = {
    "agency": ("It covers this agency.", "范围：该机构。"),
    "collector": ("It covers this collector.", "范围：该催收员。"),
    "channel": ("It covers this channel.", "范围：该渠道。"),
    "debtor": ("It covers this debtor.", "范围：该债务人。"),
    "everything": ("It covers everything.", "范围：全部联系。"),
}


def find(known: Known, *, channel: str, template_code: str, performer_kind: str, on: date) -> list[Ground]:
    """Return every ground of this page, in a fixed order, for the debtor's local day."""
    found = [grounds.STOPPED.told(*_SCOPES[scope], stop_id=number, reason=reason) for number, scope, reason in known.stops]
    owed = known.owed_permit_id
    if owed is not None:
        found.append(grounds.OUTCOME_OWED.told(f"It is permit {owed}.", f"许可编号：{owed}。", permit_id=owed))
    terms = known.terms_on(on)
    required = terms.qualification_kinds if performer_kind in ("external", "law_firm") else ()
    found += of_qualifications(known.qualifications, required=required, on=on)
    found += of_maker(known, channel=channel, performer_kind=performer_kind, required=terms.person_qualification_kinds, on=on)
    found += of_template(known, channel=channel, code=template_code, on=on)
    accounts = known.accounts
    if accounts and all(is_paid(one, share_bp=terms.paid_share_bp, minor_min=terms.paid_minor_min) for one in accounts):
        values = {"paid_share_bp": terms.paid_share_bp, "paid_minor_min": terms.paid_minor_min}
        found.append(grounds.PAID_ALREADY.told(**values | ({"effective_on": terms.effective_on.isoformat()} if terms.effective_on else {})))
    debits = [debit for one in accounts for debit in one.debits if is_in(debit, on=on)]
    if debits:
        until_on = max(settles_on for _, settles_on in debits if settles_on is not None)
        found.append(grounds.DEBIT_IN_FLIGHT.told(until_on=until_on, settles_on=until_on.isoformat()))
    return found


def is_paid(account: Owing, *, share_bp: int, minor_min: int) -> bool:
    """Say whether nothing is left to call about: told as cured, paid in full, or paid by the share and the least amount together.

    An account that no import told of is not judged.
    """
    if account.is_cleared:
        return True
    if account.balance_minor is None:
        return False
    if account.paid_minor >= account.balance_minor:
        return True
    return account.paid_minor >= minor_min and account.paid_minor * 10_000 >= share_bp * account.balance_minor > 0


def of_qualifications(evidence: Sequence[tuple[str, Span]], *, required: Sequence[str], on: date) -> list[Ground]:
    """Return a ground for each kind that is required and not valid on the day, or for which there was evidence that ended."""
    found = []
    for kind in sorted({*required, *(kind for kind, _ in evidence)}):
        spans = [span for name, span in evidence if name == kind]
        ends = [until_on for _, until_on in spans if until_on is not None and until_on <= on]
        if any(is_in(span, on=on) for span in spans) or (kind not in required and not ends):
            continue
        last = f"It ended on {max(ends)}." if ends else "There is no evidence of it."
        zh = f"已于 {max(ends)} 到期。" if ends else "无有效证明。"
        values = {"kind": kind} | ({"ended_on": max(ends).isoformat()} if ends else {})
        found.append(grounds.QUALIFICATION.told(f"{kind}: {last}", f"{kind}：{zh}", **values))
    return found


def of_maker(known: Known, *, channel: str, performer_kind: str, required: Sequence[str], on: date) -> list[Ground]:
    """Return what speaks against the person who makes a call or a visit; a robot is none.

    Args:
        known: what the gate told.
        channel: of the contact; messages are made by nobody in person.
        performer_kind: of the performer.
        required: the kinds that each collector must hold.
        on: the debtor's local day.

    Returns:
        That nobody is named, where one of the performer's people is stopped or a kind is required; else a ground for each kind that the
        person does not hold on the day.
    """
    if channel in MESSAGES or performer_kind == AgencyKind.ROBOT:
        return []
    if known.maker_id is None:
        whys = [_STOPPED_AMONG] if known.is_maker_unsaid else []
        whys += [_QUALIFIED] if required else []
        return [grounds.MAKER_UNSAID.told(" ".join(en for en, _ in whys), "".join(zh for _, zh in whys))] if whys else []
    found = []
    for kind in required:
        spans = [span for name, span in known.maker_evidence if name == kind]
        if any(is_in(span, on=on) for span in spans):
            continue
        ends = [until_on for _, until_on in spans if until_on is not None and until_on <= on]
        last = (f"it ended on {max(ends)}.", f"已于 {max(ends)} 到期。") if ends else ("there is no evidence of it.", "无有效证明。")
        values = {"kind": kind, "user_id": known.maker_id} | ({"ended_on": max(ends).isoformat()} if ends else {})
        whose = (f"{kind} of collector {known.maker_id}: {last[0]}", f"{kind}（催收员 {known.maker_id}）：{last[1]}")
        found.append(grounds.COLLECTOR_QUALIFICATION.told(*whose, **values))
    return found


def of_template(known: Known, *, channel: str, code: str, on: date) -> list[Ground]:
    """Return what speaks against the template of a message; a call or a visit needs none."""
    if channel not in MESSAGES:
        return []
    if not code:
        return [grounds.TEMPLATE_MISSING]
    version, waiting = known.template_on(on)
    said = {"template": code}
    if version is None:
        if waiting is not None:
            return [grounds.TEMPLATE_UNAPPROVED.told(**said)]
        return [(grounds.TEMPLATE_ENDED if known.told["templates"] else grounds.TEMPLATE_UNKNOWN).told(**said)]
    said |= {"number": version["number"]}
    until_on = version["until_on"]
    if version["is_end"] or (until_on and date.fromisoformat(until_on) <= on):
        return [grounds.TEMPLATE_ENDED.told(**said)]
    if version["channel"] != channel:
        return [grounds.TEMPLATE_UNFIT.told(**said, channel=version["channel"])]
    absent = [part for part in LETTER_PARTS if part not in version["parts"]] if channel == "letter" else []
    return [grounds.TEMPLATE_INCOMPLETE.told(**said, parts=", ".join(absent))] if absent else []
