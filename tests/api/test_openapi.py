"""The OpenAPI document is clean, and calls made from it find no answer that it does not describe."""

from __future__ import annotations

import traceback

import hypothesis
import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from schemathesis.checks import positive_data_acceptance
from schemathesis.generation import GenerationMode

from prm.wsgi import application
from tests import factories

# Ids that the document cannot know answer 404, and rules among values cannot be said in a schema.
EXCLUDED = [positive_data_acceptance]
EXAMPLES = 4  # per operation and mode; `make soak` asks for more


def test_the_document_is_clean(capsys, db):
    call_command("spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json")
    assert '"openapi": "3.1.0"' in capsys.readouterr().out


def test_the_page_loads_only_our_own_files(client, db):
    page = client.get("/api/v1/docs/")
    html = page.content.decode()
    assert page.status_code == 200
    assert "<script>" not in html
    assert "://" not in html.replace("https://www.w3.org", "")
    assert "swagger-ui-bundle.js" in html


@pytest.fixture
def one_connection():
    """Calls through WSGI stay in the test's own transaction, as those of Django's test client do."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.usefixtures("one_connection")
@pytest.mark.timeout(400)
@pytest.mark.parametrize("who", ["admin", "owner"])
def test_calls_made_from_the_document(request, api, owner, channel_manager, who):
    factories.approved(owner, decided_by=channel_manager)
    caller = api(request.getfixturevalue(who))
    schema = schemathesis.openapi.from_wsgi("/api/v1/schema/", application)
    rules = hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.generate],
        verbosity=hypothesis.Verbosity.quiet,
    )
    called, wrong = 0, []
    for found in schema.get_all_operations():
        operation = found.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            @rules
            @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
            def check(case):
                nonlocal called
                called += 1
                case.call_and_validate(headers={"Authorization": f"Bearer {caller.secret}"}, excluded_checks=EXCLUDED)

            try:
                check()
            except (Exception, BaseExceptionGroup) as error:  # every operation has its say
                wrong.append(f"{mode} {operation.label}\n{''.join(traceback.format_exception_only(error))[:1500]}")
    assert not wrong, "\n\n".join(wrong)
    assert called > 200
