"""Collect the texts of code and templates into ``locale/*/LC_MESSAGES/django.po``, with Babel alone: no gettext is needed."""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages import Catalog
from babel.messages.extract import extract_python
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.translation.template import templatize

ROOTS = ("prm", "partners", "territories", "deals", "attribution")
KEYWORDS: dict[str, Any] = {
    "gettext": None,
    "gettext_lazy": None,
    "_": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
# What Django's templatize leaves of a template: calls among blanked-out text.
CALL = re.compile(r"""\b(?P<name>n?p?gettext|_)\((?P<arguments>(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[^'")])*)\)""")


def template_messages(source: str, name: str) -> Iterator[tuple[str, str, str | None]]:
    """(message, plural, context) of each translation tag and each ``_("…")`` of a template."""
    for call in CALL.finditer(templatize(source, origin=name)):
        texts: list[Any] = [
            node.value for node in ast.walk(ast.parse(f"f({call['arguments']})")) if isinstance(node, ast.Constant)
        ]
        context = texts.pop(0) if call["name"] in ("pgettext", "npgettext") else None
        yield texts[0], texts[1] if call["name"].startswith("n") else "", context


def python_messages(path: Path) -> Iterator[tuple[str, str, str | None]]:
    """The same of the calls in a Python file."""
    with path.open("rb") as file:
        for _line, function, found, _comments in extract_python(file, KEYWORDS, [], {}):
            texts: list[Any] = list(found) if isinstance(found, tuple) else [found]
            context = texts.pop(0) if (function or "").startswith(("pgettext", "npgettext")) else None
            if texts and texts[0]:
                plural = "ngettext" in (function or "") or "npgettext" in (function or "")
                yield texts[0], (texts[1] or "") if plural and len(texts) > 1 else "", context


def collect() -> Catalog:
    """Every text of the product, sorted, with the files it stands in."""
    found: dict[tuple[str | None, str], tuple[str, set[str]]] = {}
    base = Path(settings.BASE_DIR)
    sources = [(path, python_messages(path)) for root in ROOTS for path in sorted((base / root).rglob("*.py"))]
    sources += [
        (path, template_messages(path.read_text(encoding="utf-8"), str(path)))
        for pattern in ("*.html", "*.txt")
        for path in sorted((base / "templates").rglob(pattern))
    ]
    for path, messages in sources:
        for text, plural, context in messages:
            known = found.setdefault((context, text), (plural, set()))
            found[context, text] = (known[0] or plural, known[1] | {str(path.relative_to(base))})
    catalog = Catalog(domain="django")
    for (context, text), (plural, files) in sorted(found.items(), key=lambda item: (item[0][1], item[0][0] or "")):
        flags = ["python-format"] if re.search(r"%\(\w+\)[sd]", text) else []
        catalog.add(
            (text, plural) if plural else text,
            locations=[(file, None) for file in sorted(files)],
            flags=flags,
            context=context,
        )
    return catalog


def merged(language: str) -> Catalog:
    """Today's texts with the translations there are; what is no longer in use is dropped."""
    path = po_path(language)
    old = Catalog(locale=language)
    if path.exists():
        with path.open("rb") as file:
            old = read_po(file, locale=language, domain="django")
    new = Catalog(locale=language, domain="django", fuzzy=False)
    for message in collect():
        if not message.id:
            continue
        known = old.get(message.id[0] if isinstance(message.id, tuple) else message.id, message.context)
        translated = (
            known.string if known and isinstance(known.string, tuple) == isinstance(message.id, tuple) else None
        )
        if translated is None:
            translated = ("",) * new.num_plurals if isinstance(message.id, tuple) else ""
        new.add(message.id, translated, locations=message.locations, flags=message.flags, context=message.context)
    return new


def po_path(language: str) -> Path:
    return Path(settings.LOCALE_PATHS[0]) / language / "LC_MESSAGES" / "django.po"


def written(catalog: Catalog) -> bytes:
    """The catalogue as a file, without anything that changes from one run or machine to the next."""
    buffer = io.BytesIO()
    catalog.header_comment = f"# {catalog.locale_identifier} texts of the product; `make messages` keeps them complete."
    write_po(buffer, catalog, width=120, no_location=True, omit_header=False)
    text = buffer.getvalue().decode()
    return re.sub(
        r'"(?:POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team|Generated-By|Project-Id-Version|Report-Msgid-Bugs-To):[^"]*"\n',
        "",
        text,
    ).encode()


class Command(BaseCommand):
    help = "Collect the texts of code and templates into locale/*/LC_MESSAGES/django.po"
    requires_system_checks: list = []

    def handle(self, *args, **options):
        for language, _name in settings.LANGUAGES:
            if language == "en":
                continue
            catalog = merged(language)
            path = po_path(language)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(written(catalog))
            missing = sum(not (all(m.string) if isinstance(m.string, tuple) else m.string) for m in catalog if m.id)
            self.stdout.write(f"{language}: {len(catalog)} texts, {missing} to translate")
