"""The package that an agency gets of a batch: the contracted fields of what it works at present, and a manifest."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
from django.db import connection

from duecourse.kit.clock import now
from duecourse.kit.ids import content_hash
from duecourse.kit.records import RecordSpec, write_csv
from duecourse.ledger.selectors.rows import dicts
from duecourse.ledger.services import audit_append, file_put
from duecourse.parties.access import Actor, acting, require
from duecourse.parties.models import Role
from duecourse.placement.errors import BatchEmpty, TermsNotInForce
from duecourse.placement.models import Batch, Handover
from duecourse.placement.selectors import access_batch
from duecourse.placement.selectors.fields import OF_PERSON, handover_spec, refused_fields
from duecourse.portfolio.services import handover_rows

CASES_FILE = "cases.csv"
MANIFEST_FILE = "manifest.json"
_LOCK_CLASS = 0x0FF1
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)

_ROWS = """
SELECT p.case_id, a.number AS account_number, a.product_class, coalesce(nullif(a.region, ''), c.region) AS region, a.opened_on, p.currency,
       pa.principal_minor, pa.interest_minor, pa.fee_minor, pa.penalty_minor, pa.balance_minor, p.days_past_due, p.hand, b.placed_on,
       p.term_until_on, lower(p.during) AS placed_at
FROM placement_placement p
JOIN placement_batch b ON b.creditor_id = p.creditor_id AND b.id = p.batch_id
JOIN placement_placementaccount pa ON pa.creditor_id = p.creditor_id AND pa.placement_id = p.id
JOIN LATERAL (SELECT * FROM portfolio_account a WHERE a.creditor_id = p.creditor_id AND a.id = pa.account_id LIMIT 1) a ON true
JOIN LATERAL (SELECT * FROM portfolio_case c WHERE c.creditor_id = p.creditor_id AND c.id = p.case_id LIMIT 1) c ON true
WHERE p.creditor_id = %(creditor)s AND p.batch_id = %(batch)s AND upper_inf(p.during)
ORDER BY p.case_id, a.number
"""


def batch_hand_over(*, actor: Actor, batch_id: int) -> int:
    """Make the handover package of a batch, store it sealed, and return the handover's number; a repeat returns the same one.

    The package is a zip with `cases.csv` (UTF-8 with a byte order mark, amounts in major units, one row per account) and
    `manifest.json`. Placements that have ended are left out. Personal fields are revealed once, in one audit event.

    Raises:
        Absent: there is no such batch for this actor.
        TermsNotInForce: the contract names a field that is never handed over.
        BatchEmpty: no placement of the batch is open.

    Guarantees: the package holds the contracted fields and nothing else; texts that a spreadsheet would run are neutralised; the same
        placements and the same personal data give the same bytes.
    """
    require(actor, Role.MANAGER, action="hand over a batch")
    with acting(actor):
        batch = access_batch(actor, batch_id=batch_id)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, hashint8(%s))", [_LOCK_CLASS, batch.pk])
        earlier = Handover.objects.filter(creditor_id=actor.creditor_id, batch=batch).first()
        if earlier is not None:
            return earlier.pk
        contracted = batch.contract_version.contracted_fields
        if refused := refused_fields(contracted):
            reasons = f"{batch.agency.code}: its contract names fields that are never handed over: {', '.join(refused)}"
            raise TermsNotInForce(placed_on=batch.placed_on.isoformat(), reasons=reasons)
        rows = dicts(_ROWS, creditor=actor.creditor_id, batch=batch.pk)
        if not rows:
            raise BatchEmpty(code=batch.code)
        spec = handover_spec(contracted)
        content, manifest = _package(batch, spec, rows, _revealed(actor, spec, rows))
        return _stored(actor, batch, content, manifest)


def _revealed(actor: Actor, spec: RecordSpec, rows: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """Return the personal fields of the contract by case; with none, nothing is revealed."""
    wanted = [field.name for field in OF_PERSON if field.name in spec.names]
    if not wanted:
        return {}
    case_ids = sorted({row["case_id"] for row in rows})
    revealed = handover_rows(actor=actor, case_ids=case_ids, fields=wanted)
    return {row["case_id"]: {name: row[name] for name in wanted} for row in revealed.to_pylist()}


def _package(
    batch: Batch, spec: RecordSpec, rows: list[dict[str, Any]], revealed: dict[int, dict[str, Any]]
) -> tuple[bytes, dict[str, Any]]:
    whole = [row | revealed.get(row["case_id"], {}) for row in rows]
    columns = [pa.array([row.get(field.name) for row in whole], field.arrow_type) for field in spec.kept]
    with TemporaryDirectory() as folder:
        path = Path(folder) / CASES_FILE
        write_csv(path, pa.table(columns, names=list(spec.names)), spec=spec, currency=batch.currency)
        cases = path.read_bytes()
    manifest = _manifest(batch, spec, rows, cases)
    text = json.dumps(manifest, ensure_ascii=False, indent=2, sort_keys=True).encode() + b"\n"
    return _zipped({CASES_FILE: cases, MANIFEST_FILE: text}), manifest


def _manifest(batch: Batch, spec: RecordSpec, rows: list[dict[str, Any]], cases: bytes) -> dict[str, Any]:
    balances: dict[str, int] = {}
    for row in rows:
        balances[row["currency"]] = balances.get(row["currency"], 0) + row["balance_minor"]
    return {
        "form": "handover/1",
        "batch": batch.code,
        "agency": {"code": batch.agency.code, "name": batch.agency.name},
        "contract_version": {"id": batch.contract_version.pk, "number": batch.contract_version.number},
        "placed_on": batch.placed_on.isoformat(),
        "term_until_on": batch.term_until_on.isoformat(),
        "generated_at": min(row["placed_at"] for row in rows).isoformat(),
        "fields": [{"name": field.name, "column": field.header, "privacy": field.privacy} for field in spec.kept],
        "case_count": len({row["case_id"] for row in rows}),
        "row_count": len(rows),
        "balance_minor": balances,
        "files": [{"name": CASES_FILE, "sha256": hashlib.sha256(cases).hexdigest(), "size_bytes": len(cases)}],
    }


def _zipped(files: dict[str, bytes]) -> bytes:
    """Return an archive whose bytes depend on its content alone: nothing compressed, one date, no trace of the machine."""
    block = io.BytesIO()
    with zipfile.ZipFile(block, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, date_time=_ZIP_EPOCH)
            entry.create_system = 3
            entry.external_attr = 0o600 << 16
            archive.writestr(entry, content)
    return block.getvalue()


def _stored(actor: Actor, batch: Batch, content: bytes, manifest: dict[str, Any]) -> int:
    stored = file_put(
        creditor_id=actor.creditor_id,
        kind="handover",
        name=f"{batch.code}.zip",
        media_type="application/zip",
        content=content,
        is_personal=True,
        row_count=manifest["row_count"],
    )
    handover = Handover.objects.create(
        creditor_id=actor.creditor_id,
        batch=batch,
        file_id=stored.id,
        sha256=stored.sha256,
        manifest=manifest,
        row_count=manifest["row_count"],
        handed_over_at=now(),
    )
    audit_append(
        creditor_id=actor.creditor_id,
        action="batch_handed_over",
        subject_kind="batch",
        subject_id=batch.pk,
        details={
            "agency_id": batch.agency_id,
            "row_count": manifest["row_count"],
            "manifest_hash": content_hash(manifest),
            "sha256": stored.sha256,
        },
    )
    return handover.pk
