"""What the settings must say together."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from apps.console.checks import check_mode

ROOT = Path(__file__).resolve().parents[2]

SCALED = {
    "EMBEDDED": False,
    "DATABASE_URL": "postgres://db/console",
    "REDIS_URL": "redis://redis",
    "SECRET_KEY": "x" * 50,
    "CONSOLE_KEY_PEPPER": "pepper",
    "CONSOLE_URL": "https://console.example.org",
    "CONSOLE_FILES_URL": "/srv/files",
}


def ids(settings: Any, **changes: object) -> list[str]:
    for name, value in {**SCALED, **changes}.items():
        setattr(settings, name, value)
    return [str(message.id) for message in check_mode(None)]


def test_embedded_needs_nothing(settings: Any) -> None:
    assert ids(settings, EMBEDDED=True, DATABASE_URL="", CONSOLE_URL="") == []


def test_a_whole_configuration_is_fine(settings: Any) -> None:
    assert ids(settings) == []


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL"])
def test_half_a_configuration_is_one_error(settings: Any, name: str) -> None:
    assert ids(settings, **{name: "", "CONSOLE_URL": ""}) == ["console.E001"]


@pytest.mark.parametrize(
    ("name", "value", "number"),
    [
        ("SECRET_KEY", "unset: see check console.E003", "E003"),
        ("CONSOLE_KEY_PEPPER", "", "E004"),
        ("CONSOLE_URL", "", "E005"),
        ("CONSOLE_FILES_URL", "", "E006"),
    ],
)
def test_what_a_scaled_console_lacks_is_named(
    settings: Any, name: str, value: str, number: str
) -> None:
    assert ids(settings, **{name: value}) == [f"console.{number}"]


@pytest.mark.parametrize("process", ["worker", "beat"])
def test_celerys_processes_say_what_they_lack_and_leave(tmp_path: Path, process: str) -> None:
    command = [sys.executable, "-m", "celery", "-A", "console_project", process]
    environment = scaled_environment(tmp_path) | {"CONSOLE_KEY_PEPPER": ""}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert "CONSOLE_KEY_PEPPER must be set when scaled." in done.stderr


def scaled_environment(tmp_path: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "CONSOLE_DATA_DIR": str(tmp_path),
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "CONSOLE_SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "CONSOLE_KEY_PEPPER": "pepper",
        "CONSOLE_URL": "https://console.example.org",
        "CONSOLE_FILES_URL": str(tmp_path / "files"),
        "CONSOLE_NUM_PROXIES": "1",
    }


def test_the_check_for_deployment_is_clean(tmp_path: Path) -> None:
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    done = subprocess.run(
        command, cwd=ROOT, env=scaled_environment(tmp_path), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
