"""What was really dialled: a performer's call records of a day."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from django.http import FileResponse, HttpRequest
from ninja import File, Form, Router, Schema
from ninja.files import UploadedFile
from pydantic import Field

from duecourse.contact.errors import PerformerMissing
from duecourse.contact.services import call_records_load, call_rejects_open
from duecourse.doors.api.bearer import Token
from duecourse.doors.api.feeds import REJECTS, on_disk
from duecourse.doors.api.paging import Number
from duecourse.doors.api.problems import row_problems
from duecourse.doors.api.schemas import RowProblem

router = Router(tags=["call records"])


class CallRecordsForm(Schema):
    """What is said of the file. A mapping is named, never given as a path."""

    on: Annotated[date | None, Field(None, description="the creditor's day on which the calls began; needed when the rows do not tell")]
    performer_id: Annotated[Number | None, Field(None, description="the creditor's team or robot; an agency's program needs none")]
    mapping: Annotated[str, Field("native", max_length=64, pattern=r"^[a-z0-9_][a-z0-9_-]*(\.[0-9-]{1,12})?$")]


class CallRecordsOut(Schema):
    """What came of a file of call records; `record_file_id` is null in test mode, and `is_new` false when it had been loaded before."""

    record_file_id: int | None
    is_new: bool
    is_test: bool
    on: date
    counts: dict[str, Any]
    problems: list[RowProblem]


@router.post("/call-records", response=CallRecordsOut, auth=Token("permits:write"), operation_id="call_records_load")
def load_call_records(request: HttpRequest, form: Form[CallRecordsForm], file: File[UploadedFile]) -> dict[str, Any]:
    """Load the calls that were dialled on a day, connected or not; the same file is loaded once, and a call that is there is never changed.

    With a test token the file is checked to the end and nothing is written.
    """
    actor = request.auth.actor
    performer_id = form.performer_id or actor.agency_id
    if performer_id is None:
        raise PerformerMissing
    with on_disk(file) as path:
        result = call_records_load(
            actor=actor, path=path, performer_id=performer_id, on=form.on, mapping=form.mapping, is_trial=request.auth.is_test
        )
    return {
        "record_file_id": None if result.is_trial else result.record_file_id,
        "is_new": result.is_new,
        "is_test": result.is_trial,
        "on": result.local_on,
        "counts": result.counts,
        "problems": row_problems(request, result.problems),
    }


@router.get(
    "/call-records/{record_file_id}/rejects",
    auth=Token("permits:write"),
    operation_id="call_rejects",
    openapi_extra={"responses": REJECTS},
)
def call_rejects(request: HttpRequest, record_file_id: Number) -> FileResponse:
    """Return the rows of a file of call records that were not taken, as they were sent, each with its reason: to be mended and sent again.

    For an agency's program of its own files, for the creditor's of those of its own teams and robots. They hold the numbers that were dialled,
    in the clear; each time is written to the trail, a test token's too.
    """
    opened = call_rejects_open(actor=request.auth.actor, record_file_id=record_file_id)
    return FileResponse(opened.stream, as_attachment=True, filename=opened.name, content_type=opened.media_type)
