"""`manage.py serve`: the web process of a scaled console. Workers and beat run on their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.console import schema

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    help = "Runs the web server until Ctrl-C or SIGTERM. CONSOLE_DB_POOL=1 pools its connections."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=settings.CONSOLE_PORT)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            schema.require()
        except schema.OtherSchema as error:
            raise CommandError(str(error)) from error
        from apps.console.serving import make_server, run_until_signal
        from console_project.asgi import application

        host, port = options["host"], options["port"]
        run_until_signal(make_server(host, port, application))
