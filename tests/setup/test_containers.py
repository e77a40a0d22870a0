"""The compose file and the image, read and checked without an engine."""

import re
import shlex
from pathlib import Path

import pytest
import yaml
from django.core.management import get_commands

from prm import embedded, services
from tests.setup.test_locks import requirements

CHECKOUT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
DOCKERFILE = (CHECKOUT / "Dockerfile").read_text().replace("\\\n", " ")
INSTRUCTIONS = [
    line.split(maxsplit=1) for line in DOCKERFILE.splitlines() if line and not line.lstrip().startswith("#")
]
OURS = sorted(set(SERVICES) - {"db", "redis"})


def last(instruction: str) -> str:
    return [text for name, text in INSTRUCTIONS if name == instruction][-1]


def command(service: str) -> list[str]:
    return SERVICES[service].get("command") or yaml.safe_load(last("CMD"))


def test_every_process_of_the_product_is_there():
    assert set(SERVICES) == {"db", "redis", "migrate", "web", "worker", "beat", "relay"}
    assert SERVICES["db"]["image"] == "postgres:18"
    assert "prm_app" in services.ROLES_SQL


@pytest.mark.parametrize("service", OURS)
def test_commands_exist_in_the_image(service):
    program, *arguments = command(service)
    if program == "python":
        assert arguments[0] == "manage.py"
        assert arguments[1] in get_commands()
    else:
        assert program in requirements(CHECKOUT / "requirements" / "runtime.txt")


def test_the_worker_serves_the_queues_of_the_demo():
    worker = command("worker")
    assert worker[worker.index("--queues") + 1] == embedded.QUEUES


def test_data_lives_in_volumes_and_the_product_waits_for_it():
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert used == set(COMPOSE["volumes"])
    for service in ("db", "redis"):
        assert SERVICES[service]["healthcheck"]["test"]
    assert SERVICES["migrate"]["depends_on"] == {"db": {"condition": "service_healthy"}}
    for service in set(OURS) - {"migrate"}:
        assert SERVICES[service]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_no_secret_is_written_down_and_missing_ones_stop_the_start():
    text = (CHECKOUT / "docker-compose.yml").read_text()
    for secret in ("SECRET_KEY", "POSTGRES_PASSWORD"):
        values = re.findall(rf"\$\{{{secret}[^}}]*\}}", text)
        assert values
        assert all(value.startswith(f"${{{secret}:?") for value in values)


def test_images_are_named_by_version():
    stages = {text.partition(" AS ")[2] for name, text in INSTRUCTIONS if name == "FROM"}
    images = [text.split(" AS ")[0] for name, text in INSTRUCTIONS if name == "FROM"]
    images += [service["image"] for service in SERVICES.values()]
    assert [image for image in images if image not in stages and not re.search(r":\d", image)] == []


def test_the_image_has_stages_and_runs_without_rights():
    assert sum(name == "FROM" for name, _ in INSTRUCTIONS) >= 2
    final = INSTRUCTIONS[max(i for i, (name, _) in enumerate(INSTRUCTIONS) if name == "FROM") :]
    users = [text for name, text in final if name == "USER"]
    assert users == ["prm"]
    names = [name for name, _ in final]
    assert names.index("USER") < names.index("CMD")
    assert "HEALTHCHECK" in names


def test_everything_copied_into_the_image_exists():
    for name, text in INSTRUCTIONS:
        if name == "COPY" and "--from" not in text:
            assert [path for path in shlex.split(text)[:-1] if not (CHECKOUT / path).exists()] == []


NOT_IN_A_CONTAINER = {
    "STATIC_ROOT", "PORT", "DATABASE_OWNER_URL", "PRM_DATA_DIR", "PRM_BROKER_URL", "PRM_DATABASE_NAME", "PRM_DEMO", "PRM_DEBUG", "PRM_TESTING",
}  # fmt: skip  # set by the image, of embedded services, or of tests and demo


def test_every_setting_of_an_installation_reaches_the_product():
    table = (CHECKOUT / "docs" / "operations.md").read_text().partition("## Environment")[2].partition("\n## ")[0]
    documented = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    assert documented - NOT_IN_A_CONTAINER == set(SERVICES["web"]["environment"])


def test_the_licence_is_the_one_the_package_names():
    assert 'license = { text = "Apache-2.0" }' in (CHECKOUT / "pyproject.toml").read_text()
    text = (CHECKOUT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
