"""Papers of lower layers: a policy, an agency's contract, an agreement with one debtor, in versions that another person approves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from duecourse.contact.errors import PaperInvalid
from duecourse.contact.models import Paper, PaperLayer
from duecourse.contact.services.known import packs_of, parsed
from duecourse.contact.services.versions import WRITERS, newest_version, version_add, version_decide
from duecourse.kit.errors import Absent
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting, creditor_of, require
from duecourse.parties.models import Agency
from duecourse.portfolio.models import Person
from duecourse.rules.errors import PackInvalid
from duecourse.rules.form import Overlay
from duecourse.rules.load import parse_overlay

SUBJECT = "paper"
_OVERLAYS_MAX = 20_000
_TERMS = "SELECT * FROM gate.paper_terms(%s, %s)"
_overlays: dict[str, Overlay] = {}


def paper_add(
    *,
    actor: Actor,
    layer: str,
    code: str,
    title_zh: str,
    title_en: str,
    issued_on: date,
    effective_on: date,
    parameters: Mapping[str, Any],
    agency_id: int | None = None,
    person_id: int | None = None,
) -> Paper:
    """Write a version of a paper; it binds once another person approves it.

    Args:
        actor: compliance or a manager.
        layer: of `PaperLayer`.
        code: the paper's own name; a second version has the same.
        title_zh: as citations show it; it names no debtor.
        title_en: the same in English.
        issued_on: when it was signed.
        effective_on: from when it binds.
        parameters: as `rules.load.parse_overlay` takes them: a parameter's id → `unit` and `values`; days as dates or ISO texts.
        agency_id: for a contract.
        person_id: for an agreement.

    Raises:
        PaperInvalid: with everything that is wrong: its form, parameters that the creditor's packs do not have, units that are not theirs.
        VersionOfAnother: the code is that of a paper of another layer, agency or debtor.
        Absent: there is no such agency or debtor.

    Guarantees: the same content as the newest version's returns that one.
    """
    require(actor, *WRITERS, action="write a paper")
    party = {"layer": layer, "agency_id": agency_id, "person_id": person_id}
    text = {"title_zh": title_zh.strip(), "title_en": title_en.strip(), "issued_on": issued_on, "effective_on": effective_on}
    kept = _plain(parameters)
    with acting(actor):
        _check_party(actor, **party)
        names = tuple(creditor_of(actor).packs)
        reasons = faults_of(layer=layer, code=code, parameters=kept, packs=names, **text)
        if reasons:
            raise PaperInvalid(reasons=reasons)
        return _version(actor, code.strip(), party | text | {"parameters": kept, "is_end": False})


def paper_end(*, actor: Actor, code: str, on: date) -> Paper:
    """Write the version that ends a paper from a day on. Ending may loosen, so it too binds once another person approves it.

    Raises:
        Absent: there is no such paper.
    """
    require(actor, *WRITERS, action="end a paper")
    with acting(actor):
        newest = newest_version(Paper, actor=actor, subject=SUBJECT, code=code)
        if newest is None:
            raise Absent(entity="paper")
        content = {name: getattr(newest, name) for name in ("layer", "agency_id", "person_id", "title_zh", "title_en", "issued_on")}
        return _version(actor, code, content | {"effective_on": on, "parameters": {}, "is_end": True})


def paper_approve(*, actor: Actor, paper_id: int, reason: str = "") -> Paper:
    """Approve a version, so that it binds from its day on.

    Raises:
        Forbidden, SamePersonTwice, AlreadyDecided: as `approval_decide`.
        Absent: there is no such version.
    """
    return _decide(actor, paper_id, is_granted=True, reason=reason)


def paper_reject(*, actor: Actor, paper_id: int, reason: str) -> Paper:
    """Refuse a version; what should bind instead is written as another one. Raises as `paper_approve`."""
    return _decide(actor, paper_id, is_granted=False, reason=reason)


def faults_of(*, code: str, packs: tuple[str, ...], **content: Any) -> list[str]:
    """Return everything that is wrong with what a paper says, [] when it can bind under the packs of these names.

    Args:
        code: the paper's own name.
        packs: the names of the packs in force.
        content: layer, title_zh, title_en, issued_on, effective_on, parameters.
    """
    reasons = [] if code.strip() else ["the paper has no code"]
    reasons += [f"{name} is empty" for name in ("title_zh", "title_en") if not content[name]]
    try:
        overlay = _overlay(code, **content)
    except PackInvalid as invalid:
        return reasons + list(invalid.parameters["reasons"])
    units = {one.id: one.unit for pack in packs_of(packs) for rule in pack.rules for one in rule.parameters}
    for name, values in overlay.values.items():
        if name not in units:
            reasons.append(f"{name} is not a parameter of the packs in force")
        elif any(value.unit is not units[name] for value in values):
            reasons.append(f"{name} is in {units[name].value}, not in {values[0].unit.value}")
    return reasons


def overlays_of(cursor: Any, *, creditor_id: int, papers: Sequence[tuple[int, str]]) -> list[Overlay]:
    """Return the overlays of approved papers, each parsed once in the life of this process.

    Args:
        cursor: of the transaction in which the creditor is open.
        creditor_id: the tenant.
        papers: number and content hash of each.
    """
    if len(_overlays) > _OVERLAYS_MAX:
        _overlays.clear()
    found = {digest: overlay for _, digest in papers if (overlay := _overlays.get(digest)) is not None}
    missing = {number: digest for number, digest in papers if digest not in found}
    if missing:
        cursor.execute(_TERMS, [creditor_id, list(missing)])
        for number, layer, title_zh, title_en, issued_on, effective_on, parameters in cursor.fetchall():
            content = {"title_zh": title_zh, "title_en": title_en, "issued_on": issued_on, "effective_on": effective_on}
            made = _overlay(f"paper-{number}", layer=layer, parameters=parsed(parameters), **content)
            found[missing[number]] = _overlays[missing[number]] = made
    return [found[digest] for _, digest in papers]


def _overlay(code: str, *, layer: str, title_zh: str, title_en: str, issued_on: date, effective_on: date, parameters: Any) -> Overlay:
    text = {
        "id": code,
        "layer": layer,
        "title": {"zh": title_zh, "en": title_en},
        "issued_on": issued_on,
        "effective_on": effective_on,
        "last_reviewed_on": issued_on,
    }
    return parse_overlay({"text": text, "parameters": _dated(parameters)}, place=code)


def _dated(node: Any) -> Any:
    """Return parameters with their days as dates; what is no day stays as it is, and is told as a fault."""
    if isinstance(node, Mapping):
        return {name: _day(value) if name in ("effective_on", "until_on") else _dated(value) for name, value in node.items()}
    return [_dated(item) for item in node] if isinstance(node, list) else node


def _day(value: Any) -> Any:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _plain(node: Any) -> Any:
    """Return parameters as JSON has them: days as ISO texts."""
    if isinstance(node, Mapping):
        return {str(name): _plain(value) for name, value in node.items()}
    if isinstance(node, (list, tuple)):
        return [_plain(item) for item in node]
    return node.isoformat() if isinstance(node, date) else node


def _check_party(actor: Actor, *, layer: str, agency_id: int | None, person_id: int | None) -> None:
    reasons = [] if layer in PaperLayer.values else [f"the layer {layer} is not one of {', '.join(PaperLayer.values)}"]
    if (agency_id is not None) != (layer == PaperLayer.AGENCY_CONTRACT):
        reasons.append("a contract names its agency, and no other paper does")
    if (person_id is not None) != (layer == PaperLayer.AGREEMENT):
        reasons.append("an agreement names its debtor, and no other paper does")
    if reasons:
        raise PaperInvalid(reasons=reasons)
    if agency_id is not None and not Agency.objects.filter(creditor_id=actor.creditor_id, pk=agency_id).exists():
        raise Absent(entity="agency")
    if person_id is not None and not Person.objects.filter(creditor_id=actor.creditor_id, pk=person_id).exists():
        raise Absent(entity="person")


def _version(actor: Actor, code: str, content: dict[str, Any]) -> Paper:
    fixed = ("layer", "agency_id", "person_id")
    paper, is_new = version_add(Paper, actor=actor, subject=SUBJECT, code=code, content=content, fixed=fixed)
    if is_new:
        details = {"code": code, "number": paper.number, "layer": paper.layer, "content_hash": paper.content_hash, "is_end": paper.is_end}
        audit_append(creditor_id=actor.creditor_id, action="paper_added", subject_kind=SUBJECT, subject_id=paper.pk, details=details)
    return paper


def _decide(actor: Actor, paper_id: int, *, is_granted: bool, reason: str) -> Paper:
    require(actor, *WRITERS, action="decide on a paper")
    with acting(actor):
        found = Paper.objects.filter(creditor_id=actor.creditor_id, pk=paper_id).first()
        return version_decide(found, actor=actor, subject=SUBJECT, entity="paper", is_granted=is_granted, reason=reason)
