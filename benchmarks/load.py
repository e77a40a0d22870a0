"""A small load client and its meters: keep-alive calls on loopback, CPU and memory of processes from /proc."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

TICK = os.sysconf("SC_CLK_TCK")


class Answer(NamedTuple):
    status: int
    head: bytes
    body: bytes
    seconds: float


class Work(NamedTuple):
    """What some calls cost, each in milliseconds."""

    app: float
    database: float
    p50: float
    p95: float
    answers: list[Answer]

    @property
    def cpu(self) -> float:
        return self.app + self.database


def message(method: str, path: str, token: str = "", body: bytes = b"", **headers: str) -> bytes:
    """A whole HTTP request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Accept: */*"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Caller:
    """One connection, one call after the other."""

    def __init__(self, port: int):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def call(self, request: bytes) -> Answer:
        started = time.perf_counter()
        self.socket.sendall(request)
        got = b""
        while (end := got.find(b"\r\n\r\n")) < 0:
            got += self._more()
        head, got = got[:end], got[end + 4 :]
        known = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        while len(got) < int(known) if known else not got.endswith(b"0\r\n\r\n"):  # without a length it comes in chunks
            got += self._more()
        return Answer(int(head[9:12]), head, got, time.perf_counter() - started)

    def _more(self) -> bytes:
        part = self.socket.recv(65536)
        if not part:
            raise ConnectionError("The server closed the connection in the middle of a call.")
        return part


def measured(port: int, requests: Sequence[bytes], web: int, database: int, connections: int, expect: int) -> Work:
    """Make these calls over some connections at once; every one must be answered with the status ``expect``."""
    shares: list[list[Answer]] = [[] for _ in range(connections)]
    failures: list[BaseException] = []

    def run(at: int) -> None:
        try:
            caller = Caller(port)
            for request in requests[at::connections]:
                answer = caller.call(request)
                if answer.status != expect:
                    raise AssertionError(f"answered {answer.status}: {answer.body[:500]!r}")
                shares[at].append(answer)
            caller.socket.close()
        except (OSError, ValueError, AssertionError) as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(at,), daemon=True) for at in range(connections)]
    before = cpu_of(web), cpu_of(database)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = cpu_of(web), cpu_of(database)
    if failures:
        raise SystemExit(f"{requests[0].split(b' HTTP')[0].decode()}: {failures[0]}")
    answers = [shares[n % connections][n // connections] for n in range(len(requests))]
    times = sorted(answer.seconds for answer in answers)
    app, store = (1000 * (late - early) / len(requests) for early, late in zip(before, after, strict=True))
    return Work(app, store, 1000 * times[len(times) // 2], 1000 * times[int(len(times) * 0.95)], answers)


# Processes ------------------------------------------------------------------------------------------------------------------


def family(pid: int) -> list[int]:
    """The process and all that descends from it."""
    found = [pid]
    for one in found:
        for tasks in Path(f"/proc/{one}/task").glob("*/children"):
            found += [int(child) for child in tasks.read_text().split()]
    return found


def cpu_of(pid: int) -> float:
    """Seconds of CPU that the process and its descendants have used, those already gone included."""
    return sum(_read(one, lambda folder: _ticks(folder / "stat")) for one in family(pid)) / TICK


def _ticks(stat: Path) -> int:
    return sum(int(field) for field in stat.read_text().rpartition(")")[2].split()[11:15])


def memory_of(pid: int) -> float:
    """MiB of memory (PSS: shared pages divided among those who share them) of the process and its descendants."""

    def pss(folder: Path) -> int:
        return next(
            int(line.split()[1])
            for line in (folder / "smaps_rollup").read_text().splitlines()
            if line.startswith("Pss:")
        )

    return sum(_read(one, pss) for one in family(pid)) / 1024


def _read(pid: int, what: Callable[[Path], int]) -> int:
    try:
        return what(Path(f"/proc/{pid}"))
    except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
        return 0
