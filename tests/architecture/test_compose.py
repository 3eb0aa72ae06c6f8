"""E-k: the production shape is a controlled file: it parses, and every command in it exists."""

import importlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
COMPOSE = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "gatekeeper"}


def arguments_after(command, option):
    return command[command.index(option) + 1]


def test_the_production_shape_is_complete():
    assert set(OURS) == {"web", "worker", "detector", "beat", "sealer", "migrate"}
    assert set(SERVICES) - set(OURS) == {"postgres", "valkey"}


@pytest.mark.parametrize("name", OURS)
def test_every_command_exists(name):
    program, *rest = OURS[name]["command"]
    assert (Path(sys.executable).parent / program).exists()
    if program == "python":
        assert (ROOT / rest[0]).exists()
        assert rest[1] in get_commands()
    elif program == "gunicorn":
        assert callable(importlib.import_module(rest[0]).application)
    else:
        assert program == "celery"
        assert importlib.import_module(f"{arguments_after(rest, '--app')}.celery").app.main == "gatekeeper"


@pytest.mark.parametrize("service", [name for name in SERVICES if name != "migrate"])
def test_every_lasting_service_has_a_health_check_and_starts_again(service):
    assert SERVICES[service]["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    assert SERVICES[service]["restart"] == "unless-stopped"


def test_every_queue_has_its_worker():
    served = {arguments_after(s["command"], "--queues") for s in OURS.values() if "--queues" in s["command"]}
    queues = {kind["queue"] for kind in settings.JOBS.values() if "queue" in kind}
    assert served == queues | {settings.CELERY_TASK_DEFAULT_QUEUE} == {"general", "detection"}


@pytest.mark.parametrize("name", OURS)
def test_our_processes_have_no_privileges(name):
    service = OURS[name]
    assert service["user"] not in {"0", "root"}
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True


def test_only_the_sealer_is_given_the_sealing_key_and_only_the_migration_the_owner():
    def holders(secret):
        return {name for name, service in OURS.items() if secret in service["secrets"]}

    assert holders("ledger_key") == holders("sealer_password") == {"sealer"}
    assert holders("owner_password") == {"migrate"}


@pytest.mark.parametrize("name", SERVICES)
def test_every_secret_and_volume_is_declared_and_every_mounted_file_exists(name):
    service = SERVICES[name]
    assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        assert (DOCKER / source).exists() if source.startswith(".") else source in COMPOSE["volumes"]
    for variable, value in service.get("environment", {}).items():
        if value.startswith("/run/secrets/"):
            assert value.removeprefix("/run/secrets/") in service["secrets"], variable


def test_the_secrets_script_writes_every_secret():
    script = (DOCKER / "make-secrets.sh").read_text(encoding="utf-8")
    for secret in COMPOSE["secrets"].values():
        assert Path(secret["file"]).name in script


@pytest.mark.parametrize("variable", sorted({name for service in OURS.values() for name in service["environment"]}))
def test_every_variable_is_read(variable):
    readers = (ROOT / "gatekeeper/settings.py").read_text() + (DOCKER / "entrypoint.sh").read_text()
    name = re.sub(r"^DATABASE_(OWNER_|SEALER_)?PASSWORD_FILE$", "PASSWORD_FILE", variable)
    assert name in readers or name.removesuffix("_FILE") in readers


def test_the_image_copies_only_what_exists_and_no_demonstration_wheels():
    dockerfile = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
    sources = [line.split()[1] for line in dockerfile.splitlines() if re.match(r"COPY (?!--)", line)]
    assert sources
    assert all((ROOT / source).exists() for source in sources)
    assert "requirements-demo" not in dockerfile
    assert dockerfile.index("USER 10001") < dockerfile.index("ENTRYPOINT")


@pytest.mark.parametrize("script", sorted(DOCKER.glob("*.sh")), ids=lambda script: script.name)
def test_every_script_is_executable_and_parses(script):
    assert os.access(script, os.X_OK)
    assert subprocess.run(["sh", "-n", script], check=False).returncode == 0


def test_the_entry_point_completes_the_address_with_the_password_of_its_file(tmp_path):
    (tmp_path / "password").write_text("s3cret\n")
    env = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": "postgresql://gk_app@postgres:5432/gatekeeper",
        "DATABASE_PASSWORD_FILE": str(tmp_path / "password"),
        "DATABASE_OWNER_URL": "postgresql://gk_owner@postgres:5432/gatekeeper",
    }
    printenv = [DOCKER / "entrypoint.sh", shutil.which("printenv"), "DATABASE_URL", "DATABASE_OWNER_URL"]
    shown = subprocess.run(printenv, env=env, capture_output=True, text=True, check=True).stdout
    assert shown.splitlines() == [
        "postgresql://gk_app:s3cret@postgres:5432/gatekeeper",
        "postgresql://gk_owner@postgres:5432/gatekeeper",
    ]
