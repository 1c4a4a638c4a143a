"""Requests of programs go past what only people's browsers need."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import resolve

PREFIX = "/v1/"
HEADERS = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "X-Frame-Options": "DENY"}


class ApiApart:
    """Answers an address of the API by itself, and leaves every other one to the middleware after it.

    Sessions, cookies, forms, languages of pages and their policies mean nothing to a program that shows a token; each costs time in
    every request of a dialler. Put it after what concerns the transport, and before all that concerns pages.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request."""
        if not request.path_info.startswith(PREFIX):
            return self.get_response(request)
        request.get_host()
        match = request.resolver_match = resolve(request.path_info)
        response: HttpResponse = match.func(request, *match.args, **match.kwargs)
        for name, value in HEADERS.items():
            response.headers[name] = value
        if not response.streaming:
            response.headers["Content-Length"] = str(len(response.content))
        return response
