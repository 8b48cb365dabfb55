"""`manage.py issue_key SLUG --scopes a,b`: a tenant's key, alone on the last line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand

from apps.console.checks import TAG
from apps.console.management.arguments import (
    duration,
    refusal,
    require_tables,
    tenant_called,
    words,
)
from apps.tenants import audit, keys

if TYPE_CHECKING:
    from argparse import ArgumentParser

_ARGUMENTS = {"scopes": "--scopes", "name": "--name", "expires_in": "--expires-in"}


class Command(BaseCommand):
    help = "Issues a key for a tenant and shows it once."
    requires_system_checks = (TAG,)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the tenant")
        parser.add_argument(
            "--scopes", type=words, required=True, help=f"some of {','.join(keys.SCOPES)}"
        )
        parser.add_argument("--name", default="key", help="what the key is for")
        parser.add_argument(
            "--expires-in", type=duration, default=keys.LIFETIME, help="90d or 12h; a year if unset"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        require_tables()
        tenant = tenant_called(options["slug"])
        try:
            key, text = keys.issue(
                tenant,
                name=options["name"],
                scopes=options["scopes"],
                actor=audit.SYSTEM,
                expires_in=options["expires_in"],
            )
        except ValidationError as error:
            raise refusal(error, _ARGUMENTS) from error
        self.stderr.write(
            f"A key for {tenant.slug} ({', '.join(key.scopes)}) until {key.expires_at:%Y-%m-%d}. "
            "It is shown this once. Send it as: Authorization: Token KEY"
        )
        self.stdout.write(text)
