"""The random slice: drawn with a secret committed before the tape, so that anybody can compute it again afterwards.

Every number of the draw is HMAC-SHA256(secret, label | person_id), cut to 64 bits. Nothing else is random in an allocation.

Source: docs/algorithms/allocation.md, "The draw".
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import numpy as np

from duecourse.engine.allocation.schemas import BP, Flags, Ints, Reals, Words
from duecourse.kit.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from duecourse.engine.allocation.result import Allocation

SECRET_BYTES_MIN: Final = 16
_COMMITMENT: Final = b"duecourse allocation commitment 1|"
_TO_UNIT: Final = 2.0**-53


class SecretTooShort(InvalidInput):
    """The secret of a draw could be guessed."""

    what = "The secret of the draw has {length} bytes; at least {wanted} are needed."
    why = "Whoever can guess the secret knows beforehand which debtors are drawn."
    todo = "Use 32 random bytes and publish only their commitment."
    read = "docs/algorithms/allocation.md"


def commit(secret: bytes) -> str:
    """Return the commitment to a secret: SHA-256 in hexadecimal, to be published before the tape is known.

    Raises:
        SecretTooShort: the secret has fewer than 16 bytes.
    """
    require_secret(secret)
    return hashlib.sha256(_COMMITMENT + secret).hexdigest()


def require_secret(secret: bytes) -> None:
    """Raise SecretTooShort if the secret has fewer than 16 bytes."""
    if len(secret) < SECRET_BYTES_MIN:
        raise SecretTooShort(length=len(secret), wanted=SECRET_BYTES_MIN)


def draw_words(secret: bytes, label: str, keys: Iterable[int | str]) -> Words:
    """Return uint64, one per key: the first eight bytes, big-endian, of HMAC-SHA256(secret, label + '|' + key)."""
    prefix = label.encode() + b"|"
    digests = b"".join(hmac.digest(secret, prefix + str(key).encode(), "sha256")[:8] for key in keys)
    return np.frombuffer(digests, dtype=">u8").astype(np.uint64)


def slice_members(words: Words, stratum: Ints, stratum_words: Words, *, explore_share_bp: int) -> Flags:
    """Return who is in the slice: in each stratum of n the ε·n with the smallest words, the fraction rounded at random.

    A stratum of 37 at ε = 10 % gives 3 members and, with probability 0.7 decided by the stratum's own word, a fourth: each member of
    a stratum has probability exactly ε over secrets.

    Args:
        words: uint64[H], one per household.
        stratum: int64[H], index of the household's stratum.
        stratum_words: uint64[S], one per stratum.
        explore_share_bp: ε in basis points.
    """
    order = np.lexsort((words, stratum))
    sizes = np.bincount(stratum, minlength=len(stratum_words)).astype(np.int64)
    takes = sizes * explore_share_bp // BP
    remainders = (sizes * explore_share_bp % BP).tolist()
    extra = [(int(word) * BP) >> 64 < remainder for word, remainder in zip(stratum_words.tolist(), remainders, strict=True)]
    takes += np.asarray(extra, dtype=np.int64)
    starts = np.cumsum(sizes) - sizes
    member = np.zeros(len(words), dtype=np.bool_)
    ranks = np.arange(len(words)) - starts[stratum[order]]
    member[order] = ranks < takes[stratum[order]]
    return member


def pick(words: Words, shares: Reals) -> Ints:
    """Return the column each word falls into, or -1 beyond the last: column k with probability `shares[:, k]`.

    Args:
        words: uint64[H].
        shares: float64[H, K], rows that sum to at most 1.
    """
    unit = (words >> np.uint64(11)).astype(np.float64) * _TO_UNIT
    cumulated = np.cumsum(shares, axis=1)
    below = (cumulated <= unit[:, None]).sum(axis=1).astype(np.int64)
    return np.where(below < shares.shape[1], below, -1)


def verify_draw(allocation: Allocation, *, secret: bytes, commitment: str, explore_share_bp: int) -> list[Problem]:
    """Compute the slice of an allocation again and return every difference; an empty list means that the draw was honest.

    Args:
        allocation: rows and feasible sets as published by `allocate`.
        secret: revealed after the allocation.
        commitment: what was published before the tape.
        explore_share_bp: the ε of the policy.

    Guarantees:
        A row whose `drawn_agency_id` differs from what the secret gives is named by its 1-based place in `rows`. A draw that was undone
        because the agency was full keeps its `drawn_agency_id`, is not `in_slice`, and is counted in the summary.
    """
    if not hmac.compare_digest(commit(secret), commitment):
        return [Problem(0, "", "CommitmentDiffers", "The secret is not the one that was committed to.", "Ask for the secret of this run.")]
    rows = allocation.rows
    agency_ids, shares_of_set = set_shares(allocation)
    sets = rows.column("feasible_set_id").to_numpy()
    drawn_from = np.flatnonzero(shares_of_set.sum(axis=1)[sets] > 0)
    persons, first = np.unique(rows.column("person_id").to_numpy()[drawn_from], return_index=True)
    place = drawn_from[first]
    strata_all = rows.column("stratum").to_pylist()
    strata, stratum = np.unique(np.asarray([strata_all[i] for i in place], dtype=str), return_inverse=True)
    member = slice_members(
        draw_words(secret, "slice", persons.tolist()),
        stratum.astype(np.int64),
        draw_words(secret, "stratum", strata.tolist()),
        explore_share_bp=explore_share_bp,
    )
    picked = np.where(member, pick(draw_words(secret, "agency", persons.tolist()), shares_of_set[sets[place]]), -1)
    wanted = dict(zip(persons.tolist(), picked.tolist(), strict=True))
    return _differences(allocation, wanted, agency_ids)


def set_shares(allocation: Allocation) -> tuple[Ints, Reals]:
    """Return the agencies in order of id and float64[sets, K], the share of each within the slice by feasible set."""
    sets = allocation.feasible_sets
    agency_ids: Ints = np.unique(sets.column("agency_id").to_numpy())
    rows_at = sets.column("feasible_set_id").to_numpy()
    count = max(rows_at.max(initial=0), allocation.rows.column("feasible_set_id").to_numpy().max(initial=0)) + 1
    shares = np.zeros((int(count), len(agency_ids)))
    shares[rows_at, np.searchsorted(agency_ids, sets.column("agency_id").to_numpy())] = sets.column("draw_share").to_numpy()
    return agency_ids, shares


def _differences(allocation: Allocation, wanted: dict[int, int], agency_ids: Ints) -> list[Problem]:
    problems = []
    columns = [
        allocation.rows.column(name).to_pylist() for name in ("person_id", "drawn_agency_id", "agency_id", "in_slice", "feasible_set_id")
    ]
    for place, (person_id, drawn, agency_id, in_slice, set_id) in enumerate(zip(*columns, strict=True), start=1):
        column = wanted.get(person_id, -1) if set_id else -1
        expected = int(agency_ids[column]) if column >= 0 else None
        found = {"expected": expected, "found": drawn}
        if drawn != expected:
            what = "The secret draws agency {expected} for this row; the row says {found}."
            problems.append(Problem(place, "drawn_agency_id", "OtherDraw", what, parameters=found))
        elif in_slice and agency_id != drawn:
            what = "The row is marked as placed by the draw, but its agency is not the one drawn."
            problems.append(Problem(place, "agency_id", "DrawIgnored", what))
    return problems
