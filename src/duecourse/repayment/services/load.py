"""Loading a file of payments: good rows are booked, the others go to a file that can be mended and sent again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings

from duecourse.engine.imputation import CIVIL_CODE_561
from duecourse.kit.clock import now
from duecourse.kit.crypto import blind_index_many
from duecourse.kit.errors import Problem
from duecourse.kit.identity import IdentityUnreadable, normalise_id_number
from duecourse.kit.ids import file_sha256
from duecourse.kit.records import Chunk, Field, Mapping, RecordSpec, RejectsWriter, check_file, read, written_whole
from duecourse.kit.records.mapping import fold
from duecourse.kit.records.spec import ROW
from duecourse.ledger.selectors import file_read
from duecourse.ledger.services import file_put
from duecourse.parties.access import Actor, acting, require
from duecourse.parties.models import Role
from duecourse.repayment.models import PaymentFile
from duecourse.repayment.services.record import PaymentsRecorded, payments_record
from duecourse.repayment.services.specs import NATIVE_PAYMENTS, payments_mapping

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class PaymentsResult:
    """What came of a file of payments.

    Attributes:
        payment_file_id: the file's row.
        is_repeat: the file was loaded before and nothing was done; the counts are those of that time.
        row_count: rows of the file, blank ones and those the mapping leaves out not counted.
        payment_count, reversal_count: new payments and reversals.
        duplicate_count: rows that were recorded before with the same body.
        rejected_count: rows in the rejects file.
        suspense_count: new payments that belong to no account yet.
        attributed_count: new payments that count for a placement.
        received_minor: by currency, the sum of new payments and reversals.
        rejects_file_id: the stored rejects file, or None.
        problems: everything that was wrong with the rows; empty at a repeat.

    Guarantees: row_count = payment_count + reversal_count + duplicate_count + rejected_count.
    """

    payment_file_id: int
    is_repeat: bool
    row_count: int
    payment_count: int
    reversal_count: int
    duplicate_count: int
    rejected_count: int
    suspense_count: int
    attributed_count: int
    received_minor: dict[str, int] = field(default_factory=dict)
    rejects_file_id: int | None = None
    problems: list[Problem] = field(default_factory=list)


_COUNTS = ("row_count", "payment_count", "reversal_count", "duplicate_count", "rejected_count", "suspense_count", "attributed_count")


def payments_load(
    *,
    actor: Actor,
    path: Path,
    mapping: str = "native_payments",
    rejects_path: Path | None = None,
    progress: Progress | None = None,
    order: str = CIVIL_CODE_561.name,
) -> PaymentsResult:
    """Load a file of payments and reversals; the same file under the same mapping is loaded once.

    Args:
        actor: an accountant or manager of the creditor, or the system.
        path: CSV, XLSX or Parquet.
        mapping: name of a shipped mapping, or a path that ends in .yaml.
        rejects_path: where to write the rejected rows too, if there are any.
        progress: called with (rows done, rows, what is being done).
        order: name of the order of imputation.

    Raises:
        FileRefused: one of its kinds; nothing was taken.
        MappingInvalid, UnknownMapping: the mapping cannot be used.
        Forbidden: the actor has another role.
        WriteFailed: the rejects file could not be written; the payments are booked, and the same command writes it again.

    Guarantees: all good rows are booked or, when the process dies, none; every bad row is named with all its problems.
    """
    require(actor, Role.ACCOUNTANT, Role.MANAGER, action="load payments")
    chosen = payments_mapping(mapping)
    tell = progress or _silent
    tell(0, 0, "reading")
    check_file(path)
    sha256 = file_sha256(path)
    chunks = list(read(path, spec=NATIVE_PAYMENTS, mapping=chosen))
    rows = pa.concat_tables([chunk.table for chunk in chunks])
    tell(rows.num_rows, rows.num_rows, "booking")
    key = {"creditor_id": actor.creditor_id, "sha256": sha256, "mapping_name": chosen.name, "mapping_version": str(chosen.version)}
    with TemporaryDirectory() as folder:
        rejects = Path(folder) / "rejects.csv"
        with acting(actor):
            stored, is_new = PaymentFile.objects.get_or_create(**key, defaults={"known_at": now()})
            if is_new:
                frame = _with_payer_indexes(rows, creditor_id=actor.creditor_id)
                recorded = payments_record(actor=actor, frame=frame, payment_file_id=stored.pk, order=order)
                business = _rejected(path, chosen, chunks[0].rejected.column_names[1:], recorded.problems)
                rejected_count = _write_rejects(rejects, [*chunks, business])
                result = _result(stored.pk, chunks, recorded, rejected_count)
                result = _stored(stored, path, rejects, result)
            else:
                result = _before(stored)
            kept = (
                file_read(creditor_id=actor.creditor_id, file_id=result.rejects_file_id) if result.rejects_file_id and rejects_path else b""
            )
    if kept and rejects_path:
        with written_whole(rejects_path) as sink:
            sink.write(kept)
    tell(result.row_count, result.row_count, "done")
    return result


def _with_payer_indexes(rows: pa.Table, *, creditor_id: int) -> pa.Table:
    """Return PAYMENTS: identity numbers become blind indexes, and go no further."""
    keys = settings.DUECOURSE_KEYRING.index_keys(creditor_id).values()
    texts = [_identity(text) for text in rows.column("payer_id_number").to_pylist()]
    by_key = [blind_index_many(texts, key=key) for key in keys]
    indexes = [None if each[0] is None else list(each) for each in zip(*by_key, strict=True)] if texts else []
    frame = rows.drop_columns(["payer_id_number"]).rename_columns({ROW: "row"})
    return frame.append_column("payer_indexes", pa.array(indexes, pa.list_(pa.binary())))


def _identity(text: str | None) -> str | None:
    if not text:
        return None
    try:
        return normalise_id_number(text)
    except IdentityUnreadable:
        return None


def _rejected(path: Path, mapping: Mapping, header: list[str], problems: list[Problem]) -> Chunk:
    """Return the rows that could be read but not booked as a chunk with their original texts, by reading the file once more as texts."""
    wanted = {problem.row for problem in problems}
    names = {column: f"c{number}" for number, column in enumerate(header)}
    table = pa.table([pa.array([], pa.int64()), *([pa.array([], pa.string())] * len(header))], names=[ROW, *header])
    if wanted:
        texts = RecordSpec(mapping.record, tuple(Field(name=name, length_max=10**9) for name in names.values()))
        plain = replace(mapping, columns=names, values={}, constants={}, derived={}, currency="", nulls=())
        rows = pa.array(sorted(wanted), pa.int64())
        parts = [chunk.table.filter(pc.is_in(chunk.table[ROW], rows)) for chunk in read(path, spec=texts, mapping=plain)]
        read_again = pa.concat_tables(parts).rename_columns([ROW, *header])
        table = pa.table(
            [pc.fill_null(c, "") if pa.types.is_string(c.type) else c for c in read_again.columns], names=read_again.column_names
        )
    columns = {target: column for column in header if (target := _field_of(mapping, column))}
    said = [replace(problem, column=columns.get(_field_name(problem.column), problem.column)) for problem in problems]
    return Chunk(table=NATIVE_PAYMENTS.schema.empty_table(), problems=said, rejected=table, quarantined={}, left_out_count=0)


def _field_of(mapping: Mapping, column: str) -> str | None:
    return {fold(name): target for name, target in mapping.columns.items()}.get(column)


def _field_name(column: str) -> str:
    return next((f.name for f in NATIVE_PAYMENTS.kept if f.header == column), column)


def _write_rejects(rejects: Path, chunks: list[Chunk]) -> int:
    with RejectsWriter(rejects) as writer:
        for chunk in chunks:
            writer.write(chunk)
        return writer.count


def _result(payment_file_id: int, chunks: list[Chunk], recorded: PaymentsRecorded, rejected_count: int) -> PaymentsResult:
    counts = asdict(replace(recorded, problems=[]))
    read_count = sum(chunk.table.num_rows + chunk.rejected.num_rows for chunk in chunks)
    problems = [problem for chunk in chunks for problem in chunk.problems] + recorded.problems
    counts |= {"row_count": read_count, "rejected_count": rejected_count, "problems": sorted(problems, key=lambda problem: problem.row)}
    return PaymentsResult(payment_file_id=payment_file_id, is_repeat=False, **counts)


def _stored(stored: PaymentFile, path: Path, rejects: Path, result: PaymentsResult) -> PaymentsResult:
    """Put the file and its rejects away, sealed, and keep the counts."""
    own: dict[str, Any] = {"creditor_id": stored.creditor_id, "is_personal": True}
    stored.file_id = file_put(
        kind="payments", name=path.name, media_type="application/octet-stream", content=path, row_count=result.row_count, **own
    ).id
    if result.rejected_count:
        name = f"{path.stem}-rejects.csv"
        stored.rejects_file_id = file_put(
            kind="payment_rejects", name=name, media_type="text/csv", content=rejects, row_count=result.rejected_count, **own
        ).id
    stored.counts = {name: getattr(result, name) for name in (*_COUNTS, "received_minor")}
    stored.save(update_fields=["file_id", "rejects_file_id", "counts"])
    return replace(result, rejects_file_id=stored.rejects_file_id)


def _before(stored: PaymentFile) -> PaymentsResult:
    return PaymentsResult(payment_file_id=stored.pk, is_repeat=True, rejects_file_id=stored.rejects_file_id, **stored.counts)


def _silent(done: int, total: int, text: str) -> None:
    """Say nothing."""
