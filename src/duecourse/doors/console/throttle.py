"""Failed logins, counted per address of the network and per login.

The count is kept in Django's cache; with the cache in memory, the default, each web process counts for itself and forgets when it
restarts. Behind it `parties.services.user_authenticate` counts failures of a known login in the audit trail, across all addresses.
Unknown logins are counted here like known ones, so a refusal does not tell which of them exist.
"""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

WINDOW_SECONDS = 15 * 60
WINDOW_MINUTES = WINDOW_SECONDS // 60
FAILURES_PER_LOGIN_MAX = 8
FAILURES_PER_ADDRESS_MAX = 40


def is_throttled(request: HttpRequest, email: str) -> bool:
    """Say whether this address has failed too often, with this login or altogether."""
    limits = _limits(request, email)
    counts = cache.get_many(limits)
    return any(counts.get(key, 0) >= limit for key, limit in limits.items())


def failed(request: HttpRequest, email: str) -> None:
    """Count one failure; the window begins with the first."""
    for key in _limits(request, email):
        if not cache.add(key, 1, WINDOW_SECONDS):
            try:
                cache.incr(key)
            except ValueError:
                cache.add(key, 1, WINDOW_SECONDS)


def succeeded(request: HttpRequest, email: str) -> None:
    """Forget the failures of this login from this address; those of the address stay."""
    # house: allow write because the cache holds counts of failures, no row
    cache.delete(_key("login", _address(request), email.strip().lower()))


def _limits(request: HttpRequest, email: str) -> dict[str, int]:
    address = _address(request)
    return {_key("login", address, email.strip().lower()): FAILURES_PER_LOGIN_MAX, _key("address", address): FAILURES_PER_ADDRESS_MAX}


def _key(*parts: str) -> str:
    return "failed-logins:" + hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _address(request: HttpRequest) -> str:
    """Return the client's address; behind a trusted proxy the last one that the proxy itself wrote down."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    if getattr(settings, "SECURE_PROXY_SSL_HEADER", None) and forwarded:
        return forwarded.rpartition(",")[2].strip()
    return request.META.get("REMOTE_ADDR", "")
