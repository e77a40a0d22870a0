"""Processes started, watched and stopped together, none of which outlives its supervisor. Standard library only."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
ASKING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Refused(SystemExit):
    """Cannot go on; the text says why and what to do. As a SystemExit it ends any command with one line and status 1."""


def say(line: str) -> None:
    print(line, flush=True)


def die_with_parent(with_signal: int, niceness: int = 0) -> Callable[[], None]:
    """For ``preexec_fn``: even ``kill -9`` of the supervisor leaves no orphan."""
    prctl, parent = getattr(ctypes.CDLL(None), "prctl", None), os.getpid()

    def prepare() -> None:
        os.nice(niceness)
        if prctl:
            prctl(1, with_signal)  # PR_SET_PDEATHSIG; after the change of account, which clears it
        if os.getppid() != parent:
            os._exit(1)

    return prepare


def processes(belongs: Callable[[Path], bool]) -> list[int]:
    """Ids of the processes whose folder in /proc satisfies ``belongs``; a zombie has no readable folder."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if belongs(folder):
                found.append(int(folder.name))
    return found


def signal_all(pids: list[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def end_leftovers(home: Path, number: int) -> None:
    """End what a killed supervisor left running in ``home``: we hold the lock, so nothing else may work there."""
    started = time.monotonic()
    while pids := processes(lambda folder: os.readlink(folder / "cwd") == str(home)):
        signal_all(pids, number if time.monotonic() - started < 20 else signal.SIGKILL)
        time.sleep(0.1)


class Child:
    """A supervised process: how it starts, how it is asked to stop, how long it may take."""

    def __init__(self, name: str, start: Callable[[], subprocess.Popen], stop: int = signal.SIGTERM, grace: float = 10):
        self.name, self.start, self.stop_signal, self.grace = name, start, stop, grace
        self.process: subprocess.Popen | None = None
        self.ends: list[float] = []

    def stop(self) -> None:
        """Ask, wait, then kill what remains of its session."""
        if self.process is None:
            return
        pid = self.process.pid
        if self.process.poll() is None:
            signal_all([pid], self.stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(self.grace)
        # Field 6 of /proc/PID/stat, the third after the name in brackets, is the session.
        rest = processes(lambda folder: (folder / "stat").read_text().rpartition(")")[2].split()[3] == str(pid))
        signal_all(rest, signal.SIGKILL)
        self.process.wait()


class Supervisor:
    """Starts children in order, restarts what ends, stops in reverse order; ``log`` takes their lines instead of the terminal."""

    def __init__(self, log: Path | None = None):
        self.children: list[Child] = []
        self.asked_to_stop = threading.Event()
        self.out = open(log, "w", buffering=1) if log else sys.stdout  # noqa: SIM115  (lives as long as the process)

    def obey_signals(self) -> None:
        """Ctrl-C, SIGTERM and the end of the terminal ask for an ordered stop."""
        for number in ASKING:
            signal.signal(number, lambda *_: self.asked_to_stop.set())

    def add(self, child: Child) -> None:
        self.children.append(child)
        self._start(child)

    def _start(self, child: Child) -> None:
        child.process = child.start()
        threading.Thread(target=self._copy, args=(child.name, child.process), daemon=True).start()

    def _copy(self, name: str, process: subprocess.Popen) -> None:
        for line in process.stdout or ():
            self.out.write(f"{name:8} | {line}")
            self.out.flush()

    def check(self) -> None:
        """Start again what has ended; Refused when it ends again and again."""
        for child in self.children:
            if child.process and child.process.poll() is not None and not self.asked_to_stop.is_set():
                say(f"{child.name} ended with status {child.process.returncode}; starting it again.")
                child.stop()  # whatever is left of its session
                now = time.monotonic()
                child.ends = [at for at in child.ends if now - at < 60] + [now]
                if len(child.ends) >= 5:
                    raise Refused(f"{child.name} ended five times within a minute; its last lines above say why.")
                self._start(child)

    def stop(self) -> None:
        """Stop all children, last started first."""
        for number in ASKING:
            signal.signal(number, signal.SIG_IGN)
        for child in reversed(self.children):
            child.stop()


def spawn(
    command: list[str], cwd: Path = CHECKOUT, stop: int = signal.SIGTERM, niceness: int = 0, **more: Any
) -> subprocess.Popen:
    """Start a process in a session of its own, its output in one pipe, bound to our life."""
    return subprocess.Popen(
        command,
        cwd=cwd,
        stdin=more.pop("stdin", subprocess.DEVNULL),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
        preexec_fn=die_with_parent(stop, niceness),
        **more,
    )
