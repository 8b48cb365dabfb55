"""Settings of the API server: `gunicorn -c python:console_project.gunicorn_settings
console_project.wsgi`.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType

bind = f"{os.environ.get('API_HOST', '127.0.0.1')}:{os.environ.get('API_PORT', '8001')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
# As many as a process has database connections at most.
threads = 20
worker_class = "gthread"
worker_connections = 1000
# Above the proxy's, so that it is never the one to find a kept connection closed.
keepalive = 90
graceful_timeout = 20
max_requests = 0
errorlog = "-"
loglevel = "warning"
control_socket_disable = True


def on_starting(server: Any) -> None:
    """Before any worker: leave with a sentence where the database is not of our age."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console_project.settings")
    os.environ.setdefault("CONSOLE_DB_POOL", "1")
    import django

    django.setup()
    from apps.console import schema

    try:
        schema.require()
    except schema.OtherSchema as error:
        sys.exit(str(error))


def post_worker_init(worker: Any) -> None:
    """Who waits for a job is answered at once when this process is told to leave."""
    from apps.console.waiting import STOPPING

    leave = signal.getsignal(signal.SIGTERM)

    def stop(number: int, frame: FrameType | None) -> None:
        STOPPING.set()
        if callable(leave):
            leave(number, frame)

    signal.signal(signal.SIGTERM, stop)


def worker_exit(server: Any, worker: Any) -> None:
    """What was noted of keys' use is written."""
    from apps.tenants.last_use import LAST_USE

    LAST_USE.stop()
