"""`manage.py up`: the embedded console in one process."""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from apps.console import embedded, schema
from apps.console.management.commands.login_link import link_for
from apps.tasks.engines.registry import registry
from apps.tenants.models import User

if TYPE_CHECKING:
    from argparse import ArgumentParser

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Command(BaseCommand):
    """Runs until Ctrl-C or SIGTERM."""

    help = "Run the console, its worker and its clock in one process, on SQLite."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=settings.CONSOLE_PORT)

    def handle(self, *_: Any, **options: Any) -> None:
        host, port = options["host"], options["port"]
        if not settings.EMBEDDED:
            raise CommandError(
                "`up` is for the embedded console: DATABASE_URL or REDIS_URL is set."
            )
        if not 1 <= port <= 65535:
            raise CommandError(f"--port must be from 1 to 65535, not {port}.")
        _use_port(port)
        try:
            embedded.check_port(host, port)
            lock = embedded.take_lock(settings.CONSOLE_DATA_DIR)
            registry()
            password = embedded.prepare()
        except (embedded.StartError, schema.OtherSchema, ImproperlyConfigured) as error:
            raise CommandError(str(error)) from error
        healthy = self._serve(host, port, password)
        lock.close()
        sys.stdout.flush()
        # A long poll's thread would hold the interpreter back: everything is stored, so leave.
        os._exit(0 if healthy else 1)

    def _serve(self, host: str, port: int, password: str | None) -> bool:
        from apps.console.serving import make_server, run_until_signal
        from console_project.asgi import application

        threads = embedded.Threads()

        def greet() -> None:
            self.stdout.write(box)
            self.stdout.flush()

        server = make_server(host, port, application, ready=greet)
        if host not in LOOPBACK:
            self.stderr.write(f"Warning: {host} can be reached by others; use TLS in front of it.")
        box = _box(port, password)
        threads.start()
        run_until_signal(server)
        return threads.stop()


def _use_port(port: int) -> None:
    """Cookies are told apart by port; see `settings`."""
    settings.CONSOLE_PORT = port
    settings.SESSION_COOKIE_NAME = f"session_{port}"
    settings.CSRF_COOKIE_NAME = f"csrftoken_{port}"


def _box(port: int, password: str | None) -> str:
    base = settings.CONSOLE_URL or f"http://127.0.0.1:{port}"
    admin = User.objects.filter(is_superuser=True, is_active=True).order_by("id").first()
    manage = _manage()
    lines = [f"Yardmaster {settings.VERSION} is running at {base}/console/", ""]
    if admin is not None:
        lines += [f"Log in (once, 15 minutes):  {link_for(admin)}"]
        shown = password or "as set before; `make login` prints another link"
        lines += [f"User: {admin.username}   Password: {shown}", ""]
    lines += [
        "Make a tenant and a key, and run the built-in demonstration:",
        f"  {manage} create_tenant acme",
        f"  KEY=$({manage} issue_key acme --scopes jobs:read,jobs:write)",
        f"  curl -X POST {base}/api/console/jobs \\",
        '    -H "Authorization: Token $KEY" -H "Content-Type: application/json" \\',
        """    -d '{"name": "first tour", "pipeline": "tour"}'""",
        "",
        "Stop with Ctrl-C.",
    ]
    rule = "─" * 78
    return f"\n{rule}\n" + "\n".join(f" {line}".rstrip() for line in lines) + f"\n{rule}\n"


def _manage() -> str:
    """How to call manage.py on this data, ready to be copied."""
    folder = os.environ.get("CONSOLE_DATA_DIR")
    given = f"CONSOLE_DATA_DIR={shlex.quote(folder)} " if folder else ""
    command = [sys.executable, str(settings.BASE_DIR / "manage.py")]
    here = [os.path.relpath(part) for part in command]
    return given + shlex.join(min(pair, key=len) for pair in zip(command, here, strict=True))
