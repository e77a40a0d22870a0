"""Every page of every side: it answers, axe finds nothing, nothing scrolls sideways, the console stays silent, the budget holds."""

from __future__ import annotations

import json

import pytest
from django.conf import settings

from partners.models import User
from prm.db import acting
from tests.access import world as worlds
from tests.access.routes import marks, pages
from tests.access.test_matrix import model_of, sample
from tests.e2e.conftest import DESKTOP, PASSWORD, PHONE

AXE = settings.BASE_DIR / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
NOT_PAGES = ("/api/v1/", "/livez", "/readyz", "/brand", "/search/", "/pick/", "/invitation/")
# side, language, window, theme: together they cover both of each, at two sizes
LOOKS = {
    "desktop": ("en", DESKTOP, "light"),
    "phone": ("fr", PHONE, "dark"),
}
NODES = 1800


@pytest.fixture
def world(transactional_db):
    """The world of the matrix, committed, with people who can sign in by password."""
    with acting("system"):
        made = worlds.build()
        for user in (made.vendor["admin"], made.alpine.people["partner_admin"]):
            user.set_password(PASSWORD)
            user.save()
    return made


def addresses(world, user) -> list[str]:
    """Every address that shows a page to this person."""
    found = []
    for page in pages():
        key = page.url("x")
        if key.startswith(NOT_PAGES) or "public" in marks(page.view):
            continue
        if page.about_a_record:
            pk = sample(world.alpine, world, model_of(page, world.vendor["admin"]))
            if pk and page.view.rows_for(user).filter(pk=pk).exists():
                found.append(page.url(pk))
        elif set(page.parameters) <= {"key"}:  # a metric's key
            found.append(page.url())
    return found


def faults(person) -> list[str]:
    """What axe, the layout and the budget have to say about the page that is open."""
    result = person.run(
        f"axe.run(document, {{runOnly: {json.dumps(TAGS)}, resultTypes: ['violations']}}).then(r => r.violations"
        ".map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(' | ')))"
    )
    wide = person.run("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if wide > 1:
        result.append(f"scrolls sideways by {wide} px")
    nodes = person.run("document.querySelectorAll('*').length")
    if nodes > NODES:
        result.append(f"{nodes} nodes")
    return result


@pytest.mark.timeout(600, func_only=True)
@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("side", ["vendor", "portal"])
def test_every_page(person, world, side, look):
    assert AXE.exists(), "the assets are not built: make assets"
    language, viewport, theme = LOOKS[look]
    user = world.vendor["admin"] if side == "vendor" else world.alpine.people["partner_admin"]
    with acting("system"):
        User.objects.filter(pk=user.pk).update(language=language, theme=theme)
        shown = addresses(world, user)
    reader = person(language, viewport, theme).sign_in(user.email)
    axe = AXE.read_text()
    wrong = {}
    seen = 0
    for address in shown:
        status = reader.page.request.get(reader.server + address, max_redirects=0, fail_on_status_code=False)
        if status.status != 200 or "text/html" not in status.headers.get("content-type", ""):
            if status.status >= 500:
                wrong[address] = [f"answers {status.status}"]
            continue  # a verb without a page of its own, a redirect, another side's page
        reader.go(address)
        reader.run(axe)
        seen += 1
        if found := faults(reader):
            wrong[address] = found
    assert wrong == {}, json.dumps(wrong, indent=1, ensure_ascii=False)
    assert seen >= {"vendor": 50, "portal": 15}[side]


@pytest.mark.parametrize("path", ["/", "/identity/password/reset/"])
@pytest.mark.parametrize("look", LOOKS)
def test_pages_before_sign_in(person, transactional_db, path, look):
    language, viewport, theme = LOOKS[look]
    reader = person(language, viewport, theme)
    assert reader.go(path).status == 200
    reader.run(AXE.read_text())
    assert faults(reader) == []
