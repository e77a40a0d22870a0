"""A real browser on the real pages: Debian's Chromium, driven by Playwright, over a live server of the test's own database."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from django.core.cache import cache

from prm.db import acting
from tests import factories

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PASSWORD = factories.PASSWORD
IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


def chromium_path() -> str | None:
    given = os.environ.get("PRM_CHROMIUM")
    return given or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="session")
def chromium():
    """The browser of this worker; without one these tests are skipped, or fail where PRM_REQUIRE_BROWSER=1."""
    path = chromium_path()
    if path is None:
        message = "no Chromium: install it or set PRM_CHROMIUM"
        if os.environ.get("PRM_REQUIRE_BROWSER") == "1":
            pytest.fail(message)
        pytest.skip(message)
    from playwright.sync_api import sync_playwright

    # Playwright's event loop would make Django refuse the test's own queries.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


class Person:
    """Somebody at a browser."""

    def __init__(self, chromium, server: str, language: str, viewport: dict, theme: str = "light"):
        self.server, self.language = server, language
        self.context = chromium.new_context(
            viewport=viewport,
            locale={"en": "en-GB", "fr": "fr-FR"}[language],
            color_scheme=theme,
            reduced_motion="reduce",
        )
        self.context.set_default_timeout(20_000)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on(
            "console", lambda m: self.complaints.append(f"{m.text} @ {self.page.url}") if m.type == "error" else None
        )
        self.page.on("pageerror", lambda error: self.complaints.append(f"{error} @ {self.page.url}"))

    def go(self, path: str):
        return self.page.goto(self.server + path, wait_until="load")

    def sign_in(self, email: str) -> Person:
        self.go("/")
        self.page.fill("[name=login]", email)
        self.page.fill("[name=password]", PASSWORD)
        self.page.click("form[action$='/login/'] button.btn-primary")
        self.page.wait_for_url(lambda url: "/identity/" not in url)
        return self

    def run(self, script: str):
        """The value of a script on the page; by the browser's own protocol, since the pages forbid eval."""
        answer = self.context.new_cdp_session(self.page).send(
            "Runtime.evaluate", {"expression": script, "awaitPromise": True, "returnByValue": True}
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    @property
    def text(self) -> str:
        return self.page.inner_text("body")


@pytest.fixture
def person(chromium, live_server):
    """``person("fr", PHONE)``: a browser window; at the end none may have complained in its console."""
    cache.clear()
    people: list[Person] = []

    def make(language: str = "en", viewport: dict = DESKTOP, theme: str = "light") -> Person:
        people.append(Person(chromium, live_server.url, language, viewport, theme))
        return people[-1]

    yield make
    complaints = [complaint for one in people for complaint in one.complaints]
    for one in people:
        one.context.close()
    assert complaints == []


def keep_picture(page, name: str, language: str) -> None:
    """The screenshots of README and guides, in English: PRM_SCREENSHOTS=1 make pytest ARGS=tests/e2e."""
    if os.environ.get("PRM_SCREENSHOTS") and language == "en":
        page.screenshot(path=IMAGES / name)


@pytest.fixture
def everything(transactional_db):
    """Rows are committed: server and background work see them."""
    with acting("system"):
        yield
