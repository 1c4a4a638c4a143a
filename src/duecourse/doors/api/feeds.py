"""Files from the creditor's core."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from django.http import FileResponse, HttpRequest
from ninja import File, Form, Router, Schema
from ninja.files import UploadedFile
from pydantic import Field

from duecourse.cycle.services.feeds import feed_receive
from duecourse.doors.api.bearer import Token
from duecourse.doors.api.paging import Instant, Number
from duecourse.doors.api.problems import NotInTestMode, row_problems
from duecourse.doors.api.schemas import FeedOut, RowProblem
from duecourse.portfolio.services import tape_file_open, tape_intake

router = Router(tags=["feeds"])

REJECTS = {"200": {"description": "The rejected rows", "content": {"text/csv": {"schema": {"type": "string", "format": "binary"}}}}}
SUFFIXES = frozenset({".csv", ".xlsx", ".parquet"})


class FeedForm(Schema):
    """What is said of the file. A mapping is named, never given as a path."""

    as_of: Annotated[date, Field(description="the day whose state the file shows")]
    mapping: Annotated[str, Field("native", max_length=64, pattern=r"^[a-z0-9_][a-z0-9_-]*(\.[0-9-]{1,12})?$")]
    row_count: Annotated[int | None, Field(None, ge=0, le=2**31 - 1, description="control total: data rows of the file")]


class DailyFeedForm(Schema):
    """What is said of a daily feed."""

    kind: Annotated[Literal["new", "update", "paid", "cured", "stopped", "recalled"], Field(description="what the rows tell")]
    feed_at: Annotated[Instant | None, Field(None, description="the core's time for rows without one of their own; needed for new")]
    mapping: Annotated[str, Field("", max_length=64, pattern=r"^([a-z0-9_][a-z0-9_-]*(\.[0-9-]{1,12})?)?$")]
    row_count: Annotated[int | None, Field(None, ge=0, le=2**31 - 1, description="control total: data rows of the file")]


class DailyFeedOut(Schema):
    """What came of a daily feed; `feed_id` is null in test mode, and `is_new` false when the file had been taken in before."""

    feed_id: int | None
    kind: str
    is_new: bool
    is_test: bool
    counts: dict[str, Any]
    problems: list[RowProblem]
    quarantined: list[dict[str, Any]]


@router.post("/feeds/overdue", response=FeedOut, auth=Token("feeds:write"), operation_id="feed_overdue")
def feed_overdue(request: HttpRequest, form: Form[FeedForm], file: File[UploadedFile]) -> dict[str, Any]:
    """Take in a file of overdue loans: CSV, XLSX or Parquet; the same file for the same day is taken in once."""
    if request.auth.is_test:
        raise NotInTestMode
    with on_disk(file) as path:
        result = tape_intake(
            actor=request.auth.actor,
            path=path,
            mapping=form.mapping,
            as_of=form.as_of,
            control_totals=None if form.row_count is None else {"rows": form.row_count},
        )
    problems = row_problems(request, result.problems)
    return {
        "tape_id": result.tape_id,
        "is_new": result.is_new,
        "counts": result.counts,
        "problems": problems,
        "quarantined": result.quarantined,
    }


@router.post("/feeds", response=DailyFeedOut, auth=Token("feeds:write"), operation_id="feed_daily")
def feed_daily(request: HttpRequest, form: Form[DailyFeedForm], file: File[UploadedFile]) -> dict[str, Any]:
    """Take in a daily feed; the same file is taken in once, and an older one than what is known is kept and changes nothing.

    With a test token it is checked to the end, the answer tells what would happen, and nothing is written.
    """
    with on_disk(file) as path:
        result = feed_receive(
            actor=request.auth.actor,
            kind=form.kind,
            path=path,
            feed_at=form.feed_at,
            mapping=form.mapping,
            control_totals=None if form.row_count is None else {"rows": form.row_count},
            is_trial=request.auth.is_test,
        )
    return {
        "feed_id": None if result.is_trial else result.feed_id,
        "kind": result.kind,
        "is_new": result.is_new,
        "is_test": result.is_trial,
        "counts": result.counts,
        "problems": row_problems(request, result.problems),
        "quarantined": result.quarantined,
    }


@contextmanager
def on_disk(file: UploadedFile) -> Iterator[Path]:
    """Yield the uploaded file in a folder of our own, under a name of our own."""
    suffix = Path(file.name or "").suffix.lower()
    with tempfile.TemporaryDirectory(prefix="duecourse-feed-") as folder:
        path = Path(folder) / ("feed" + (suffix if suffix in SUFFIXES else ".csv"))
        with path.open("wb") as sink:
            for block in file.chunks():
                sink.write(block)
        yield path


@router.get("/feeds/{tape_id}/rejects", auth=Token("feeds:write"), operation_id="feed_rejects", openapi_extra={"responses": REJECTS})
def feed_rejects(request: HttpRequest, tape_id: Number) -> FileResponse:
    """Return the rows of a file that were not taken, as they were sent, each with its reason: to be mended and sent again.

    It is the one answer of this interface that is not masked; each time is written to the trail, a test token's too.
    """
    opened = tape_file_open(actor=request.auth.actor, tape_id=tape_id, part="rejects")
    return FileResponse(opened.stream, as_attachment=True, filename=opened.name, content_type=opened.media_type)
