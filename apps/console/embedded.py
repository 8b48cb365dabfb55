"""The embedded console: everything in one process. `manage.py up` runs it."""

from __future__ import annotations

import fcntl
import os
import secrets
import socket
import threading
from typing import IO, TYPE_CHECKING, Any

from celery.beat import Scheduler, Service
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from apps.console import schema
from apps.tasks.engines.registry import registry
from apps.tasks.sweep import take_over
from apps.tasks.worker import QUEUE_PREFIX, start_dispatcher
from apps.tenants.models import User
from console_project.broadcast import queue_of
from console_project.celery import app

if TYPE_CHECKING:
    from pathlib import Path

    from apps.tasks.engines.dispatcher import Dispatcher

GRACE_SECONDS = 3.0
STOP_SECONDS = 9.0
FIRST_ADMIN = "admin"


class StartError(Exception):
    """Why the console cannot start, in one sentence."""


def take_lock(folder: Path) -> IO[str]:
    """Hold this data folder; the lock goes with the process. Raises StartError."""
    file = (folder / "lock").open("a+", encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        message = f"Another console is running on {folder}: stop it, or set CONSOLE_DATA_DIR."
        raise StartError(message) from error
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def check_port(host: str, port: int) -> None:
    """Refuse a taken port before anything else is done. Raises StartError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            message = (
                f"Port {port} on {host} cannot be used ({error.strerror}): "
                "choose another with PORT=… or --port."
            )
            raise StartError(message) from error


def prepare() -> str | None:
    """Bring the database up to date, take over what a former life left, make the first admin.

    Returns the admin's password where it was made up now. Raises OtherSchema.
    """
    schema.refuse_newer(schema.applied_here())
    call_command("migrate", verbosity=0, interactive=False)
    take_over()
    return first_admin()


def first_admin() -> str | None:
    """Make the first superuser, unless there are users; returns a made-up password."""
    if User.objects.exists():
        return None
    given = os.environ.get("CONSOLE_ADMIN_PASSWORD", "")
    password = given or secrets.token_urlsafe(18)
    User.objects.create_superuser(FIRST_ADMIN, password=password)
    return None if given else password


class Threads:
    """The parts that live beside the web server: dispatcher, Celery worker, beat."""

    def __init__(self) -> None:
        self._dispatcher: Dispatcher
        self._dispatcher_thread: threading.Thread
        self._worker: Any = None
        self._beat: Any = None

    def start(self) -> None:
        """Start them."""
        engines = registry().engines
        self._dispatcher, self._dispatcher_thread = start_dispatcher(dict(engines), GRACE_SECONDS)
        broadcasts = queue_of("embedded")
        app.amqp.queues.add(broadcasts)
        queues = [settings.CELERY_TASK_DEFAULT_QUEUE, *(QUEUE_PREFIX + name for name in engines)]
        queues.append(broadcasts.name)
        self._worker = app.WorkController(
            app=app, pool_cls="threads", concurrency=2, queues=queues, hostname="embedded@localhost"
        )
        threading.Thread(target=self._worker.start, name="celery", daemon=True).start()
        self._beat = Service(app, max_interval=1, scheduler_cls=Scheduler)
        threading.Thread(target=self._beat.start, name="beat", daemon=True).start()

    def stop(self) -> bool:
        """Stop them within a few seconds; what runs finishes or goes back to ready.

        `False` when the dispatcher had died before.
        """
        healthy = self._dispatcher_thread.is_alive()
        self._dispatcher.stop()
        self._beat.stop()
        self._dispatcher_thread.join(STOP_SECONDS)
        self._worker.stop()
        connection.close()
        return healthy
