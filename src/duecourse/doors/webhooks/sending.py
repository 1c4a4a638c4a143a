"""One try to send an event: signed, to an address that was looked up and checked right before, with narrow limits and no redirects."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from duecourse.kit.clock import now, stopwatch
from duecourse.parties.services import ClaimedDelivery, may_be_reached, url_fault

SECONDS_MAX = 10
ANSWER_BYTES_MAX = 64 * 1024
SIGNATURE_HEADER = "Duecourse-Signature"


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a try.

    Attributes:
        status: of the answer, None without one.
        problem: code of what went wrong, '' when the receiver took the event.
        duration_ms: from the look-up to the end.
    """

    status: int | None
    problem: str
    duration_ms: int


class AddressRefused(OSError):
    """The host leads to an address that nothing is sent to."""


def signature(*, key_id: str, secret: bytes, body: bytes, at: datetime) -> str:
    """Return the header that proves who sent the body and when: HMAC-SHA256 over the seconds since 1970, a dot, and the bytes."""
    seconds = int(at.timestamp())
    proof = hmac.new(secret, f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"key={key_id},t={seconds},v1={proof}"


def send(delivery: ClaimedDelivery) -> Tried:
    """Send one delivery and return what came of it; once the name is looked up, it takes ten seconds at most, whatever the other side does."""
    begun = stopwatch()
    status: int | None = None
    try:
        status = _posted(delivery)
        problem = "" if 200 <= status < 300 else "redirect" if 300 <= status < 400 else "status"
    except AddressRefused:
        problem = "address_refused"
    except TimeoutError:
        problem = "timeout"
    except socket.gaierror:
        problem = "host_unknown"
    except ssl.SSLError:
        problem = "tls"
    except (OSError, http.client.HTTPException, ValueError):
        problem = "timeout" if stopwatch() - begun >= SECONDS_MAX else "connection"
    return Tried(status, problem, round((stopwatch() - begun) * 1000))


def _posted(delivery: ClaimedDelivery) -> int:
    if url_fault(delivery.url):
        raise AddressRefused
    parts = urlsplit(delivery.url)
    line = _Line(parts.hostname or "", port=parts.port, is_tls=parts.scheme == "https")
    ending = threading.Timer(SECONDS_MAX, line.cut)
    ending.daemon = True
    ending.start()
    try:
        line.request("POST", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), delivery.body, _headers(delivery))
        answer = line.getresponse()
        answer.read(ANSWER_BYTES_MAX)
        return answer.status
    finally:
        ending.cancel()
        line.close()


def _headers(delivery: ClaimedDelivery) -> Mapping[str, str]:
    return {
        "Content-Type": "application/json",
        "User-Agent": "duecourse-webhook/1",
        "Connection": "close",
        "Duecourse-Event": delivery.kind,
        "Duecourse-Delivery": delivery.event_id,
        "Duecourse-Try": str(delivery.try_count),
        SIGNATURE_HEADER: signature(key_id=delivery.key_id, secret=delivery.secret, body=delivery.body, at=now()),
    }


class _Line(http.client.HTTPConnection):
    """A connection to the very address that was checked: the name is looked up once, so that it cannot lead elsewhere a moment later."""

    def __init__(self, host: str, *, port: int | None, is_tls: bool) -> None:
        self.default_port = 443 if is_tls else 80
        super().__init__(host, port or self.default_port, timeout=SECONDS_MAX)
        self._is_tls = is_tls
        self._is_cut = False

    def connect(self) -> None:
        """Look the host up, refuse it if any of its addresses may not be reached, connect to the first, and check its certificate."""
        found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        addresses = [str(place[0]) for *_, place in found]
        if not addresses or not all(may_be_reached(address) for address in addresses):
            raise AddressRefused
        plain = socket.create_connection((addresses[0], self.port), timeout=SECONDS_MAX)
        try:
            self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self.host) if self._is_tls else plain
        except BaseException:
            plain.close()
            raise
        if self._is_cut:
            self.cut()
            raise TimeoutError

    def cut(self) -> None:
        """End whatever is under way; called when the time is over, for an answer may drip for hours without any single wait being long."""
        self._is_cut = True
        if self.sock is not None:
            try:
                self.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return
