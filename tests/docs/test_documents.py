"""The documents are true: what they name exists, and what they list is complete."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import get_commands
from django.urls import Resolver404, resolve

from attribution.kpis.metrics import METRICS
from prm import rowpolicy
from prm.api.router import known_scopes
from prm.ids import uuid7

CHECKOUT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([CHECKOUT / "README.md", *(CHECKOUT / "docs").rglob("*.md")])
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
SHELL = ("sh", "")


def text_of(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def spans(document: Path) -> list[str]:
    """What stands between backticks, outside code blocks."""
    return re.findall(r"`([^`\n]+)`", FENCE.sub("", text_of(document)))


def code(document: Path) -> str:
    """All that is written as code: the words in backticks and the blocks for a shell."""
    blocks = [body for _indent, language, body in FENCE.findall(text_of(document)) if language in SHELL]
    return "\n".join([*spans(document), *blocks])


def rows_of_table(document: Path, heading: str) -> list[list[str]]:
    """The cells of the first table after a heading."""
    after = f"\n{text_of(document)}".split(f"\n{heading}\n", 1)[1]
    lines = re.search(r"(?:^\|.*\n)+", after, re.MULTILINE)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def each_document(test):
    return pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(CHECKOUT)))(test)


# Links and paths --------------------------------------------------------------------------------------------------------------


def anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text_of(document)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_document
def test_links_lead_somewhere(document):
    text = FENCE.sub("", text_of(document))
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|href)="([^"]+)"', re.sub(r"`[^`]*`", "", text))
    lost = []
    for target in targets:
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (document.parent / path).resolve() if path else document
        if not file.exists() or (anchor and anchor not in anchors(file)):
            lost.append(target)
    assert lost == []


@each_document
def test_named_files_exist(document):
    top = {path.name for path in CHECKOUT.iterdir()}
    named = {span for span in spans(document) if re.fullmatch(r"[\w.*-]+(/[\w.*-]+)*/?", span) and "/" in span}
    named = {span for span in named if span.split("/")[0] in top or re.search(r"\.(py|md|html|yml|toml|po)$", span)}
    folders = (CHECKOUT, CHECKOUT / "templates")
    assert [span for span in sorted(named) if not any(any(folder.glob(span.rstrip("/"))) for folder in folders)] == []


# Commands, variables, addresses -------------------------------------------------------------------------------------------------


@each_document
def test_commands_exist(document):
    said = code(document)
    targets = set(re.findall(r"^([a-z]+):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)", said)) <= targets
    assert set(re.findall(r"\b(?:manage\.py|manage) ([a-z_]+)", said)) <= set(get_commands())


@each_document
def test_what_examples_import_exists(document):
    blocks = "\n".join(body for _indent, _language, body in FENCE.findall(text_of(document)))
    lost = []
    for module, names in re.findall(
        r"\bfrom ((?:prm|partners|territories|deals|attribution)[\w.]*) import ([\w, ]+)", blocks
    ):
        found = importlib.import_module(module)
        lost += [
            f"{module}.{name}" for name in re.split(r", *", names) if not hasattr(found, name.split(" as ")[0].strip())
        ]
    assert lost == []


@each_document
def test_scopes_exist(document):
    assert set(re.findall(r"--scope ([a-z-]+:[a-z]+)", text_of(document))) <= known_scopes()


def environment_of(*modules: str) -> set[str]:
    """The names of the variables these modules read."""
    found = set()
    for module in modules:
        for node in ast.walk(ast.parse((CHECKOUT / module).read_text())):
            read = None
            if isinstance(node, ast.Call) and re.fullmatch(r"os\.environ\.\w+", ast.unparse(node.func)):
                read = node.args[0]
            elif (
                isinstance(node, ast.Subscript)
                and ast.unparse(node.value) == "os.environ"
                and isinstance(node.ctx, ast.Load)
            ):
                read = node.slice
            if isinstance(read, ast.Constant):
                found.add(read.value)
    return found


def test_the_operating_guide_lists_what_the_settings_read():
    table = rows_of_table(CHECKOUT / "docs" / "operations.md", "## Environment")
    said = [re.fullmatch(r"`(\w+)`", row[0])[1] for row in table]
    assert len(said) == len(set(said))
    assert set(said) == environment_of("prm/settings.py", "prm/logs.py", "prm/embedded.py")


@each_document
def test_variables_exist(document):
    said = set(
        re.findall(r"\b(?:PRM_[A-Z_]+|(?:DATABASE|REDIS|EMAIL|PUBLIC|SECRET|POSTGRES)_[A-Z_]+)\b", code(document))
    )
    places = [*CHECKOUT.glob("*/**/*.py"), *(CHECKOUT / name for name in ("Makefile", "docker-compose.yml", ".ci/run"))]
    known = {
        name
        for path in places
        if not {".venv", "node_modules"} & set(path.parts) and path != Path(__file__)
        for name in re.findall(r"\b[A-Z]+_[A-Z_]+\b", path.read_text(encoding="utf-8"))
    }
    assert said - known == set()


@each_document
def test_addresses_exist(document):
    not_ours = {"/data", "/proc"}  # folders of the machine
    lost = []
    for address in {span for span in spans(document) if re.fullmatch(r"/[\w{}/-]*", span)} - not_ours:
        try:
            resolve(re.sub(r"\{\w+\}", str(uuid7()), address))
        except Resolver404:
            lost.append(address)
    assert lost == []


# Lists that must be complete -----------------------------------------------------------------------------------------------------


def our_models() -> dict[str, type]:
    ours = (
        model
        for model in apps.get_models()
        if model.__module__.split(".")[0] in ("prm", "partners", "territories", "deals", "attribution")
    )
    return {model.__name__: model for model in ours if not (hasattr(model, "pgh_tracked_model") or model._meta.proxy)}


def test_the_data_model_names_every_model_and_who_reaches_it():
    table = rows_of_table(CHECKOUT / "docs" / "data-model.md", "# Data model")
    said = {}
    for names, _meaning, partners in table:
        models = re.findall(r"`(\w+)`", names)
        reaches = partners.split("; ")
        said |= {
            name: (reaches if len(reaches) == len(models) else [partners] * len(models))[at]
            for at, name in enumerate(models)
        }
    assert set(said) == set(our_models())
    policed = rowpolicy.policies()
    wrong = [name for name, model in our_models().items() if (said[name] != "no") != (model._meta.db_table in policed)]
    assert wrong == []


def test_every_word_has_both_languages_and_a_meaning():
    rows = rows_of_table(CHECKOUT / "docs" / "glossary.md", "# Glossary")
    assert [row for row in rows if len(row) != 4 or not all(row[:3])] == []
    words = [row[0].casefold() for row in rows]
    assert words == sorted(set(words))
    models = {name for row in rows for name in re.findall(r"`(\w+)`", row[3])}
    assert models <= set(our_models())


def test_every_decision_is_listed_and_complete():
    folder = CHECKOUT / "docs" / "adr"
    pages = sorted(folder.glob("0*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    listed = re.findall(r"^- \[(.+)\]\((.+)\)$", (folder / "README.md").read_text(), re.MULTILINE)
    assert listed == [(page.read_text().splitlines()[0].removeprefix("# "), page.name) for page in pages]
    for page in pages:
        assert re.findall(r"^## (.+)$", page.read_text(), re.MULTILINE) == ["Context", "Decision", "Consequences"], (
            page.name
        )


def test_the_page_of_metrics_lists_the_declared_ones():
    rows = rows_of_table(CHECKOUT / "docs" / "metrics.md", "## The metrics")
    declared = [
        [
            f"`{metric.key}`",
            *(str(getattr(metric, name)) for name in ("name", "definition", "formula", "unit", "kind", "additivity")),
            ", ".join(metric.dimensions),
        ]
        for metric in METRICS
    ]
    assert rows == declared
