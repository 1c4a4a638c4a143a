"""The house of the tests stands, twice side by side."""

import pytest

from tests import factories, people

pytestmark = pytest.mark.django_db


def test_two_banks_stand_side_by_side():
    """Two creditors with the same agencies' codes and people of their own fit into one installation."""
    lanxi, tangxi = factories.bank(), factories.bank(people.OTHER_BANK)
    assert lanxi.id != tangxi.id
    assert lanxi.ann.agency_id == lanxi.aoki.pk
    assert tangxi.ann.agency_id == tangxi.aoki.pk
    assert lanxi.mei.roles == {"manager"}
