"""Asset classes by days past due.

1. Cards: 1 to 90 days special mention, 91 to 120 substandard, 121 to 180 doubtful, above 180 loss (办法 2011 No. 2, article 92).
2. What rests on memory or on a weak source is off, and then the class is unknown.
3. A class never becomes milder when the days grow; a charge-off is the creditor's own fact.
"""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duecourse.engine import classification as c

DAY = date(2026, 9, 1)


def classed(product, days, **arguments):
    """Return the classes of one product."""
    return c.classes(pa.array([product] * len(days), pa.string()), pa.array(days, pa.int32()), on=DAY, **arguments).to_pylist()


def test_cards_by_article_92():
    """Both sides of every boundary."""
    days = [0, 1, 90, 91, 120, 121, 180, 181, 4000]
    assert classed("credit_card", days) == [
        "normal", "special_mention", "special_mention", "substandard", "substandard", "doubtful", "doubtful", "loss", "loss",
    ]  # fmt: skip


def test_weak_tables_are_off():
    """A loan has no class until somebody who has read the text switches the table on; before its day no table holds."""
    assert classed("consumer_loan", [0, 400]) == ["unknown", "unknown"]
    read = c.enabled(c.class_tables(), ["risk_classes_2023"])
    assert classed("consumer_loan", [90, 91, 271, 361], tables=read) == ["special_mention", "substandard", "doubtful", "loss"]
    assert classed("credit_card", [181], tables=read) == ["loss"]
    assert c.table_of("consumer_loan", on=date(2023, 6, 30), tables=read) is None
    assert all(not table.is_enabled for table in (*c.class_tables(), *c.charge_off_tables()) if table.is_weak)
    with pytest.raises(c.ClassTableUnknown):
        c.enabled(c.class_tables(), ["tarot"])


@given(st.lists(st.integers(0, 2000), max_size=30).map(sorted))
def test_a_class_never_becomes_milder(days):
    """More days are the same class or a worse one, for every table; no rows are no classes."""
    for table in (*c.class_tables(), *c.charge_off_tables()):
        order = [name for name, _ in table.first_days]
        found = [order.index(name) for name in classed(table.products[0], days, tables=[c.enabled([table], [table.name])[0]])]
        assert found == sorted(found)


def test_a_charge_off_is_the_creditors_own_fact():
    """From its day on the state is charged off; without one the debt is on the books, and reviewable only by a table that was read."""
    columns = pa.array(["credit_card"] * 3), pa.array([10, 400, 400], pa.int32()), pa.array([DAY, date(2026, 9, 2), None], pa.date32())
    assert c.charge_off_states(*columns, on=DAY).to_pylist() == ["charged_off", "on_book", "on_book"]
    read = c.enabled(c.charge_off_tables(), ["cards_one_year"])
    assert c.charge_off_states(*columns, on=DAY, tables=read).to_pylist() == ["charged_off", "reviewable", "reviewable"]


def test_every_class_has_both_languages():
    """Each class, state and `unknown` is said in English and in Chinese."""
    names = [name for table in (*c.class_tables(), *c.charge_off_tables()) for name, _ in table.first_days]
    for name in (*names, c.UNKNOWN, c.CHARGED_OFF):
        english, chinese = c.class_text(name)
        assert english
        assert any(letter >= "\u4e00" for letter in chinese)
