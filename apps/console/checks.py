"""System checks: what the settings must say together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.checks import Error

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.apps import AppConfig
    from django.core.checks import CheckMessage

# What commands and workers ask for; all checks together load whatever answers HTTP.
TAG = "console"

_RANDOM = 'python -c "import secrets; print(secrets.token_urlsafe(48))"'
_REQUIRED = (
    ("E003", "CONSOLE_SECRET_KEY", f"One value for all machines: {_RANDOM}"),
    ("E004", "CONSOLE_KEY_PEPPER", f"One value for all machines, kept for good: {_RANDOM}"),
    ("E005", "CONSOLE_URL", "The public address, like https://console.example.org"),
    ("E006", "CONSOLE_FILES_URL", "Storage that every machine shares: a folder or s3://bucket"),
)


def check_mode(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Embedded needs nothing; scaled needs both services and what all machines must share."""
    return [] if settings.EMBEDDED else list(_missing())


def _missing() -> Iterator[Error]:
    if not (settings.DATABASE_URL and settings.REDIS_URL):
        given, lacking = ("DATABASE_URL", "REDIS_URL")[:: 1 if settings.DATABASE_URL else -1]
        hint = f"Set {lacking} too to run on several machines, or unset {given} to run embedded."
        yield Error(f"{given} is set without {lacking}.", hint=hint, id="console.E001")
        return
    for number, name, hint in _REQUIRED:
        if not _given(name):
            yield Error(f"{name} must be set when scaled.", hint=hint, id=f"console.{number}")


def _given(name: str) -> bool:
    if name == "CONSOLE_SECRET_KEY":
        return not settings.SECRET_KEY.startswith("unset:")
    return bool(getattr(settings, name))
