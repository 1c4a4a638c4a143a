"""The API under /v1/: its operations, its description, and what every address here has in common."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, re_path
from ninja import NinjaAPI

from duecourse.doors.api import call_records, cases, contacts, feeds, money, problems, rules, webhooks
from duecourse.doors.api.exact import ExactJson
from duecourse.doors.api.schemas import ProblemOut

FEED_BYTES_MAX = 512 * 1024 * 1024
_DIGITS_MAX = 20
"""So many digits of a length are read: more are too large whatever they are."""
PROBLEM_STATUSES = ("400", "401", "403", "404", "405", "409", "413", "422", "429", "500")
DESCRIPTION = (
    "Cases, placements, permits, attempts, rules, payments, statements, feeds and webhooks of a creditor and its agencies. See docs/api.md."
)


class Api(NinjaAPI):
    """Adds to the description that every operation may answer with a problem."""

    def get_openapi_schema(self, **options: Any) -> Any:
        """Return the description of the interface."""
        schema = super().get_openapi_schema(**options)
        own = ProblemOut.model_json_schema(ref_template="#/components/schemas/{model}")
        for name, inner in own.pop("$defs", {}).items():
            schema["components"]["schemas"][name] = inner
        schema["components"]["schemas"]["ProblemOut"] = own
        content = {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemOut"}}}
        for methods in schema["paths"].values():
            for operation in methods.values():
                for status in PROBLEM_STATUSES:
                    operation["responses"].setdefault(status, {"description": "Problem", "content": content})
        return schema


api = Api(
    title="duecourse", version="1", description=DESCRIPTION, urls_namespace="v1", openapi_url="/openapi.json", docs_url=None,
    renderer=ExactJson(),
)  # fmt: skip
problems.install(api)
for room in (cases, contacts, call_records, rules, money, feeds, webhooks):
    api.add_router("", room.router)


def door(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Return a view of this door: outside the login and its cookies, limited in size, never cached, with problems for all that goes wrong."""

    @wraps(getattr(view, "func", view))
    def entered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = _answered(view, request, *args, **kwargs)
        if response.status_code == 405:
            allowed = response.get("Allow", "")
            response = problems.problem(request, problems.MethodRefused(method=request.method, known=allowed))
            response["Allow"] = allowed
        response["Cache-Control"] = "no-store"
        return response

    entered.login_required = False
    entered.csrf_exempt = True
    return entered


def _answered(view: Callable[..., HttpResponse], request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    limit_bytes = (
        FEED_BYTES_MAX if request.path.endswith(("/feeds", "/feeds/overdue", "/call-records")) else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    )
    if _length(request) > limit_bytes:
        return problems.problem(request, problems.BodyTooLarge(limit_bytes=limit_bytes))
    try:
        return view(request, *args, **kwargs)
    except Http404:
        return problems.problem(request, problems.NoSuchAddress())


def _length(request: HttpRequest) -> int:
    text = str(request.META.get("CONTENT_LENGTH") or "0")
    return int(text[:_DIGITS_MAX]) if text.isdecimal() else 0


def _nowhere(request: HttpRequest) -> HttpResponse:
    raise Http404


def _patterns() -> tuple[list[URLPattern], str, str]:
    patterns, application, namespace = api.urls
    for pattern in patterns:
        pattern.callback = door(pattern.callback)
    return [*patterns, re_path(r"", door(_nowhere), name="nowhere")], application, namespace


urls = _patterns()
