"""What must be in order before a contact besides authority: no stop, no outcome owed, qualifications, a template, and a debt not paid already."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from duecourse.contact.services import grounds
from duecourse.contact.services.grounds import Ground
from duecourse.contact.services.known import Known, Owing, Span, is_in

MESSAGES = ("sms", "email", "letter")
"""The channels of which nobody reports an outcome at once, and which need a template."""

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
    return [] if version["channel"] == channel else [grounds.TEMPLATE_UNFIT.told(**said, channel=version["channel"])]
