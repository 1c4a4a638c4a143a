"""Reading the few sentences that vectors write in English: each must be understood by exactly one meaning, or the vector is unsupported.

A sentence is read by its key words. Where words of denial remain outside what was understood, the sentence may mean the contrary, so
it is not understood either.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from re import Pattern

from duecourse.rules.conformance.asking import ask
from duecourse.rules.conformance.vector import Answer, Event, Node, Unsupported, Vector

_DENIAL = re.compile(r"\b(not|no|never|none|without|cannot|denies|denied|unless|except|neither|nor)\b|n't\b")
_SENDINGS = {"validation_notice_sent": "", "disclosure_sent": "", "mail_sent": "mail", "email_sent": "email", "text_sent": "text"}
"""Events by which a disclosure is sent, with their channel; where it is '' the event tells the channel itself."""
_CHANNELS = ("mail", "email", "text")
_DISCLOSURES = ("validation_notice", "required_disclosure")
_ROLES_PAPER = ("consumer", "creditor", "prior_debt_collector", "prior_collector", "consumer_reporting_agency")
_DEBT_TYPES = (
    *("credit_card", "medical", "student_loan", "mortgage", "residential_mortgage", "auto_loan", "personal_loan"),
    *("payday_loan", "utility", "telecom", "rent", "consumer_loan", "deposit_account", "retail"),
)


def plain(text: str) -> str:
    """Return the text in small letters with underscores and runs of blanks as one blank."""
    return re.sub(r"[\s_]+", " ", text).strip().lower()


def may_deny(text: str) -> bool:
    """Whether words of denial stand in a text."""
    return _DENIAL.search(plain(text)) is not None


def meaning_of(text: str, *, meanings: Mapping[str, Pattern[str]], place: str) -> str:
    """Return the one meaning whose pattern is found in the text.

    Raises:
        Unsupported: none is found, several are, or a denial remains outside of what was found.
    """
    said = plain(text)
    found = {meaning: match for meaning, pattern in meanings.items() if (match := pattern.search(said))}
    if len(found) != 1:
        raise Unsupported(f"{place} says {text!r}, which {'has several meanings' if found else 'is not understood'}")
    ((meaning, match),) = found.items()
    if _DENIAL.search(said[: match.start()] + " " + said[match.end() :]):
        raise Unsupported(f"{place} says {text!r}, which may deny what it names")
    return meaning


def consumer_of(vector: Vector) -> str:
    """Return the id of the one consumer, after reading every person's role and every debt's type.

    Raises:
        Unsupported: there is no consumer or more than one, or a role or type that is not known.
    """
    roles = {name: person.word("role", known=_ROLES_PAPER) for name, person in vector.persons.items()}
    for debt in vector.debts.values():
        debt.word("type", known=_DEBT_TYPES, default=_DEBT_TYPES[0])
    consumers = [name for name, role in roles.items() if role == "consumer"]
    if len(consumers) != 1:
        raise Unsupported("not exactly one person is the consumer")
    return consumers[0]


def debts_of(node: Node, *, vector: Vector) -> tuple[str, ...]:
    """Return the debts that an event or a question names, or that were discussed in it.

    Raises:
        Unsupported: it names none, or one that the facts do not have.
    """
    named = node.texts("debts" if node.has("debts") else "discussed")
    unknown = sorted(set(named) - vector.debts.keys())
    if unknown:
        raise Unsupported(f"{node.place} names the debt {unknown[0]!r}, which the facts do not have")
    return named


def disclosures_sent(vector: Vector, *, consumer: str) -> list[tuple[Event, str]]:
    """Return the validation notices and other required disclosures that the collector sent to the consumer, each with its channel.

    Raises:
        Unsupported: one went between others, or by a channel that is not known, or what a letter held is not told.
    """
    found = []
    for event in vector.events(*_SENDINGS):
        if event.text("by") != vector.collector or event.text("to") != consumer:
            raise Unsupported(f"{event.place} does not go from the collector to the consumer")
        if _SENDINGS[event.kind]:
            event.word("content", known=_DISCLOSURES)
        found.append((event, event.word("channel", known=_CHANNELS, default=_SENDINGS[event.kind])))
    return found


def is_present(node: Node, key: str) -> bool:
    """Whether a text is written under the key: false for null, and for blanks only.

    Raises:
        Unsupported: the key is missing, or holds something else than a text or null.
    """
    if not node.has(key):
        raise Unsupported(f"{node.place} has no {key}")
    return node.get(key) is not None and bool(node.text(key).strip())


def asked(vector: Vector, subject: str, known: Mapping[str, int], *, about: tuple[str, ...]) -> Answer:
    """Run the pack's rules about a subject and answer for those in the question's scope.

    Args:
        vector: gives pack, scope and day.
        subject: of the rules.
        known: the facts derived.
        about: names of the rules whose facts the question tells; others in the paragraphs it cites are not what it asks.

    Raises:
        Unsupported: none of them stands within the citations, or a whole section is cited, which has other rules of the subject.
    """
    if not all("(" in citation for citation in vector.scope):
        answer = ask(subject, known, pack=vector.pack, scope=vector.scope, as_of=vector.day_latest)
        beyond = sorted(set(answer.rules) - {f"{vector.pack.id}.{name}" for name in about})
        if beyond:
            raise Unsupported(f"the citations take in {beyond[0]}, about which the question tells nothing")
    return ask(subject, known, pack=vector.pack, scope=vector.scope, as_of=vector.day_latest, about=about)
