"""Who calls, and how a call is performed: as the token's actor, and taken back when the token is for tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.db import connection, transaction
from django.http import HttpRequest
from ninja.security import HttpBearer

from duecourse.parties.access import Bearer, acting, bearer_of
from duecourse.parties.errors import TokenRefused

Result = TypeVar("Result")


class Token(HttpBearer):
    """Admits requests with a token that holds and was given for a scope; cookies admit nobody.

    `Token("cases:read")` is handed to an operation as its `auth`; `request.auth` is then a `Bearer`.
    """

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope

    def __call__(self, request: HttpRequest) -> Bearer:
        """Return who calls.

        Raises:
            TokenRefused: no token, or none that holds.
            ScopeMissing: it was not given for this.
            TokenTooFast: it asks more often than it may.
        """
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer":
            raise TokenRefused
        return self.authenticate(request, text.strip())

    def authenticate(self, request: HttpRequest, token: str) -> Bearer:
        """Return whose token it is, if it reaches this far."""
        bearer = bearer_of(token)
        bearer.require(self.scope)
        return bearer


def performed(request: Any, effect: Callable[[Bearer], Result]) -> Result:
    """Have an effect as the token's actor, in one transaction; a test token's is checked to the end and then taken back."""
    bearer: Bearer = request.auth
    with acting(bearer.actor):
        result = effect(bearer)
        if bearer.is_test:
            connection.check_constraints()
            transaction.set_rollback(True)
    return result
