"""What the templates use exists in what the build made. Skips where nothing is built."""

import re
from functools import cache
from pathlib import Path
from runpy import run_path

import pytest
from django.conf import settings

from prm.ui.status import STATUSES, UNKNOWN

ROOT = Path(settings.BASE_DIR)
DIST = ROOT / "static" / "dist"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
CODE = [
    path
    for folder in ("prm", "partners", "territories", "deals", "attribution")
    for path in sorted((ROOT / folder).rglob("*.py"))
]
TAG = re.compile(r"{%.*?%}|{#.*?#}", re.DOTALL)
# Marks for scripts and tests, drawn by nothing.
UNSTYLED = {"dropdown-menu-end"}


@cache
def is_current() -> bool:
    """Whether the build was made from the files as they are now; it says nothing about others."""
    return (DIST / ".inputs").exists() and (DIST / ".inputs").read_text() == run_path(str(ROOT / "frontend/build.py"))[
        "fingerprint"
    ]()


def built(name: str) -> str:
    if not is_current():
        pytest.skip("the assets are not built (python frontend/build.py)")
    return (DIST / name).read_text()


def classes_in(text: str) -> set[str]:
    found = set()
    for value in re.findall(r'(?<![\w-])class="((?:{%.*?%}|{{.*?}}|[^"])*)"', text, re.DOTALL):
        glued = re.sub(r"(?<=\S){%", "\0{%", re.sub(r"{{.*?}}", "\0", value))  # part of a word made at run time
        found |= {word for word in TAG.sub(" ", glued).split() if "\0" not in word}
    return found


ICON = re.compile(r"""\bicon["']?(?:\s*:\s*\w+)?\s*[=:]\s*["']([a-z0-9-]+)["']""")


def icons_in(text: str) -> set[str]:
    """Names given plainly; a name worked out at run time is covered by the table it comes from."""
    values = re.findall(r'<c-icon\b[^>]*?\sname="([^"]*)"', text) + re.findall(r'(?<![:\w-])icon="([^"]*)"', text)
    values += re.findall(r'{%\s*icon\s+"([^"]*)"', text)
    return {value for value in values if re.fullmatch(r"[a-z][a-z0-9-]*", value)}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_every_class_exists(path):
    css = built("app.css") + built("map.css") + built("select.css")
    known = {name.replace("\\", "") for name in re.findall(r"\.((?:[\w-]|\\.)+)", css)}
    assert classes_in(path.read_text()) - known - UNSTYLED == set()


def test_every_icon_exists():
    sprite = built("icons.svg")
    known = set(re.findall(r'<symbol id="([^"]+)"', sprite))
    used = {icon for path in TEMPLATES for icon in icons_in(path.read_text())}
    used |= {icon for path in CODE for icon in ICON.findall(path.read_text())}
    used |= {look.icon for look in [*STATUSES.values(), UNKNOWN]}
    assert used - known == set()


def test_nothing_inline():
    """The content security policy allows no inline script, style or handler."""
    offenders = [
        str(path.relative_to(ROOT))
        for path in TEMPLATES
        if "mail" not in path.stem  # mail programs know nothing else
        and re.search(
            r'\sstyle="|\son[a-z]+="|\shx-on|<style|<script(?![^>]*\ssrc=)|javascript:', TAG.sub("", path.read_text())
        )
    ]
    assert offenders == []


def test_stylesheet_and_scripts_name_nobody_else():
    for name in ("app.css", "app.js"):
        text = built(name)
        assert "sourceMappingURL" not in text
        assert not re.findall(r"""(?:url\(|@import\s*|import\s*)["']?https?://""", text)
