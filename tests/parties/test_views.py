"""Saved views: one's own, shared with one's side, and nobody else's."""

from __future__ import annotations

import pytest

from duecourse.kit.errors import Absent, Forbidden
from duecourse.parties import selectors, services
from duecourse.parties.access import acting
from duecourse.parties.errors import ViewRefused
from tests import factories, people


@pytest.fixture
def bank(db):
    """Lanxi Bank, in a transaction that is rolled back."""
    return factories.bank()


def labels(actor, listing: str = "cases") -> list[str]:
    """Return the labels an actor sees."""
    with acting(actor):
        return [view.label for view in selectors.views_of(actor=actor, listing=listing)]


def test_views_are_seen_by_their_owner_and_shared_with_their_side(bank):
    """A view is its owner's; shared it is the side's, never the other side's, another agency's or another bank's."""
    other = factories.bank(people.OTHER_BANK)
    services.view_save(actor=bank.mei, listing="cases", label="M3 over 10,000", query="bucket=M3", columns=["number"])
    shared = services.view_save(actor=bank.mei, listing="cases", label="Ours", query="bucket=M1", is_shared=True)
    services.view_save(actor=bank.ann, listing="cases", label="Aoki's", query="", is_shared=True)
    assert labels(bank.mei) == ["M3 over 10,000", "Ours"]
    assert labels(bank.fan) == ["Ours"]
    assert labels(bank.ann) == ["Aoki's"]
    assert labels(bank.bo) == labels(other.mei) == []
    for stranger in (bank.fan, bank.ann, other.mei):
        with pytest.raises(Absent):
            services.view_delete(actor=stranger, view_id=shared.pk)
        with pytest.raises(Absent):
            services.view_rename(actor=stranger, view_id=shared.pk, label="Mine", is_shared=False)
    services.view_delete(actor=bank.mei, view_id=shared.pk)
    assert labels(bank.mei) == ["M3 over 10,000"]


def test_a_label_is_used_once_per_user_and_listing(bank):
    """The same label is written over, another listing's stays apart, and renaming to a label in use is refused."""
    first = services.view_save(actor=bank.mei, listing="cases", label="=cmd() 😀", query="a=1")
    again = services.view_save(actor=bank.mei, listing="cases", label=" =cmd()  😀 ", query="a=2")
    assert (again.pk, again.query) == (first.pk, "a=2")
    second = services.view_save(actor=bank.mei, listing="cases", label="Else", query="")
    with pytest.raises(ViewRefused):
        services.view_rename(actor=bank.mei, view_id=second.pk, label="=cmd() 😀", is_shared=False)
    services.view_rename(actor=bank.mei, view_id=second.pk, label="New", is_shared=True)
    assert labels(bank.mei) == ["=cmd() 😀", "New"]


@pytest.mark.parametrize("changes", [{"label": "  "}, {"label": "x" * 61}, {"query": "x" * 2001}])
def test_views_without_name_or_too_long_are_refused(bank, changes):
    """A view has a short name and filters of a bounded length."""
    with pytest.raises(ViewRefused):
        services.view_save(actor=bank.mei, listing="cases", **({"label": "x", "query": ""} | changes))


def test_chosen_columns_are_remembered_per_user(bank):
    """The last choice of columns is the user's own, is no view, cannot be shared, and an empty one brings back the listing's own."""
    services.columns_remember(actor=bank.ann, listing="cases", columns=["number", "balance_minor"])
    services.columns_remember(actor=bank.ann, listing="cases", columns=["number"])
    with acting(bank.ann):
        found = selectors.views_of(actor=bank.ann, listing="cases")
    assert [(view.label, view.columns, view.is_shared) for view in found] == [("", ["number"], False)]
    with pytest.raises(Absent):
        services.view_delete(actor=bank.ann, view_id=found[0].pk)
    with pytest.raises(Forbidden):
        services.columns_remember(actor=bank.system, listing="cases", columns=[])
