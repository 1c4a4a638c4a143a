"""What was really dialled: files of call records, the permits they match, and the findings."""

from __future__ import annotations

from datetime import timedelta

import pytest

from duecourse.contact.models import CallMatch, CallRecord
from duecourse.parties.access import acting
from tests.contact.call_scene import OTHERS, OWN, STRANGERS, call_scene, row
from tests.contact.scene import DAY, NOON


@pytest.fixture
def the(db, home, tmp_path):
    """The scene of these tests."""
    return call_scene(tmp_path)


def test_a_call_with_its_permit_is_no_finding(the):
    """A permit, its outcome, and the call with the same talk: the record has the permit's debtor and nothing is found."""
    permit = the.permit(OWN)
    the.attempt(permit, "connected", talk=30)
    result = the.load(row("c1", at=NOON + timedelta(seconds=20)))
    assert (result.is_new, result.local_on, result.counts["accepted_count"], result.counts["rejected_count"]) == (True, DAY, 1, 0)
    with acting(the.bank.system):
        match = CallMatch.objects.get()
        assert (match.permit_id, match.person_id, match.contact_point_id) == (permit.pk, the.persons[OWN].pk, the.points[OWN].pk)
        assert (match.is_connected, match.is_effective, match.fault) == (True, True, "")
        record = CallRecord.objects.get()
        assert (record.call_ref, record.agent_code, record.caller_line, record.recording_ref) == ("c1", "A01", "95588", "rec-c1")
    assert the.findings() == []
    assert OTHERS != STRANGERS
