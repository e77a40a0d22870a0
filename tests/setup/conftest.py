"""Instances of the embedded services in folders of their own, each checked to leave no process behind."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]


def descendants(pid: int) -> list[int]:
    """A process and all below it."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(folder.name))
    found, ahead = [], [pid]
    while ahead:
        found.append(one := ahead.pop())
        ahead += children.get(one, [])
    return found


def alive(pids: list[int]) -> list[int]:
    """Those that still run; a zombie, which somebody else has to reap, does not."""
    found = []
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        found += [pid] * (state != "Z")
    return found


def all_gone(pids: list[int], seconds: float = 10) -> bool:
    """Whether all have ended, within a moment."""
    until = time.monotonic() + seconds
    while alive(pids) and time.monotonic() < until:
        time.sleep(0.05)
    return not alive(pids)


class Instance:
    """``python -m prm.embedded`` on one data directory, its lines kept in ``lines``."""

    def __init__(self, directory: Path, *arguments: str, **environment: str):
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PRM_", "DATABASE", "REDIS"))}
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "prm.embedded", *arguments],
            cwd=CHECKOUT,
            env={**kept, "PRM_DATA_DIR": str(directory), "PYTHONUNBUFFERED": "1", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self.lines.append(line.rstrip("\n"))

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def wait_for(self, start: str, seconds: float = 60) -> str:
        """The first line that starts so."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for line in self.lines:
                if line.startswith(start):
                    return line
            if self.process.poll() is not None:
                time.sleep(0.2)
                if not any(line.startswith(start) for line in self.lines):
                    break
            time.sleep(0.02)
        pytest.fail(f"no line {start!r} in:\n{self.text}")

    def tree(self) -> list[int]:
        return descendants(self.process.pid)

    def command_lines(self) -> list[str]:
        return [Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ") for pid in alive(self.tree())]

    def kill_tree(self) -> None:
        """``kill -9`` of everything at once."""
        pids = self.tree()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        assert all_gone(pids)

    def terminate(self) -> int:
        """SIGTERM; its status, when no process is left."""
        pids = self.tree()
        self.process.terminate()
        status = self.process.wait(60)
        assert all_gone(pids), "processes were left behind"
        return status


@pytest.fixture
def instance():
    """Start an instance: ``instance(directory, "run", "--", …)``."""
    started: list[Instance] = []

    def start(directory: Path, *arguments: str, **environment: str) -> Instance:
        started.append(Instance(directory, *arguments, **environment))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.kill_tree()
