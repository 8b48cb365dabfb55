"""What the commands share: words into values, and a sentence for whoever comes too early."""

from __future__ import annotations

import argparse
import re
from datetime import timedelta
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.db import OperationalError, connection

from apps.tenants.keys import LONGEST_LIFETIME
from apps.tenants.models import Tenant

if TYPE_CHECKING:
    from collections.abc import Mapping

_DURATION = re.compile(r"([1-9][0-9]{0,5})([hd])")
_UNITS = {"h": "hours", "d": "days"}


def duration(text: str) -> timedelta:
    """`90d` or `12h`, at most ten years."""
    match = _DURATION.fullmatch(text)
    value = timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else None
    if value is None or value > LONGEST_LIFETIME:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no duration: write 90d or 12h, at most {LONGEST_LIFETIME.days}d"
        )
    return value


def words(text: str) -> list[str]:
    """`a,b` as a list, without blanks."""
    return [word.strip() for word in text.split(",") if word.strip()]


def require_tables() -> None:
    """Raises CommandError where the database is not there yet."""
    try:
        tables = connection.introspection.table_names()
    except OperationalError as error:
        raise CommandError(f"The database does not answer: {str(error).strip()}") from error
    if Tenant._meta.db_table not in tables:
        raise CommandError("The database is empty: start the console once first (make run).")


def tenant_called(slug: str) -> Tenant:
    """The tenant of this slug. Raises CommandError."""
    tenant = Tenant.objects.filter(slug=slug).first()
    if tenant is None:
        raise CommandError(f"slug: there is no tenant {slug!r}; create_tenant {slug} makes it.")
    return tenant


def refusal(error: ValidationError, names: Mapping[str, str]) -> CommandError:
    """What a model refused, under the name its argument has on the command line."""
    if not hasattr(error, "error_dict"):
        return CommandError(" ".join(error.messages))
    parts = [
        f"{names.get(field, field)}: {' '.join(messages)}"
        for field, messages in error.message_dict.items()
    ]
    return CommandError(" ".join(parts))
