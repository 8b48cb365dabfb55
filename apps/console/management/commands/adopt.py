"""`manage.py adopt FOLDER`: an embedded console's data into the new, empty PostgreSQL."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.console import adoption, schema
from apps.console.checks import TAG

if TYPE_CHECKING:
    from argparse import ArgumentParser

SHOWN = 5


class Command(BaseCommand):
    help = (
        "Takes tenants, keys, staff, pipelines, jobs and files of a stopped embedded console over "
        "into this console, whose database is migrated and empty. The embedded data stays as it is."
    )
    requires_system_checks = (TAG,)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="the embedded console's data folder")
        parser.add_argument(
            "--without-missing-files",
            action="store_true",
            help="go on where files that rows name are neither in the folder nor in the storage",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"].absolute()
        if settings.EMBEDDED:
            raise CommandError(
                "This is for the new console: set DATABASE_URL, REDIS_URL and what else it needs."
            )
        try:
            schema.require()
            with adoption.stopped_console(folder) as source:
                self._check_pepper(folder)
                self._bring_files(source, go_on=options["without_missing_files"])
                adoption.adopt(source, self.stdout.write)
            adoption.prove(os.environ.get("CONSOLE_OLD_KEY", ""))
        except (schema.OtherSchema, adoption.AdoptionError) as error:
            raise CommandError(str(error)) from error
        self._say_what_is_next(folder)

    def _check_pepper(self, folder: Path) -> None:
        """Digests are worth nothing under another pepper."""
        kept = folder / "key_pepper"
        if not kept.is_file():
            self.stderr.write(
                f"There is no {kept}: CONSOLE_KEY_PEPPER must be what the embedded console had set."
            )
        elif kept.read_text(encoding="ascii").strip() != settings.CONSOLE_KEY_PEPPER:
            raise CommandError(
                f"CONSOLE_KEY_PEPPER must be the content of {kept}, or every key would be dead. "
                "If the embedded console had it set to something else, set it to that and move "
                "the file away."
            )

    def _bring_files(self, source: adoption.Source, *, go_on: bool) -> None:
        found = adoption.copy_files(source)
        self.stdout.write(f"Files: {found.copied:,} copied, {found.there:,} were there.")
        if not found.missing:
            return
        shown = ", ".join(found.missing[:SHOWN])
        message = f"{len(found.missing):,} files are in no storage: {shown} …"
        if not go_on:
            raise CommandError(f"{message} With --without-missing-files they are left out.")
        self.stderr.write(message)

    def _say_what_is_next(self, folder: Path) -> None:
        self.stdout.write("Everything is here; a new tenant and key were made and taken back.")
        kept = folder / "secret_key"
        if not kept.is_file() or kept.read_text(encoding="ascii").strip() != settings.SECRET_KEY:
            self.stdout.write(
                "CONSOLE_SECRET_KEY is another one: login links and links to files end."
            )
        self.stdout.write(
            "Staff log in again. Start web, workers and beat. Do not start the embedded console "
            f"on {folder} again: it would run the same jobs."
        )
