"""What all scenarios of one run stand on: servers, and consoles' databases ready to be copied."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tests.consoles import ROOT
from tests.servers import PrivatePostgres, PrivateRedis

Db = Literal["sqlite", "pg"]

SECRETS = {"CONSOLE_SECRET_KEY": "s" * 60, "CONSOLE_KEY_PEPPER": "p" * 60}
SCOPES = "jobs:read,jobs:write"
TEMPLATE = "yard_template"


class Site:
    """Servers are started when first asked for; a context manager."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._copies = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @cached_property
    def folder(self) -> Path:
        return Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="yard-fault-")))

    @cached_property
    def postgres(self) -> PrivatePostgres:
        return self._stack.enter_context(PrivatePostgres())

    @cached_property
    def redis(self) -> PrivateRedis:
        return self._stack.enter_context(PrivateRedis())

    @cached_property
    def lite_template(self) -> tuple[Path, str]:
        """A data folder with a migrated database and acme in it, and acme's key."""
        folder = self.folder / "template"
        return folder, _prepare({"CONSOLE_DATA_DIR": str(folder)})

    @cached_property
    def pg_template(self) -> tuple[str, str]:
        """A migrated database with acme in it, and acme's key."""
        self._make(TEMPLATE)
        environment = {
            "CONSOLE_DATA_DIR": str(self.folder / "pg"),
            "CONSOLE_FILES_URL": str(self.folder / "files"),
            "DATABASE_URL": self.url_of(TEMPLATE),
            "REDIS_URL": "redis://127.0.0.1:1/0",
            "CONSOLE_URL": "http://127.0.0.1:1",
        }
        return TEMPLATE, _prepare(environment | SECRETS)

    def copy_lite(self, folder: Path) -> str:
        """Fill a data folder; acme's key."""
        source, key = self.lite_template
        shutil.copytree(source, folder)
        return key

    def copy_pg(self) -> tuple[str, str]:
        """The address of a new database, and acme's key."""
        template, key = self.pg_template
        self._copies += 1
        name = f"yard_{self._copies}"
        self._make(name, template)
        return self.url_of(name), key

    def url_of(self, name: str) -> str:
        return urlunsplit(urlsplit(self.postgres.url)._replace(path=f"/{name}"))

    def _make(self, name: str, template: str = "template1") -> None:
        with psycopg.connect(self.postgres.url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())


def plain_environment() -> dict[str, str]:
    """The environment without any console's settings."""
    ours = ("CONSOLE_", "DATABASE_URL", "REDIS_URL", "DJANGO_", "PORT", "YARD_", "FAULT_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def _prepare(environment: dict[str, str]) -> str:
    """Migrate, make acme; its key."""
    said = ""
    for words in (
        ("migrate", "--verbosity", "0"),
        ("create_tenant", "acme"),
        ("issue_key", "acme", "--scopes", SCOPES),
    ):
        said = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT, env=plain_environment() | environment, check=True, stdout=subprocess.PIPE,
            text=True,
        ).stdout  # fmt: skip
    return said.splitlines()[-1]
