"""The zero-install services: PostgreSQL and Valkey from Python packages, and the supervisor of ``make demo``.

``python -m prm.embedded demo`` runs the whole product in the foreground; ``python -m prm.embedded run -- COMMAND`` runs one
command beside the two services. Everything lives in ``PRM_DATA_DIR``: data, sockets, secrets, uploads. There is no TCP but the
web's, so instances differ in their directory and ``PORT`` only. Standard library and psycopg2, no Django: settings import this.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import http.client
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from prm.services import Services
from prm.supervisor import CHECKOUT, Child, Refused, Supervisor, die_with_parent, say, spawn

QUEUES = "default,conflicts,metrics,mail,imports"
SIGN_INS = """\
Sign-ins, password "demo" for all:
  admin@vendor.example     administrator            admin@alpine.example   partner admin of Alpine
  manager@vendor.example   channel manager          sales@alpine.example   sales at Alpine
  finance@vendor.example   finance                  admin@boreal.example   partner admin of Boreal
  viewer@vendor.example    reads everything         sales@boreal.example   sales at Boreal
"""


def data_dir() -> Path:
    """``PRM_DATA_DIR``, by default ``.prm`` in the checkout; absolute."""
    return Path(os.path.abspath(os.environ.get("PRM_DATA_DIR") or CHECKOUT / ".prm"))


def own_servers() -> bool:
    """Whether ``DATABASE_URL`` names servers of one's own, so that nothing embedded is started."""
    return bool(os.environ.get("DATABASE_URL"))


@contextlib.contextmanager
def running(supervisor: Supervisor, directory: Path, scratch: bool = False) -> Iterator[None]:
    """The services for the length of a block, and an ordered stop after it however it ends."""
    os.environ["PRM_DATA_DIR"] = str(directory)
    supervisor.obey_signals()
    try:
        if own_servers():
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            secret = Services(directory).make_keys()["django"].removeprefix("demo-")
            os.environ.setdefault("SECRET_KEY", secret)  # demo and tests need not be given what production must be
            os.environ.setdefault("ALLOWED_HOSTS", "127.0.0.1,localhost,testserver")
        else:
            Services(directory, scratch).add_to(supervisor)
        yield
    finally:
        supervisor.stop()


def schema_fingerprint() -> str:
    """Changes whenever ``migrate`` might have something to do."""
    digest = hashlib.sha256()
    apps = [path for path in CHECKOUT.iterdir() if (path / "apps.py").exists()]
    sources = [path for app in apps for path in app.rglob("*.py")]
    wanted = [
        p for p in sources if "migrations" in p.parts or "models" in p.parts or p.name in {"models.py", "rowpolicy.py"}
    ]
    for path in sorted([*wanted, CHECKOUT / "prm" / "settings.py", CHECKOUT / "requirements" / "runtime.txt"]):
        if path.exists():
            digest.update(str(path.relative_to(CHECKOUT)).encode() + path.read_bytes())
    return digest.hexdigest()


def finish(supervisor: Supervisor, process: subprocess.Popen, name: str) -> None:
    """Wait for a command that must succeed before the rest starts."""
    while process.poll() is None:
        if supervisor.asked_to_stop.wait(0.05):
            process.terminate()
            process.wait()
            raise SystemExit(0)
    if process.returncode:
        raise Refused(f"{name} failed; see above.")


def beside(*command: str) -> subprocess.Popen:
    """Start a command of one's own session that ends with us."""
    return subprocess.Popen(command, cwd=CHECKOUT, start_new_session=True, preexec_fn=die_with_parent(signal.SIGTERM))


def manage(supervisor: Supervisor, *arguments: str) -> None:
    """Run a manage.py command to its end before the rest starts; Refused when it fails."""
    finish(supervisor, beside(sys.executable, "manage.py", *arguments), f"manage.py {arguments[0]}")


def prepare_database(supervisor: Supervisor, directory: Path) -> None:
    """Migrate when the code changed since the last start, and load the demo data once."""
    (directory / "static").mkdir(exist_ok=True)
    mark, fingerprint = directory / "migrated", schema_fingerprint()
    if own_servers() or not mark.exists() or mark.read_text() != fingerprint:
        say("Bringing the database up to date …")
        manage(supervisor, "migrate", "--verbosity", "0")
        mark.write_text(fingerprint)
    if not (directory / "seeded").exists():
        say("Loading the demo data …")
        manage(supervisor, "seed_demo")
        (directory / "seeded").touch()


def check_port(port: int) -> None:
    """Refuse early when another program listens there; an instance just killed gets a moment to leave."""
    for attempt in range(30):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return
            except OSError as error:
                if attempt == 29:
                    raise Refused(
                        f"Port {port} cannot be used ({error.strerror}). Choose another: PORT=8001 make demo"
                    ) from None
        time.sleep(0.1)


def web_answers(port: int) -> bool:
    """Whether the web answers its life sign."""
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/livez")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False


def product(directory: Path, port: int) -> list[Child]:
    """Web and background processes; pages go before background work, hence the niceness of the latter."""

    def python(*arguments: str, niceness: int = 10) -> Callable[[], subprocess.Popen]:
        return lambda: spawn([sys.executable, *arguments], niceness=niceness)

    web = f"--bind 127.0.0.1:{port} --workers 2 --worker-class gthread --threads 4 --preload --no-control-socket"
    worker = f"--queues {QUEUES} --concurrency 2 --without-gossip --without-mingle --loglevel WARNING"
    beat = ["--schedule", str(directory / "beat"), "--pidfile", "", "--loglevel", "WARNING"]
    return [
        Child("web", python("-m", "gunicorn", "prm.wsgi", *web.split(), "--log-level", "warning", niceness=0)),
        Child("worker", python("-m", "celery", "--quiet", "-A", "prm", "worker", *worker.split()), grace=15),
        Child("beat", python("-m", "celery", "--quiet", "-A", "prm", "beat", *beat)),
        Child("relay", python("manage.py", "relay")),
    ]


def demo(meanwhile: str) -> None:
    """Run the product with demo data in the foreground until asked to stop.

    ``meanwhile`` is a command that runs while the database is prepared and must have succeeded before the web starts.
    """
    try:
        port = int(os.environ.setdefault("PORT", "8000"))
    except ValueError:
        raise Refused("PORT must be a number, for example PORT=8001 make demo") from None
    directory, supervisor = data_dir(), Supervisor()
    os.environ["PRM_DEMO"] = "1"
    os.environ["PYTHONUNBUFFERED"] = "1"
    check_port(port)
    with running(supervisor, directory):
        other = beside(*shlex.split(meanwhile)) if meanwhile else None
        prepare_database(supervisor, directory)
        if other:
            finish(supervisor, other, meanwhile)
        if own_servers():
            manage(supervisor, "collectstatic", "--noinput", "--verbosity", "0")
        for child in product(directory, port):
            supervisor.add(child)
        while not web_answers(port):
            supervisor.check()
            if supervisor.asked_to_stop.wait(0.1):
                return
        say(f"\n{SIGN_INS}\nData in {directory}. Ctrl-C stops everything.\nReady: http://127.0.0.1:{port}")
        while not supervisor.asked_to_stop.wait(0.2):
            supervisor.check()
        say("Stopping …")


def run(command: list[str], scratch: bool) -> int:
    """Run one command beside PostgreSQL and Valkey; its status is ours. The services' lines go to services.log."""
    directory = data_dir()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    supervisor = Supervisor(log=directory / "services.log")
    with running(supervisor, directory, scratch):
        process = subprocess.Popen(command, preexec_fn=die_with_parent(signal.SIGTERM))
        while process.poll() is None:
            if supervisor.asked_to_stop.wait(0.05):
                process.terminate()
                return 128 + signal.SIGTERM if process.wait() else 0
        return process.returncode if process.returncode >= 0 else 128 - process.returncode


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m prm.embedded", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    whole = commands.add_parser("demo", help="run the whole product with demo data")
    whole.add_argument("--meanwhile", metavar="COMMAND", default="", help="runs while the database is prepared")
    one = commands.add_parser("run", help="run one command beside PostgreSQL and Valkey")
    one.add_argument("--scratch", action="store_true", help="faster and not durable: for tests")
    one.add_argument("arguments", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    options = parser.parse_args()
    if options.command == "demo":
        demo(options.meanwhile)
        return 0
    arguments = options.arguments[options.arguments[:1] == ["--"] :]
    if not arguments:
        parser.error("run needs a command, for example: run -- manage.py check")
    return run(arguments, options.scratch)


if __name__ == "__main__":
    sys.exit(main())
