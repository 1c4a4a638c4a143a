"""Everything that goes wrong at this door, in one form: RFC 9457 problem documents in the caller's language."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from django.utils.translation.trans_real import get_supported_language_variant, parse_accept_lang_header
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from duecourse.kit.errors import Absent, Conflict, DuecourseError, InvalidInput, Problem, fill

MEDIA_TYPE = "application/problem+json"
FAULTS = {
    "missing": _("This is missing."),
    "extra_forbidden": _("There is no such field."),
    "int": _("This takes a whole number."),
    "bool": _("This takes true or false."),
    "string": _("This takes a text of the form and length that the description of the interface names."),
    "date": _("This takes a day as YYYY-MM-DD."),
    "datetime": _("This takes an instant with its offset, as 2026-09-01T12:00:00+08:00."),
    "timezone": _("This takes an instant with its offset, as 2026-09-01T12:00:00+08:00."),
    "greater": _("The number is too small."),
    "less": _("The number is too large."),
    "too": _("There are too few or too many."),
    "literal": _("This takes one of the words that the description of the interface names."),
    "enum": _("This takes one of the words that the description of the interface names."),
}
_OTHER = _("The value cannot be used.")
_log = logging.getLogger("duecourse.api")


class NoSuchAddress(Absent):
    """The address leads nowhere."""

    what = "There is nothing at this address."
    why = "It does not exist, or it is not yours to see."
    todo = "Look at /v1/openapi.json."


class MethodRefused(DuecourseError):
    """The address does not know the method."""

    what = "This address does not take the method {method}."
    todo = "Use one of: {known}."
    http_status = 405


class BodyUnreadable(InvalidInput):
    """The body is no JSON, or no form."""

    what = "The body of the request cannot be read."
    todo = "Send JSON in UTF-8, or for a file a form of the type multipart/form-data."
    http_status = 400


class BodyTooLarge(InvalidInput):
    """The body exceeds the limit of the address."""

    what = "The body of the request is larger than {limit_bytes} bytes."
    todo = "Send it in parts."
    http_status = 413


class RequestRefused(InvalidInput):
    """Parameters or body have not the form that the description of the interface asks for."""

    what = "The request does not have the form it must have."
    why = "{count} places are wrong; `errors` names them."
    todo = "Compare it with /v1/openapi.json."


class KeysDiffer(InvalidInput):
    """A request names itself twice, differently."""

    what = "The header Idempotency-Key and the field client_request_id differ."
    todo = "Send one of them, or both alike."


class KeyMissing(InvalidInput):
    """A request does not name itself."""

    what = "The request has no number of its own."
    why = "Asking again must give the same answer, and not another permit."
    todo = "Send the header Idempotency-Key or the field client_request_id."


class CursorUnreadable(InvalidInput):
    """A cursor that was not given out here."""

    what = "The cursor cannot be read."
    todo = "Take `next_cursor` of the page before as it is, or begin without one."


class NotInTestMode(Conflict):
    """What cannot be tried without recording it."""

    what = "A test token cannot do this."
    why = "A file is taken in as a whole or not at all, so that there is nothing to try."
    todo = "Send it to an installation for tests, or use another token."


class Unforeseen(DuecourseError):
    """A mistake of ours; the log has it."""

    what = "Something went wrong here."
    why = "The fault is ours and has been logged; nothing of the request was kept."
    todo = "Try again later, and tell whoever runs this installation."
    http_status = 500


def language_of(request: HttpRequest) -> str:
    """Return the best of our languages for the header Accept-Language; cookies do not count here."""
    for wanted, _quality in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        try:
            return get_supported_language_variant(wanted)
        except LookupError:
            continue
    return settings.LANGUAGE_CODE


def problem(request: HttpRequest, error: DuecourseError, *, errors: list[dict[str, str]] | None = None) -> HttpResponse:
    """Return an error as a problem document: type = code, title = what, detail = why and what to do."""
    lang = language_of(request)
    with translation.override(lang):
        what, why, todo = (fill(gettext(part), error.parameters) if part else "" for part in (error.what, error.why, error.todo))
        document: dict[str, Any] = {"type": error.code, "title": what, "status": error.http_status}
        document["detail"] = " ".join(part for part in (why, todo) if part)
        document["errors"] = [fault | {"detail": gettext(fault["detail"])} for fault in errors or []]
    response = HttpResponse(json.dumps(document, ensure_ascii=False), status=error.http_status, content_type=MEDIA_TYPE)
    response["Content-Language"] = lang
    if error.http_status == 401:
        response["WWW-Authenticate"] = "Bearer"
    if error.http_status == 429:
        response["Retry-After"] = str(error.parameters["seconds"])
    return response


def row_problems(request: HttpRequest, problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """Return what is wrong with rows, in the caller's language."""
    with translation.override(language_of(request)):
        return [
            {
                "row": found.row,
                "column": found.column,
                "code": found.code,
                "detail": " ".join(fill(gettext(part), found.parameters) for part in (found.what, found.todo) if part),
            }
            for found in problems
        ]


def install(api: NinjaAPI) -> None:
    """Let the API answer every exception in this form."""
    api.add_exception_handler(DuecourseError, problem)
    api.add_exception_handler(ValidationError, _invalid)
    api.add_exception_handler(Http404, _absent)
    for unreadable in (HttpError, SuspiciousOperation, MultiPartParserError, UnreadablePostError):
        api.add_exception_handler(unreadable, _unreadable)
    api.add_exception_handler(Exception, _unforeseen)


def _absent(request: HttpRequest, error: Exception) -> HttpResponse:
    return problem(request, NoSuchAddress())


def _unreadable(request: HttpRequest, error: Exception) -> HttpResponse:
    return problem(request, BodyUnreadable())


def _unforeseen(request: HttpRequest, error: Exception) -> HttpResponse:
    _log.error("%s %s failed", request.method, request.path, exc_info=error)
    return problem(request, Unforeseen())


def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Name the places that are wrong; what stood there is not repeated, for it may be personal."""
    faults = [_fault(found) for found in error.errors]
    return problem(request, RequestRefused(count=len(faults)), errors=faults)


def _fault(found: dict[str, Any]) -> dict[str, str]:
    where, *steps = found["loc"] or ("body",)
    steps = steps[1:] if where == "body" else steps
    kind = str(found["type"])
    detail = FAULTS.get(kind) or FAULTS.get(kind.partition("_")[0], _OTHER)
    return {"in": str(where), "pointer": "".join(f"/{step}" for step in steps), "code": kind, "detail": detail}
