"""Words for codes: what a step, a state, a count or a law is called in the language of the reader.

The report of a month carries stable codes; page and terminal name them through this one table. A code without a word is shown as it
is, underscores as spaces, so that nothing disappears.
"""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_noop as _

from duecourse.kit.errors import fill

STEPS = {
    "intake": _("Intake"),
    "snapshot": _("Ageing"),
    "score": _("Scoring"),
    "allocate": _("Allocation"),
    "hand_over": _("Handover"),
    "contact": _("Contact"),
    "repay": _("Repayment"),
    "measure": _("Measuring"),
    "settle": _("Settlement"),
    "close": _("Closing"),
}
STATES = {
    "checked": _("checked"),
    "missing": _("not run yet"),
    "proposed": _("proposed"),
    "approved": _("approved"),
    "published": _("published"),
    "rejected": _("rejected"),
    "draft": _("draft"),
    "agreed": _("agreed by the agency"),
    "frozen": _("frozen"),
    "disputed": _("disputed"),
    "kept": _("kept"),
    "part_kept": _("kept in part"),
    "broken": _("broken"),
    "open": _("still open"),
    "closed": _("gone or paid off"),
    "new": _("new"),
    "cured": _("cured"),
    "asked": _("awaits a second person"),
    "ready": _("ready"),
    "expired": _("expired"),
    "granted": _("agreed"),
    "refused": _("refused"),
    "holds": _("holds now"),
    "to_begin": _("begins later"),
    "ended": _("ended"),
}
SUBJECTS = {
    "allocation_run": _("Allocation"),
    "placement_move_set": _("Moves of placements"),
    "statement": _("Statement"),
    "export": _("Export"),
    "collector_qualification": _("Evidence of a collector"),
    "contact_stop_lift": _("Lifting an emergency stop"),
    "paper": _("Paper"),
    "message_template": _("Template"),
    "gate_terms": _("Terms of the gate"),
    "call_definition": _("Definition of calls"),
}
KINDS = {
    "external": _("outside agency"),
    "in_house": _("in-house team"),
    "law_firm": _("law firm"),
    "robot": _("robot"),
    "randomised": _("Random slice only"),
    "adjusted": _("All cases, adjusted for mix"),
    "money": _("Money recovered"),
    "payers": _("Debtors who paid"),
}
ROLES = {
    "manager": _("manager"),
    "compliance": _("compliance"),
    "accountant": _("accountant"),
    "analyst": _("analyst"),
    "read_only": _("read only"),
    "lead": _("team lead"),
    "collector": _("collector"),
}
COUNTS = {
    "row_count": _("rows"),
    "accepted_count": _("accepted"),
    "rejected_count": _("rows rejected"),
    "passed_over_count": _("passed over"),
    "not_overdue_count": _("not overdue"),
    "nothing_owed_count": _("nothing owed"),
    "person_new_count": _("new debtors"),
    "account_new_count": _("new accounts"),
    "account_known_count": _("known accounts"),
    "contact_point_new_count": _("new contact points"),
    "case_opened_count": _("cases opened"),
    "closed_case_count": _("cases closed"),
    "ended_placement_count": _("placements ended"),
    "account_count": _("accounts"),
    "case_count": _("cases"),
    "segment_count": _("segments"),
    "placed_count": _("cases placed"),
    "placed_minor": _("balance placed"),
    "slice_count": _("random slice"),
    "withheld_count": _("withheld"),
    "over_capacity_count": _("agencies over capacity"),
    "batch_count": _("batches"),
    "request_count": _("requests"),
    "permit_count": _("permits"),
    "refusal_count": _("refusals"),
    "unreported_count": _("outcomes not reported"),
    "most_slots_held": _("most slots held on a day"),
    "most_connected": _("most connected calls to a debtor on a day"),
    "payment_count": _("payments"),
    "judged_promise_count": _("promises judged"),
    "scorecard_count": _("scorecards"),
    "statement_count": _("statements"),
    "line_count": _("lines"),
    "commission_minor": _("commission"),
    "audit_position": _("position in the audit trail"),
}
CASES = {
    "call": _("call"),
    "sms": _("text message"),
    "email": _("e-mail"),
    "letter": _("letter"),
    "visit": _("visit"),
    "phone": _("telephone"),
    "address": _("address"),
    "self": _("own"),
    "connected": _("connected"),
    "promise": _("promised to pay"),
    "refused_to_pay": _("refused to pay"),
    "wrong_party": _("wrong party"),
    "no_answer": _("no answer"),
    "busy": _("busy"),
    "unreachable": _("unreachable"),
    "not_made": _("not made"),
    "unreported": _("not reported yet"),
    "borrower": _("borrower"),
    "co_borrower": _("co-borrower"),
    "guarantor": _("guarantor"),
    "heir": _("heir"),
    "penalty": _("penalty"),
    "fee": _("fee"),
    "interest": _("interest"),
    "principal": _("principal"),
    "reference": _("account number"),
    "blind_index": _("payer's identity"),
    "manual": _("by hand"),
    "suspense": _("suspense"),
    "commission": _("commission"),
    "reversal": _("reversal"),
    "clawback": _("claw-back"),
    "whole": _("whole amount at the tier reached"),
    "marginal": _("each part at its own tier"),
    "half_up": _("half away from zero"),
    "half_even": _("half to even"),
    "down": _("cut off"),
    "card": _("bank card"),
    "credit_card": _("credit card"),
    "consumer_loan": _("consumer loan"),
    "auto_loan": _("car loan"),
    "micro_loan": _("micro loan"),
    "mortgage": _("mortgage"),
    "business_loan": _("business loan"),
    "resident_id": _("identity card"),
    "passport": _("passport"),
    "travel_permit": _("travel permit"),
    "company_code": _("company code"),
    "other": _("other"),
    "individual": _("individual"),
    "company": _("company"),
    "collection": _("collection"),
    "tape": _("overdue file"),
    "payments": _("payment file"),
    "handover": _("handover package"),
    "cash": _("cash"),
    "receivable": _("receivable"),
    "amount": _("amount"),
    "already_paid": _("paid already"),
    "not_mine": _("not mine"),
    "identity": _("identity"),
    "attitude": _("attitude"),
    "local_minute": _("time where the debtor is"),
    "allowed_from_minute": _("allowed from"),
    "allowed_until_minute": _("allowed until"),
    "call_slots_held_count": _("calls held that day"),
    "connected_calls_max_count": _("connected calls allowed a day"),
    "law": _("law"),
    "standard": _("standard"),
    "guideline": _("guideline"),
    "creditor_policy": _("creditor's policy"),
    "agency_contract": _("agreement with the agency"),
    "agreement": _("agreement with the debtor"),
    "verbatim": _("text read"),
    "secondary": _("second-hand source"),
    "memory": _("from memory"),
    "frequency": _("frequency"),
    "hours": _("hours"),
    "third_party": _("third party"),
    "open_case": _("in collection"),
    "off_tape": _("gone from the tape"),
    "booked": _("booking day"),
    "paid": _("day of payment"),
}
FILES = {
    "feed_overdue": _("overdue tape"),
    "feed_new": _("newly overdue"),
    "feed_update": _("balances and days"),
    "feed_paid": _("paid off"),
    "feed_cured": _("cured accounts"),
    "feed_stopped": _("stopped accounts"),
    "feed_recalled": _("recalled accounts"),
    "all_taken": _("all rows taken"),
    "with_rejects": _("with rejects"),
    "in_force": _("in force"),
    "coming": _("coming"),
    "ended": _("ended"),
    "stops_contact": _("contact"),
    "stops_placement": _("placement"),
    "stops_both": _("contact and placement"),
    "source_stop_list": _("stop list"),
    "source_audit_event": _("by hand"),
    "source_dispute": _("dispute"),
    "source_complaint": _("complaint"),
    "source_plan": _("plan"),
    "source_feed_fact": _("daily feed"),
    "hold_deceased": _("deceased"),
    "hold_bankrupt": _("bankrupt"),
    "hold_dispute": _("disputed"),
    "hold_plan": _("instalment plan kept"),
    "hold_litigation": _("before a court"),
    "hold_special_group": _("protected group"),
    "hold_no_capacity": _("no civil capacity"),
    "hold_complaint": _("complaint open"),
    "hold_hardship": _("hardship"),
    "hold_paid_already": _("said to be paid"),
    "hold_fraud": _("suspected fraud"),
    "hold_stop_list": _("creditor's stop list"),
    "hold_represented": _("represented by an attorney"),
    "hold_cease_request": _("asked in writing to stop"),
    "guess_sure": _("sure"),
    "guess_likely": _("likely"),
    "guess_doubtful": _("doubtful"),
    "lender_bank": _("bank"),
    "lender_consumer_finance": _("consumer finance company"),
    "lender_auto_finance": _("car finance company"),
    "lender_small_loan": _("small-loan company"),
    "lender_trust": _("trust"),
    "lender_online_lender": _("online lender"),
    "read_verbatim": _("the text was read"),
    "read_secondary": _("secondary source"),
    "read_secondary_weak": _("weak secondary source"),
    "read_memory": _("from memory"),
}
LAWS_OF_COUNTS = (
    _("rows in = accepted + rejected + passed over"),
    _("accepted rows = accounts on the tape"),
    _("accounts in = snapshots"),
    _("snapshots with negative days"),
    _("buckets that fall while days rise"),
    _("cases in = cases scored"),
    _("cases that differ"),
    _("cases in = rows"),
    _("cases that stand twice"),
    _("agencies over capacity"),
    _("rows without reason or propensity"),
    _("cases allocated = placed + withheld"),
    _("accounts placed = rows of the packages"),
    _("cases with two open placements"),
    _("requests = permits + refusals"),
    _("attempts without a permit"),
    _("connected calls of a debtor-day over the limit"),
    _("attributed payments = lines"),
    _("broken links in the trail"),
)
LAWS_OF_MONEY = (
    _("balance of the tape = balance in the books"),
    _("balance in = balance out"),
    _("balance allocated = balance placed"),
    _("postings sum to zero"),
    _("received = imputed + suspense"),
    _("payments = cash in the books"),
    _("denominators = balances frozen at placement"),
    _("recovered in the rates = recovered in the outcomes"),
    _("lines computed = statements"),
    _("lines stored = statements"),
    _("statements = movement in the books"),
)
WEBHOOKS: dict[str, str] = {
    "waiting": _("On its way"),
    "delivered": _("Delivered"),
    "dead": _("Given up for good"),
    "status": _("It answered, but did not take it"),
    "redirect": _("It sent us elsewhere; we follow no redirect"),
    "timeout": _("No answer within ten seconds"),
    "connection": _("No connection, or it broke off"),
    "tls": _("Its certificate is not right"),
    "host_unknown": _("There is no such host"),
    "address_refused": _("The host leads into a private network"),
}
RULES = {
    "must_not": _("forbidden"),
    "should_not": _("advised against"),
    "presumption": _("presumed a breach"),
    "safe_harbour_lost": _("safe harbour lost"),
    "definition": _("definition"),
    "secondary_weak": _("weak second-hand source"),
    "if_lower": _("the lower the stricter"),
    "if_higher": _("the higher the stricter"),
    "rule_binds": _("binds"),
    "rule_not_yet": _("no such rule on this day"),
    "rule_not_binding": _("does not bind this lender"),
    "rule_unknown": _("no value known on this day"),
    "rule_conflict": _("two exceptions disagree"),
    "rule_disabled": _("off: known too weakly"),
    "case_ends_NoValueInForce": _("not decided: no value is known"),
    "finding_clear": _("clear"),
    "finding_refused": _("refused"),
    "finding_warned": _("warned"),
    "finding_presumed": _("presumed a breach"),
    "finding_harbour_lost": _("safe harbour lost"),
    "finding_outside": _("outside the definition"),
    "source_core": _("from time, zone and performer"),
    "source_stated": _("said by whoever asks"),
    "source_record": _("the creditor's records"),
    "source_counted": _("counted over earlier contacts"),
    "case_channel": _("Channel"),
    "case_at": _("At"),
    "case_zone": _("Zone"),
    "case_performer_kind": _("Performer"),
    "case_lender_class": _("Lender class"),
    "case_product_class": _("Product class"),
    "lender_other": _("other lender"),
    "violation_refused": _("Refused requests"),
    "violation_made_on_revoked": _("Contact on an ended permit"),
    "violation_asked_again": _("Asked again while refused"),
    "violation_unreported": _("Outcome not reported"),
    "violation_call_without_permit": _("Call without a permit"),
    "violation_permit_without_call": _("Attempt reported, no call recorded"),
    "violation_outcome_disagrees": _("Outcome disagrees with the record"),
    "violation_duration_disagrees": _("Duration disagrees with the record"),
    "violation_outside_permit": _("Call outside its permit's time"),
    "violation_number_unknown": _("Number belongs to no debtor"),
    "scope_agency": _("An agency"),
    "scope_collector": _("A collector"),
    "scope_channel": _("A channel"),
    "scope_debtor": _("A debtor"),
    "scope_everything": _("Everything"),
    "scope_about_agency": _("Nobody of the agency gets a permit."),
    "scope_about_collector": _("This person gets no permit, on whatever side."),
    "scope_about_channel": _("Nobody uses this channel, for any debtor."),
    "scope_about_debtor": _("Nobody contacts this debtor, in any case of theirs."),
    "scope_about_everything": _("Nobody contacts anybody."),
    "stop_conduct": _("conduct of the performer"),
    "stop_complaint": _("complaint"),
    "stop_personal_data": _("personal data at risk"),
    "stop_regulator": _("order of the regulator"),
    "stop_wrong_rules": _("rules or values found wrong"),
    "stop_system_fault": _("fault of a system"),
    "stop_other": _("another reason"),
    "part_cardholder_name": _("the debtor's name"),
    "part_balance": _("the balance"),
    "part_reason": _("why it is claimed"),
    "part_legal_basis": _("the legal basis"),
    "part_rights_and_duties": _("the debtor's rights and duties"),
    "part_how_to_check": _("how to check the account"),
    "part_how_to_repay": _("how to repay"),
    "part_how_to_object": _("how to object"),
    "part_how_to_give_evidence": _("how to give evidence"),
    "part_issuer_contact": _("how to reach the lender"),
    "part_business_seal": _("the lender's seal"),
    "part_agency_name": _("the agency's name"),
    "part_opt_out": _("how to receive no more"),
    "reminder": _("reminder"),
    "demand": _("demand for payment"),
    "plan": _("instalment plan"),
    "outsourcing_notice": _("notice of outsourcing"),
    "paper_waiting": _("waits for a second person"),
    "paper_approved": _("approved"),
    "paper_refused": _("refused"),
    "paper_end": _("ends the paper"),
    "about_made_on_revoked": _("begun after a stop, a hold or a recall"),
    "about_asked_again": _("the earlier answer was not a day old"),
    "about_unreported": _("the permit has ended; its slot counts as used"),
    "about_call_without_permit": _("found in call records"),
    "about_permit_without_call": _("found in call records"),
    "about_outcome_disagrees": _("found in call records"),
    "about_duration_disagrees": _("found in call records"),
    "about_outside_permit": _("found in call records"),
    "about_number_unknown": _("found in call records"),
}
_WORDS = RULES | WEBHOOKS | CASES | STEPS | STATES | KINDS | SUBJECTS | ROLES | COUNTS | FILES
_CURRENCY = re.compile(r"([A-Z]{3}) (.+)")
_HIDDEN_COUNTS = ("_id", "commitment", "_hash")


def word(code: str) -> str:
    """Return what a code is called in the active language."""
    template = _WORDS.get(code)
    return gettext(template) if template else code.replace("_", " ")


_PART_NAMES = ("reason", "quantity")
PARTS = (
    _("its size in bytes"),
    _("the length of a column's name"),
    _("the length of a line in bytes"),
    _("the length of a row in bytes"),
    _("the number of columns"),
    _("the number of rows"),
    _("the size a row group unpacks to in bytes"),
    _("the size it unpacks to in bytes"),
    _("a sheet of the workbook is broken"),
    _("it has no visible sheet"),
    _("it is no ordinary file"),
    _("it is packed with a password"),
    _("it is too large"),
    _("its rows cannot be cut into cells; look for a quote that is never closed"),
    _("the Parquet file is broken"),
    _("the packed file is broken"),
    _("the workbook is broken"),
    _("the text is too long"),
    _("the thousands are not in groups of three"),
    _("it is not a number"),
    _("it is empty"),
    _("it has more decimals than the currency"),
)
"""Parts of sentences about files that stand in places of other sentences."""
_SIGN = re.compile(r"it carries a sign that does not belong to ([A-Z]{3})")


def told(template: str, parameters: dict[str, Any]) -> str:
    """Return a sentence of an error or a problem in the active language, with those of its values that are words."""
    if not template:
        return ""
    return fill(gettext(template), {name: _part(value) if name in _PART_NAMES else value for name, value in parameters.items()})


def _part(value: Any) -> Any:
    if value in PARTS:
        return gettext(value)
    sign = _SIGN.fullmatch(value) if isinstance(value, str) else None
    return gettext("it carries a sign that does not belong to %(currency)s") % {"currency": sign[1]} if sign else value


def law(name: str, *, currency: str) -> tuple[str, str]:
    """Return a law's words, and the currency of its two sides or '' when they are counts.

    Args:
        name: as the step states it, perhaps with a currency code in front.
        currency: of the creditor, for laws that name none.
    """
    found = _CURRENCY.fullmatch(name)
    own, rest = found.groups() if found else ("", name)
    if rest in LAWS_OF_MONEY:
        return " ".join(filter(None, (own, gettext(rest)))), own or currency
    return gettext(rest) if not own else name, ""


def counts_shown(counts: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return the counts of a step that a person reads, in the order of `COUNTS`, others after them; ids and hashes stay in the JSON."""
    order = {code: place for place, code in enumerate(COUNTS)}
    shown = [(code, value) for code, value in counts.items() if not code.endswith(_HIDDEN_COUNTS) and isinstance(value, int)]
    return sorted(shown, key=lambda row: order.get(row[0], len(order)))


def is_chinese() -> bool:
    """Say whether the reader's language is Chinese."""
    return (get_language() or "en").startswith("zh")


def in_language(texts: dict[str, Any]) -> str:
    """Return the text of a row that carries `en` and `zh`, in the reader's language, the other where one is empty."""
    first, second = ("zh", "en") if is_chinese() else ("en", "zh")
    return texts.get(first) or texts.get(second) or word(str(texts.get("code") or texts.get("reason") or ""))
