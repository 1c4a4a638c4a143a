"""What was done with one electronic address: who wrote from it or to it, who consented, who opted out, in order of time.

Parties go by their roles; where no role is given, by the ids that vectors use: CR… for creditors and DC… for collectors.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from duecourse.rules.conformance.vector import Event, Unsupported, Vector
from duecourse.rules.conformance.wording import consumer_of, debts_of, may_deny, plain

_MEDIA = (
    *("writing", "written", "electronic", "electronically", "oral", "orally", "phone", "telephone", "email", "text", "letter", "mail"),
    *("portal", "website", "web_form", "in_person", "in_writing", "call", "online_portal"),
)
PROCEDURE = re.compile(r"(?:1006\.6)?\(d\)\(4\)\((?:i|ii)\)(?:\([AB]\))?(?: or (?:\(d\)\(4\))?\(ii\))?")
_TRANSFERS_IN = ("debt_placed", "debt_transferred", "account_placed")
_TRANSFERS_OUT = ("debt_returned", "account_returned", "debt_recalled")
_USE = re.compile(r"\b(e-?mail|address|number|text|texts|texting|sms)\b")
_REFUSED = re.compile(r"\b(do not|don't|stop|opt(s|ed)? out|cease|no more|unsubscribe)\b")
_PRIOR_ROLES = ("prior_collector", "prior_debt_collector")


_ABOUT_ACCOUNT = re.compile(
    r"(required |account )?disclosures?|bills?|invoices?|(periodic |billing |account )?statements?|payment (reminder|confirmation)s?|(about )?the account"
)
_NOT_ABOUT = re.compile(r"(unrelated )?(marketing|advertising|advertisement)s?( materials?)?( unrelated to( the)?( consumer's)? account)?")


def _is_about_account(event: Event) -> bool:
    """Whether a creditor's message is about the account giving rise to the debt (comment 6(d)(4)(ii)(B)-1)."""
    said = plain(event.text("content"))
    if _NOT_ABOUT.fullmatch(said):
        return False
    if _ABOUT_ACCOUNT.fullmatch(said):
        return True
    raise Unsupported(f"whether {said!r} is about the account is not said")


class Kind(StrEnum):
    """What was done with an address."""

    use = "use"
    """The consumer wrote from it about the debt."""
    consent = "consent"
    withdrawal = "withdrawal"
    refusal = "refusal"
    """The consumer opted out."""
    collector_use = "collector_use"
    """A collector wrote to it about the debt."""
    notice = "notice"
    """The creditor sent its notice about the address."""
    obtained = "obtained"
    """A collector obtained the address by one of the procedures of 1006.6(d)(4)(i) or (ii), as the vector says."""


@dataclass(frozen=True, slots=True)
class Act:
    """One act about the address.

    Attributes:
        kind: what was done.
        at: when.
        party: the collector or creditor that did it or to whom it was done; for a notice, the collector it speaks of.
        opt_out_by: of a notice, the last day to opt out.
        endpoint: of a refusal, the address it names, '' where it names none.
    """

    kind: Kind
    at: datetime
    party: str
    opt_out_by: date | None = None
    endpoint: str = ""


class History:
    """All acts about one address in order of time.

    Attributes:
        vector: where they stand.
        endpoint: the address or number asked about.
        consumer: id of the consumer.
        acts: in order; those after the question too.
        refused: every opt-out, of this address or another.
        creditor_told: whether each message of the creditor to the address was about the account.
    """

    def __init__(self, vector: Vector, *, endpoint: str | None = None) -> None:
        self.vector = vector
        self.consumer = consumer_of(vector)
        self.endpoint = vector.question.text("endpoint") if endpoint is None else endpoint
        self.refused: list[Act] = []
        self.creditor_told: list[bool] = []
        self._movers = self._read_transfers()
        found = [*self._received(), *self._sent(), *self._consents(), *self._refusals(), *self._notices(), *self._obtained()]
        self.acts = sorted(found, key=lambda act: act.at)

    def last(self, *kinds: Kind, at: datetime, party: str | None = None) -> Act | None:
        """Return the last such act up to an instant, of any party or of one."""
        found = [act for act in self.acts if act.kind in kinds and act.at <= at and party in (None, act.party)]
        return found[-1] if found else None

    def standing(self, kind: Kind, *, party: str, at: datetime) -> Act | None:
        """Return the last such act with this party if nothing undid it up to an instant: an opt-out, or for a consent its withdrawal."""
        act = self.last(kind, at=at, party=party)
        undone_by = (Kind.refusal, Kind.withdrawal) if kind is Kind.consent else (Kind.refusal,)
        undone = self.last(*undone_by, at=at)
        return act if act is not None and (undone is None or undone.at < act.at) else None

    def is_refused(self, *, party: str, at: datetime) -> bool:
        """Whether the consumer opted out, with anybody, and neither wrote nor consented to this party since."""
        refusal, own = self.last(Kind.refusal, at=at), self.last(Kind.use, Kind.consent, at=at, party=party)
        return refusal is not None and (own is None or own.at <= refusal.at)

    def is_refused_with(self, party: str, *, at: datetime) -> bool:
        """Whether the consumer opted out with this party itself and did not write or consent to it since."""
        refusal, own = self.last(Kind.refusal, at=at, party=party), self.last(Kind.use, Kind.consent, at=at, party=party)
        return refusal is not None and (own is None or own.at <= refusal.at)

    def days_since(self, act: Act | None, *, at: datetime) -> int | None:
        """Return the local days from an act to an instant."""
        return None if act is None else (self.vector.local_day(at) - self.vector.local_day(act.at)).days

    def is_ours(self, event: Event) -> bool:
        """Whether the event is about the address asked about; one that names no address is about all."""
        return bool(event.get("endpoint", self.endpoint) == self.endpoint)

    def priors(self) -> list[str]:
        """Return the earlier collectors, the immediately prior one last.

        Raises:
            Unsupported: there are several and their order is not told.
        """
        acting = sorted({act.party for act in self.acts if self._is_collector(act.party)} - {self.vector.collector})
        if self.vector.known.has("prior_collectors"):
            ordered = list(self.vector.known.texts("prior_collectors"))
        else:
            ordered = self._in_turn() if self._movers else (acting if len(acting) == 1 else [])
        if not set(acting) <= set(ordered):
            raise Unsupported("the order of the earlier collectors is not told; give prior_collectors")
        return ordered

    def _in_turn(self) -> list[str]:
        """Return the earlier collectors in order of what each first did or had done; all but the first must have been handed the debt."""
        seen = sorted(
            [(at, party) for at, party in self._movers] + [(act.at, act.party) for act in self.acts if self._is_collector(act.party)]
        )
        ordered = [party for party in dict.fromkeys(party for _, party in seen) if party != self.vector.collector]
        moved = {party for _, party in self._movers}
        if not set(ordered[1:]) <= moved:
            raise Unsupported("the order of the earlier collectors is not told; give prior_collectors")
        return ordered

    def _read_transfers(self) -> list[tuple[datetime, str]]:
        """Return who was handed the debt, or handed it back, and when."""
        found, last = [], ""
        for event in self.vector.events(*_TRANSFERS_IN, *_TRANSFERS_OUT):
            is_in = event.kind in _TRANSFERS_IN
            party, other = event.text("to" if is_in else "by"), event.text("by" if is_in else "to")
            if self.consumer in (party, other) or (not is_in and not self._is_creditor(other)):
                raise Unsupported(f"{event.place} is between others than creditor and collector")
            if event.has("debts"):
                debts_of(event, vector=self.vector)
            if not self._is_creditor(party):
                found.append((event.at, party))
                last = party if is_in else last
        if self.vector.collector in {party for _, party in found} and last not in ("", self.vector.collector):
            raise Unsupported("the debt is with another collector at last")
        return found

    def _is_collector(self, party: str) -> bool:
        person = self.vector.persons.get(party)
        is_prior = person is not None and person.text("role") in _PRIOR_ROLES
        is_mover = any(party == name for _, name in self._movers)
        return party == self.vector.collector or is_prior or is_mover or party.startswith("DC")

    def _is_creditor(self, party: str) -> bool:
        person = self.vector.persons.get(party)
        return party.startswith("CR") or (person is not None and person.text("role") == "creditor")

    def _party(self, event: Event, key: str) -> str:
        party = event.text(key)
        if party == self.consumer or not (self._is_creditor(party) or self._is_collector(party)):
            raise Unsupported(f"who {party!r} is in {event.place} is not told")
        return party

    def _by_consumer(self, event: Event) -> str:
        if event.text("by") != self.consumer:
            raise Unsupported(f"{event.place} is not by the consumer")
        return self._party(event, "to")

    def _to_consumer(self, event: Event) -> str:
        if event.text("to") != self.consumer:
            raise Unsupported(f"{event.place} is not to the consumer")
        return self._party(event, "by")

    def _received(self) -> Iterable[Act]:
        for event in self.vector.events("email_received", "text_received"):
            party, is_about = self._by_consumer(event), bool(debts_of(event, vector=self.vector))
            if self.is_ours(event) and is_about:
                yield Act(Kind.use, event.at, party)
        for event in self.vector.events("call_received", "call_placed"):
            self._party(event, "to" if event.get("by") == self.consumer else "by")
            if self.consumer not in (event.text("by"), event.text("to")):
                raise Unsupported(f"{event.place} is not with the consumer")
            event.word("channel", known=("phone",), default="phone")
            event.word("outcome", known=("conversation",), default="conversation")
            for key in ("discussed", "debts"):
                event.texts(key, default=())
            self.is_ours(event)

    def _sent(self) -> Iterable[Act]:
        for event in self.vector.events("email_sent", "text_sent", "creditor_email_sent"):
            party, is_ours = self._to_consumer(event), self.is_ours(event)
            if self._is_creditor(party) and event.has("content"):
                self.creditor_told += [_is_about_account(event)] if is_ours else []
            is_about = not event.has("debts") or bool(debts_of(event, vector=self.vector))
            if is_ours and is_about and self._is_collector(party):
                if not event.has("debts") and len(self.vector.debts) != 1:
                    raise Unsupported(f"about which debt {event.place} is, is not told")
                yield Act(Kind.collector_use, event.at, party)

    def _consents(self) -> Iterable[Act]:
        for event in self.vector.events("consent_given", "consent_renewed"):
            party = self._by_consumer(event)
            scope = event.get("scope")
            if scope is not None and not (isinstance(scope, str) and _USE.search(plain(scope)) and not may_deny(scope)):
                raise Unsupported(f"{event.place} consents to {scope!r}, which is not understood")
            event.word("via", known=_MEDIA, default=_MEDIA[0])
            if event.has("debts"):
                debts_of(event, vector=self.vector)
            if self.is_ours(event):
                yield Act(Kind.consent, event.at, party)
        for event in self.vector.events("email_address_provided", "phone_number_provided", "telephone_number_provided"):
            party = self._by_consumer(event)
            event.word("via", known=_MEDIA, default=_MEDIA[0])
            is_ours = self.is_ours(event)
            if event.flag("clear_conspicuous_disclosure_of_use") and is_ours:
                yield Act(Kind.consent, event.at, party)

    def _refusals(self) -> Iterable[Act]:
        for event in self.vector.events("opt_out", "consent_revoked", "consent_withdrawn"):
            party = self._by_consumer(event)
            event.word("via", known=_MEDIA, default=_MEDIA[0])
            if event.has("debts"):
                debts_of(event, vector=self.vector)
            said = [event.text(key) for key in ("detail", "words") if event.has(key)]
            if not all(_REFUSED.search(plain(text)) for text in said):
                raise Unsupported(f"{event.place} says {said!r}, which is not understood")
            act = Act(Kind.refusal if event.kind == "opt_out" else Kind.withdrawal, event.at, party, endpoint=event.text("endpoint", ""))
            self.refused.append(act)
            if self.is_ours(event):
                yield act

    def _obtained(self) -> Iterable[Act]:
        for event in self.vector.events("email_address_obtained", "address_obtained"):
            party = self._party(event, "by")
            keys = [key for key in ("procedure", "in_accordance_with", "under", "basis") if event.has(key)]
            if len(keys) != 1 or PROCEDURE.fullmatch(event.text(keys[0])) is None:
                raise Unsupported(f"by which procedure {event.place} is, is not told")
            if self.is_ours(event):
                yield Act(Kind.obtained, event.at, party)

    def _notices(self) -> Iterable[Act]:
        for event in self.vector.events("creditor_email_notice_sent"):
            if not self._is_creditor(self._to_consumer(event)):
                raise Unsupported(f"{event.place} does not come from the creditor")
            party = event.text("collector", self.vector.collector)
            opt_out_by = event.day("opt_out_by")
            if self.is_ours(event):
                yield Act(Kind.notice, event.at, party, opt_out_by)
