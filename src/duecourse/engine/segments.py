"""Segments: the cells in which cases are alike enough to be allocated and compared together.

A segment is product × currency × bucket × balance band × region band × hand band. The same cells serve allocation and evaluation, so
that agencies are compared on the cases they could equally have been given.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import duckdb
import pyarrow as pa

from duecourse.engine.frames import conform
from duecourse.kit.errors import InvalidInput

CASES = pa.schema(
    [
        pa.field("case_id", pa.int64(), nullable=False),
        pa.field("product_class", pa.string(), nullable=False),
        pa.field("currency", pa.string(), nullable=False),
        pa.field("bucket", pa.string(), nullable=False),
        pa.field("balance_minor", pa.int64(), nullable=False),
        pa.field("region", pa.string()),
        pa.field("hand", pa.int32(), nullable=False),
    ]
)
"""One row per case at the time of placement; `hand` is 1 for the first placement, `region` may be unknown."""

SEGMENTED = pa.schema(
    [
        pa.field("case_id", pa.int64(), nullable=False),
        pa.field("segment_key", pa.string(), nullable=False),
        pa.field("segment_number", pa.int32(), nullable=False),
    ]
)
"""`segment_key` is stable over time. `segment_number` is small and dense within one frame (and the `known` keys)."""


class EdgesUnordered(InvalidInput):
    """The edges of the balance bands do not ascend from above zero."""

    what = "The balance edges {edges} do not ascend from above zero."
    todo = "Give ascending amounts in minor units."


def segment(
    snapshots: pa.Table,
    *,
    balance_edges_minor: Sequence[int],
    region_bands: Mapping[str, str] | None = None,
    hand_max: int = 3,
    known: Sequence[str] = (),
) -> pa.Table:
    """Assign every case its segment.

    Args:
        snapshots: CASES.
        balance_edges_minor: ascending lower bounds of the bands above the first; (500000, 2000000) makes three bands. They count in the
            minor units of each case's own currency.
        region_bands: band of each region; without it a region is its own band. A region that is not named is `other`.
        hand_max: hands from this one on are one band.
        known: keys that have numbers already, in the order of their numbers; new keys follow in the order of their text.

    Returns:
        SEGMENTED, ordered by case_id.

    Raises:
        EdgesUnordered: the edges do not ascend.
        FrameMismatch: the frame does not have the declared form.

    Guarantees: the same cases, one segment each; the key depends on the case and the bands alone, not on other cases.
    """
    edges = [int(edge) for edge in balance_edges_minor]
    if edges != sorted(set(edges)) or any(edge <= 0 for edge in edges):
        raise EdgesUnordered(edges=edges)
    labels = _band_labels(edges)
    number = " + ".join(["0", *(f"(balance_minor >= {edge})::INTEGER" for edge in edges)])
    regions = pa.table({"region": list(region_bands or {}), "band": list((region_bands or {}).values())}, schema=_REGIONS)
    region = "region" if region_bands is None else "coalesce(regions.band, 'other')"
    query = f"""SELECT case_id, concat_ws('|', product_class, currency, bucket, ($labels)[({number}) + 1],
        CASE WHEN region IS NULL THEN 'unknown' ELSE {region} END,
        CASE WHEN hand >= {int(hand_max)} THEN 'hand {int(hand_max)}+' ELSE 'hand ' || hand END) AS segment_key
      FROM cases LEFT JOIN regions USING (region) ORDER BY case_id"""
    with duckdb.connect() as connection:
        connection.register("cases", conform(snapshots, CASES, name="snapshots"))
        connection.register("regions", regions)
        keyed = connection.sql(query, params={"labels": labels}).to_arrow_table()
    return conform(_numbered(keyed, known), SEGMENTED, name="segmented")


_REGIONS = pa.schema([pa.field("region", pa.string()), pa.field("band", pa.string())])


def _band_labels(edges: list[int]) -> list[str]:
    """Return texts such as `<500000`, `500000-1999999`, `>=2000000`."""
    if not edges:
        return ["any"]
    middle = [f"{low}-{high - 1}" for low, high in itertools.pairwise(edges)]
    return [f"<{edges[0]}", *middle, f">={edges[-1]}"]


def _numbered(keyed: pa.Table, known: Sequence[str]) -> pa.Table:
    numbers = {key: number for number, key in enumerate(known)}
    for key in sorted(set(keyed.column("segment_key").unique().to_pylist()) - set(known)):
        numbers[key] = len(numbers)
    encoded = keyed.column("segment_key").combine_chunks().dictionary_encode()
    codes = pa.array([numbers[key] for key in encoded.dictionary.to_pylist()], pa.int32())
    return keyed.append_column("segment_number", codes.take(encoded.indices))
