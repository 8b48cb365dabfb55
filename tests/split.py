"""A console whose API is served by gunicorn beside daphne, as docs/deploy.md has it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import httpx

from tests.consoles import Client, ScaledConsole
from tests.servers import free_port
from tests.waiting import eventually


class SplitConsole(ScaledConsole):
    """Its tenants' clients ask gunicorn; daphne is at `url`."""

    def __init__(self, folder: Path, name: str, **more: Any) -> None:
        super().__init__(folder, name, **more)
        port = free_port()
        self.api = f"http://127.0.0.1:{port}"
        self.environment |= {"API_PORT": str(port), "CONSOLE_DB_POOL": "1", "WEB_CONCURRENCY": "1"}

    def start(self) -> None:
        super().start()
        self.start_api()

    def start_api(self) -> None:
        """Start it where it was stopped."""
        conf = "python:console_project.gunicorn_settings"
        argv = ("-m", "gunicorn", "-c", conf, "console_project.wsgi")
        self.spawn("api", sys.executable, *argv)
        eventually(self._serves, seconds=30)

    def tenant(self, slug: str, scopes: str = "jobs:read,jobs:write") -> Client:
        key = super().tenant(slug, scopes).key
        return self._stack.enter_context(Client(self.api, key))

    def start_worker(self, name: str, queues: str) -> None:
        """One more worker, on these queues."""
        celery = (sys.executable, "-m", "celery", "-A", "console_project", "worker")
        self.spawn(name, *celery, "-Q", queues, "-n", f"{name}@localhost")

    def _serves(self) -> bool:
        try:
            return httpx.get(f"{self.api}/api/console/healthz").status_code == 200
        except httpx.TransportError:
            return False
