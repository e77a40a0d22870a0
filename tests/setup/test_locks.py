"""What gets installed: exact, checked by hash, from wherever the machine is told to look, under licences that allow it."""

import importlib.metadata
import itertools
import json
import re
import tomllib
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
LOCKS = sorted((CHECKOUT / "requirements").glob("*.txt"))
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)(?: ; [^\\]+)? \\$")


def requirements(lock: Path) -> dict[str, str]:
    return dict(match.groups() for line in lock.read_text().splitlines() if (match := PIN.match(line)))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_python_locks_pin_everything_by_hash_and_name_no_host(lock):
    lines = [line for line in lock.read_text().splitlines() if line and not line.lstrip().startswith("#")]
    assert [
        line
        for line in lines
        if not PIN.match(line) and not re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?", line)
    ] == []
    assert "://" not in lock.read_text()


def test_python_locks_agree_with_each_other_and_with_the_project():
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    asked = [*project["project"]["dependencies"], *itertools.chain(*project["dependency-groups"].values())]
    assert [pin for pin in asked if not re.fullmatch(r"[\w.-]+(\[[\w,-]+\])?==[\w.]+", pin)] == []
    locked = [requirements(lock) for lock in LOCKS]
    for pin in asked:
        name, version = re.sub(r"\[.*\]", "", pin).lower().replace("_", "-").split("==")
        assert {lock[name] for lock in locked if name in lock} == {version}


def test_npm_lock_pins_everything_by_hash_and_names_no_host():
    packages = json.loads((CHECKOUT / "frontend" / "package-lock.json").read_text())["packages"]
    package = json.loads((CHECKOUT / "frontend" / "package.json").read_text())
    asked = {**package.get("dependencies", {}), **package.get("devDependencies", {})}
    assert [name for name, version in asked.items() if not re.fullmatch(r"\d[\w.-]*", version)] == []
    installed = {name: entry for name, entry in packages.items() if name}
    assert [name for name, entry in installed.items() if not entry.get("integrity", "").startswith("sha512-")] == []
    assert [name for name, entry in installed.items() if "resolved" in entry] == []


def test_nothing_at_run_time_is_under_the_gpl():
    found = {}
    for lock in ("runtime", "embedded"):
        for name in requirements(CHECKOUT / "requirements" / f"{lock}.txt"):
            try:
                meta = importlib.metadata.metadata(name)
            except importlib.metadata.PackageNotFoundError:  # for another Python or system
                continue
            licences = [
                meta.get("License-Expression") or "",
                (meta.get("License") or "")[:80],
                *meta.get_all("Classifier", []),
            ]
            if any(re.search(r"\bA?GPL|(?<!Lesser )General Public", text) for text in licences):
                found[name] = licences
    assert found == {}


def test_nothing_in_the_browser_is_under_the_gpl():
    packages = json.loads((CHECKOUT / "frontend" / "package-lock.json").read_text())["packages"]
    shipped = {name: entry.get("license", "") for name, entry in packages.items() if name and not entry.get("dev")}
    assert len(shipped) > 8
    assert {name: licence for name, licence in shipped.items() if not licence or "GPL" in licence} == {}
