"""The API keeps what its description promises, whatever it is sent: generated requests to every operation, as the bank and as an agency.

Nothing answers with 500, and every answer has a status, a media type and a body that the description names.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from duecourse.config.wsgi import application
from duecourse.doors.api.urls import api as described

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 40
OPERATIONS = sorted(
    (path, method) for path, methods in described.get_openapi_schema(path_prefix="/v1/")["paths"].items() for method in methods
)


@pytest.fixture
def one_connection():
    """Let requests that come through WSGI stay inside the test's transaction, as Django's own client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def test_the_description_is_served_and_whole(api):
    """Anybody may read it; every operation has a security scheme, a description and problems among its answers."""
    answer = api.nobody.get("/openapi.json")
    document = answer.json()
    assert answer.status_code == 200
    for methods in document["paths"].values():
        for operation in methods.values():
            assert operation["security"]
            assert operation["description"]
            assert "application/problem+json" in operation["responses"]["404"]["content"]
    assert document["components"]["schemas"]["ProblemOut"]["required"] == ["type", "title", "status", "detail", "errors"]


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_generated_requests_are_answered_as_described(api, one_connection, path, method):
    """Right and wrong requests alike get an answer of the described form."""
    schema = schemathesis.openapi.from_dict(json.loads(json.dumps(described.get_openapi_schema(path_prefix="/v1/"))))
    schema.app = application
    operation = schema[path][method.upper()]
    statuses: Counter[int] = Counter()
    callers = [api.full.token, api.aoki.token]

    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Any) -> None:
        for token in callers:
            response = case.call(headers={"Authorization": f"Bearer {token}"})
            case.validate_response(response, checks=CHECKS)
            statuses[response.status_code] += 1

    ask()
    assert statuses.total() >= EXAMPLES
    assert max(statuses) < 500
