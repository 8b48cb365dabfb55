"""`manage.py issue_worker_key NAME_PREFIX`: a realtime worker's key, alone on the last line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand

from apps.console.checks import TAG
from apps.console.management.arguments import duration, refusal, require_tables, words
from apps.tenants import audit, keys

if TYPE_CHECKING:
    from argparse import ArgumentParser

_ARGUMENTS = {"capacity": "--capacity", "hosts": "--hosts", "expires_in": "--expires-in"}


class Command(BaseCommand):
    help = "Issues a credential for realtime workers and shows it once."
    requires_system_checks = (TAG,)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name_prefix", help="their names start so; it ends in a hyphen")
        parser.add_argument(
            "--capacity", type=int, default=64, help="the most sessions one of them may offer"
        )
        parser.add_argument(
            "--hosts", type=words, default=[], help="hosts their endpoints may name; any if unset"
        )
        parser.add_argument(
            "--expires-in", type=duration, default=keys.LIFETIME, help="90d or 12h; a year if unset"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        require_tables()
        try:
            key, text = keys.issue_worker(
                options["name_prefix"],
                actor=audit.SYSTEM,
                capacity=options["capacity"],
                hosts=options["hosts"],
                expires_in=options["expires_in"],
            )
        except ValidationError as error:
            raise refusal(error, _ARGUMENTS) from error
        self.stderr.write(
            f"A key for realtime workers named {key.name_prefix}… until {key.expires_at:%Y-%m-%d}. "
            "It is shown this once. Send it as: Authorization: Token KEY"
        )
        self.stdout.write(text)
