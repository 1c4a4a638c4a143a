"""Who a row's debtor is (归户), and sealing what the row says of them.

A debtor with an identity number is found by its blind index, among persons of earlier tapes and of earlier rows of this one. Without one
there is one person per account, never merged; an account that is known keeps the person it has.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from django.db import connection

from duecourse.kit.crypto import Sealer, blind_index, blind_index_many
from duecourse.kit.errors import Problem
from duecourse.kit.identity import IdentityUnreadable
from duecourse.kit.records.spec import ROW
from duecourse.portfolio.selectors.sealing import (
    CONTACT_KINDS,
    PERSON_KEY_ID,
    SALT_BYTES,
    contact_text,
    identity_text,
    key_place,
    keyring,
    sealer_of,
    value_place,
)
from duecourse.portfolio.services.rows import row_problem
from duecourse.portfolio.services.staging import hexed, reserve_ids, stage


@dataclass(frozen=True, slots=True)
class Tenant:
    """What sealing needs to know of the creditor.

    Attributes:
        creditor_id: the tenant.
        zone: the zone of a debtor of whom nothing else is known, or None when the creditor's country has several.
        phone_region: where telephone numbers without a country code belong, for example CN.
        index_keys: blind-index keys by key id, the active one first.
    """

    creditor_id: int
    zone: str | None
    phone_region: str
    index_keys: dict[str, bytes]

    @property
    def active_key(self) -> bytes:
        """The key new indexes are made with."""
        return next(iter(self.index_keys.values()))


@dataclass(frozen=True, slots=True)
class Known:
    """An account that is known already: its debtor, and the debtor's identity index, or None when there is none."""

    account_id: int
    person_id: int
    currency: str
    identity_index: bytes | None
    wrapped_key: bytes | None


@dataclass(slots=True)
class _Debtor:
    """A person of this chunk: new ones carry their key, known ones their wrapped key until something must be sealed."""

    person_id: int
    wrapped_key: bytes | None
    is_known: bool
    sealer: Sealer | None = None
    points: set[tuple[str, bytes]] = field(default_factory=set)


@dataclass(slots=True)
class Placed:
    """The persons of a chunk.

    Attributes:
        person_ids: one per row, 0 where the row is refused.
        problems: refused rows, and values that were left out of rows taken in.
        new_count: persons that were not known before.
        contact_count: contact points that were added.
    """

    person_ids: list[int]
    problems: list[Problem]
    new_count: int
    contact_count: int


def persons_stage(table: pa.Table, *, tenant: Tenant, known: dict[int, Known]) -> Placed:
    """Find or make the debtor of each row, seal what is new, and stage it.

    Args:
        table: judged rows, one per account.
        tenant: the creditor.
        known: position in the table → the account that is known.
    """
    rows = {name: table[name].to_pylist() for name in (ROW, "person_name", "person_kind", "id_type", "id_number", "phone_zone", "zone")}
    rows |= {name: table[name].to_pylist() for name in ("zone_source", *CONTACT_KINDS)}
    placed = Placed([0] * table.num_rows, [], 0, 0)
    texts = _identities(rows, placed)
    indexes = blind_index_many(texts, key=tenant.active_key)
    found = _found(tenant, texts=texts, indexes=indexes)
    debtors, fresh = _assigned(placed, rows=rows, tenant=tenant, known=known, places=_Places(indexes, found))
    _stage_new(rows, tenant=tenant, fresh=fresh, indexes=indexes)
    _stage_contacts(rows, tenant=tenant, debtors=debtors, placed=placed)
    placed.new_count = len(fresh)
    return placed


def _identities(rows: dict[str, list[Any]], placed: Placed) -> list[str | None]:
    """Return the text by which each row's debtor is recognised; what cannot be read is taken out of the row and noted."""
    texts: list[str | None] = []
    for position, (number, kind) in enumerate(zip(rows["id_number"], rows["id_type"], strict=True)):
        try:
            texts.append(None if number is None else identity_text(number, kind=kind or "resident_id"))
        except IdentityUnreadable:
            placed.problems.append(row_problem("IdentityUnreadable", row=rows[ROW][position]))
            rows["id_number"][position] = None
            texts.append(None)
    return texts


@dataclass(frozen=True, slots=True)
class _Places:
    """Identity by row: its index under the active key, and the persons found by any key, by that index."""

    indexes: list[bytes | None]
    found: dict[bytes, tuple[int, bytes]]


def _found(tenant: Tenant, *, texts: list[str | None], indexes: list[bytes | None]) -> dict[bytes, tuple[int, bytes]]:
    """Return active index → (person, wrapped key) of the debtors known to the creditor or staged from earlier rows."""
    active_of: dict[bytes, bytes] = {index: index for index in indexes if index is not None}
    for key in list(tenant.index_keys.values())[1:]:
        active_of |= {
            older: index
            for older, index in zip(blind_index_many(texts, key=key), indexes, strict=True)
            if older is not None and index is not None
        }
    if not active_of:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT f.identity_index, f.person_id, s.wrapped_key FROM gate.persons_by_identity(%s, %s::bytea[]) f"
            " JOIN portfolio_personsecret s ON s.creditor_id = %s AND s.person_id = f.person_id"
            " UNION ALL SELECT identity_index, person_id, wrapped_key FROM pg_temp.staged_person WHERE identity_index = ANY(%s::bytea[])",
            [tenant.creditor_id, list(active_of), tenant.creditor_id, list(active_of)],
        )
        return {active_of[bytes(index)]: (person_id, bytes(key)) for index, person_id, key in cursor.fetchall()}


def _assigned(
    placed: Placed, *, rows: dict[str, list[Any]], tenant: Tenant, known: dict[int, Known], places: _Places
) -> tuple[dict[int, _Debtor], list[tuple[int, _Debtor]]]:
    """Give every row its debtor; returns the debtors by id, and the new ones with the row that brought them."""
    debtors: dict[int, _Debtor] = {}
    by_index: dict[bytes, _Debtor] = {}
    fresh: list[tuple[int, _Debtor]] = []
    ids = iter(reserve_ids("portfolio_person", count=len(placed.person_ids) - len(known)))
    for position, index in enumerate(places.indexes):
        account = known.get(position)
        if account is not None:
            if index is not None and _is_other(account, index, position, rows, tenant):
                placed.problems.append(row_problem("IdentityDiffers", row=rows[ROW][position]))
                continue
            debtor = debtors.get(account.person_id) or _Debtor(account.person_id, account.wrapped_key, is_known=True)
        elif index is not None and index in by_index:
            debtor = by_index[index]
        elif index is not None and index in places.found:
            person_id, wrapped_key = places.found[index]
            debtor = debtors.get(person_id) or _Debtor(person_id, wrapped_key, is_known=True)
        else:
            debtor = _Debtor(next(ids), None, is_known=False)
            fresh.append((position, debtor))
        if index is not None:
            by_index.setdefault(index, debtor)
        debtors[debtor.person_id] = debtor
        placed.person_ids[position] = debtor.person_id
    return debtors, fresh


def _is_other(account: Known, index: bytes, position: int, rows: dict[str, list[Any]], tenant: Tenant) -> bool:
    """Say whether a known account's row names another debtor than the account has, under any active key."""
    if account.identity_index is None or account.identity_index == index:
        return False
    text = identity_text(rows["id_number"][position], kind=rows["id_type"][position] or "resident_id")
    return all(blind_index(text, key=key) != account.identity_index for key in tenant.index_keys.values())


def _stage_new(rows: dict[str, list[Any]], *, tenant: Tenant, fresh: list[tuple[int, _Debtor]], indexes: list[bytes | None]) -> None:
    count, creditor_id = len(fresh), tenant.creditor_id
    randomness = os.urandom((32 + SALT_BYTES) * count)
    keys = [randomness[32 * i : 32 * (i + 1)] for i in range(count)]
    salts = [randomness[32 * count + SALT_BYTES * i : 32 * count + SALT_BYTES * (i + 1)] for i in range(count)]
    wrapped = keyring().wrap_many(keys, aads=(key_place(creditor_id, person_id=debtor.person_id) for _, debtor in fresh))
    names: list[bytes | None] = []
    numbers: list[bytes | None] = []
    for (position, debtor), data_key, wrapped_key in zip(fresh, keys, wrapped, strict=True):
        debtor.sealer, debtor.wrapped_key = Sealer(data_key, key_id=PERSON_KEY_ID), wrapped_key
        name, number = rows["person_name"][position], rows["id_number"][position]
        place = f"portfolio_person|{creditor_id}|{debtor.person_id}|".encode()
        names.append(None if name is None else debtor.sealer.seal(name, aad=place + b"name"))
        numbers.append(None if number is None else debtor.sealer.seal(number, aad=place + b"identity"))
    chosen = [position for position, _ in fresh]
    zones = [_zone(rows, position, tenant) for position in chosen]
    stage(
        "staged_person",
        [
            pa.array([debtor.person_id for _, debtor in fresh], pa.int64()),
            pa.array([_kind(rows, position) for position in chosen], pa.string()),
            pa.array([zone for zone, _ in zones], pa.string()),
            pa.array([source for _, source in zones], pa.string()),
            hexed(wrapped),
            hexed(salts),
            hexed(names),
            pa.array(["" if rows["id_number"][p] is None else rows["id_type"][p] or "resident_id" for p in chosen], pa.string()),
            hexed(numbers),
            hexed(indexes[position] for position in chosen),
        ],
    )


def _kind(rows: dict[str, list[Any]], position: int) -> str:
    return rows["person_kind"][position] or ("company" if rows["id_type"][position] == "company_code" else "individual")


def _zone(rows: dict[str, list[Any]], position: int, tenant: Tenant) -> tuple[str | None, str]:
    """Return a debtor's zone and where it comes from: the row, else the creditor's when its country has one zone; never a guess."""
    zone, source = rows["zone"][position], rows["zone_source"][position]
    if zone is not None:
        return zone, source or "tape"
    if source is None and tenant.zone is not None:
        return tenant.zone, "creditor default"
    return None, ""


def _stage_contacts(rows: dict[str, list[Any]], *, tenant: Tenant, debtors: dict[int, _Debtor], placed: Placed) -> None:
    """Stage the contact points that their person does not have yet under any active key."""
    _load_points(tenant, debtors)
    older_keys = list(tenant.index_keys.values())[1:]
    staged: list[tuple[int, str, bytes, bytes, str | None, str, bool]] = []
    for position, kind, value in _values(rows, placed):
        debtor = debtors[placed.person_ids[position]]
        try:
            text = contact_text(kind, value, region=tenant.phone_region)
        except IdentityUnreadable:
            placed.problems.append(row_problem(f"{kind.capitalize()}Unreadable", row=rows[ROW][position]))
            continue
        index = blind_index(text, key=tenant.active_key)
        if (kind, index) in debtor.points or any((kind, blind_index(text, key=key)) in debtor.points for key in older_keys):
            continue
        debtor.points.add((kind, index))
        if debtor.sealer is None and debtor.wrapped_key is not None:
            debtor.sealer = sealer_of(tenant.creditor_id, person_id=debtor.person_id, wrapped_key=debtor.wrapped_key)
        if debtor.sealer is None:
            continue
        sealed = debtor.sealer.seal(text, aad=value_place(tenant.creditor_id, person_id=debtor.person_id, field=kind))
        zone = (rows["phone_zone"][position], "tape") if kind == "phone" and rows["phone_zone"][position] else _zone(rows, position, tenant)
        staged.append((debtor.person_id, kind, sealed, index, *zone, debtor.is_known))
    placed.contact_count = len(staged)
    if staged:
        ids, kinds, values, indexes, zones, sources, is_known = zip(*staged, strict=True)
        text_columns = [pa.array(column, pa.string()) for column in (zones, sources)]
        columns = [pa.array(ids, pa.int64()), pa.array(kinds, pa.string()), hexed(values), hexed(indexes)]
        stage("staged_contact", [*columns, *text_columns, pa.array(is_known, pa.bool_())])


def _values(rows: dict[str, list[Any]], placed: Placed) -> Iterator[tuple[int, str, str]]:
    """Yield position, kind and value of every contact point of the rows that are taken in."""
    for kind in CONTACT_KINDS:
        for position, value in enumerate(rows[kind]):
            if value is not None and placed.person_ids[position]:
                yield position, kind, value


def _load_points(tenant: Tenant, debtors: dict[int, _Debtor]) -> None:
    """Read the indexes of the contact points that known persons have."""
    known = [debtor.person_id for debtor in debtors.values() if debtor.is_known]
    if not known:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT person_id, kind, value_index FROM portfolio_contactpoint"
            " WHERE creditor_id = %s AND person_id = ANY(%s) AND value_index IS NOT NULL",
            [tenant.creditor_id, known],
        )
        for person_id, kind, index in cursor.fetchall():
            debtors[person_id].points.add((kind, bytes(index)))
