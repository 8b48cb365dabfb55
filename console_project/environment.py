"""What the environment says, read once, with a sentence for every value that makes no sense."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()


def text(name: str, default: str = "") -> str:
    """The variable without surrounding blanks; empty counts as not set."""
    return str(env.str(name, default=default)).strip() or default


def integer(name: str, default: int, *, low: int, high: int) -> int:
    """A whole number within bounds."""
    value = text(name, str(default))
    try:
        number = int(value)
    except ValueError:
        number = low - 1
    if not low <= number <= high:
        message = f"{name} must be a whole number from {low} to {high}, not {value!r}."
        raise ImproperlyConfigured(message)
    return number


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """One of a few words."""
    value = text(name, default)
    if value not in allowed:
        message = f"{name} must be one of {', '.join(allowed)}, not {value!r}."
        raise ImproperlyConfigured(message)
    return value


def origin(name: str) -> str:
    """A public address `https://host[:port]` without a path; empty when not set."""
    value = text(name).rstrip("/")
    if not value:
        return ""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query:
        message = f"{name} must look like https://console.example.org, not {value!r}."
        raise ImproperlyConfigured(message)
    return value


def data_folder(name: str, default: Path) -> Path:
    """A folder only this user can read; made when missing."""
    folder = Path(text(name, str(default))).expanduser().absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        message = f"{name}: the folder {folder} cannot be made: {error.strerror}."
        raise ImproperlyConfigured(message) from error
    return folder


def kept_secret(folder: Path, name: str) -> str:
    """A random secret that stays the same between starts: `folder/name`, readable by us alone."""
    path = folder / name
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    value = secrets.token_urlsafe(48)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(value)
    return value
