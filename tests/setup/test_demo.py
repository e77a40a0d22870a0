"""``make demo`` from its start to its end, with the real processes."""

import os
import socket
import subprocess
import sys
import urllib.request

import pytest

from tests.setup.conftest import CHECKOUT, alive

COUNT = """
from partners.models import Partner
from prm.db import acting
with acting("system"):
    print("partners:", Partner.objects.count())
"""


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def manage(directory, *arguments):
    """A command of another terminal, which finds the services through PRM_DATA_DIR."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PRM_", "DATABASE", "REDIS"))}
    environment = {**kept, "PRM_DATA_DIR": str(directory), "PRM_LOG_LEVEL": "ERROR"}
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.timeout(300)
def test_demo_keeps_its_data_through_kill_9_and_leaves_no_process(instance, tmp_path, port):
    settings = {"PORT": str(port), "PRM_DEMO_SIZE": "small"}
    one = instance(tmp_path, "demo", **settings)
    assert one.wait_for("Ready:", 240) == f"Ready: http://127.0.0.1:{port}"
    assert "manager@vendor.example" in one.text
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as page:
        assert page.status == 200
    programs = " ".join(one.command_lines())
    assert all(name in programs for name in ("postgres", "valkey-server", "gunicorn", "worker", "beat", "relay"))
    before = manage(tmp_path, "shell", "-v", "0", "-c", COUNT).stdout
    assert before.startswith("partners:")
    assert before != "partners: 0\n"
    one.kill_tree()

    again = instance(tmp_path, "demo", **settings)
    again.wait_for("Ready:", 120)
    assert "Bringing the database up to date" not in again.text
    assert "Loading the demo data" not in again.text
    assert manage(tmp_path, "shell", "-v", "0", "-c", COUNT).stdout == before
    pids = again.tree()
    assert again.terminate() == 0
    assert alive(pids) == []

    stopped = manage(tmp_path, "shell", "-v", "0", "-c", COUNT)
    assert stopped.returncode == 1
    assert "make demo" in stopped.stderr
    assert "Traceback" not in stopped.stderr
