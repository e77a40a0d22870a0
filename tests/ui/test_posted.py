"""A form sent empty is answered like any other wrong one: refused with its reasons, never shown again as if nothing was sent."""

import re

import pytest
from django.db import transaction

from prm.settings import BASE_DIR
from tests.access.routes import pages

APPS = ("prm", "partners", "territories", "deals", "attribution")


def test_no_view_takes_an_empty_answer_for_none():
    taken = re.compile(r"request\.(POST|FILES) or None|if request\.(POST|FILES)( else|:)|Form\([^\n]*, request\.FILES")
    loose = [
        f"{path.relative_to(BASE_DIR)}:{number}"
        for app in APPS
        for path in sorted((BASE_DIR / app).rglob("*.py"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if taken.search(line)
    ]
    assert loose == []


@pytest.mark.parametrize("who", ["admin", "owner"])
def test_empty_forms_are_refused(signed_in, who, request):
    client = signed_in(request.getfixturevalue(who))
    asked, shown_again = 0, []
    for page in pages():
        if page.is_api or page.parameters:
            continue
        with transaction.atomic():
            form = client.get(page.url())
            if form.status_code == 200 and not form.streaming and b" required" in form.content:
                asked += 1
                if client.post(page.url(), {}).status_code == 200:
                    shown_again.append(page.key)
            transaction.set_rollback(True)
    assert shown_again == []
    assert asked > 1
