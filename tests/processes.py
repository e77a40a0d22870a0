"""The real processes of the background, to be killed without warning and started again."""

import os
import signal
import subprocess
import sys
import time

import pytest
from django.conf import settings

from prm import embedded
from prm.db import acting
from prm.events.models import Errand
from prm.services import Services

__all__ = ["broker", "outstanding", "processes", "wait_until"]


class Killable:
    """A process that can be killed without warning and started again."""

    def __init__(self, start):
        self.start = start
        self.process = start()

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()

    def kill_and_start(self):
        self.kill()
        self.process = self.start()


@pytest.fixture
def broker(tmp_path):
    services = Services(tmp_path / "broker")
    services.prepare()
    found = Killable(services.start_valkey)
    found.url = f"redis+socket://:{services.keys['valkey']}@{services.run / 'valkey.sock'}"
    yield found
    found.kill()


@pytest.fixture
def processes(broker, transactional_db, tmp_path):
    environment = {
        **os.environ,
        "PRM_BROKER_URL": broker.url,
        "PRM_VISIBILITY_TIMEOUT": "3",
        "PRM_DATABASE_NAME": settings.DATABASES["default"]["NAME"],
        "PRM_LOG_LEVEL": "ERROR",
    }

    def start(*command):
        log = open(tmp_path / "processes.log", "a")  # noqa: SIM115  (lives as long as the process)
        return Killable(
            lambda: subprocess.Popen(
                [sys.executable, *command],
                cwd=embedded.CHECKOUT,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        )

    relay = start("manage.py", "relay")
    worker = start(
        "-m",
        "celery",
        "-A",
        "prm",
        "worker",
        "-P",
        "solo",
        "-Q",
        "default,conflicts,mail,metrics,imports",
        "-l",
        "ERROR",
    )
    yield relay, worker
    relay.kill()
    worker.kill()


def outstanding() -> int:
    with acting("system"):
        return Errand.objects.count()


def wait_until(condition, seconds: float) -> bool:
    """Ask again and again, for at most this long."""
    end = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < end:
        time.sleep(0.05)
    return met
