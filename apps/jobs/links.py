"""Signed links to files, for services that have no key."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.core import signing

_SALT = "apps.jobs.links"
LIFETIME = timedelta(days=1)


def link_to(file_id: UUID) -> str:
    """An address under which whoever has it may read this file for a day."""
    token = signing.dumps(str(file_id), salt=_SALT)
    base = settings.CONSOLE_URL or f"http://127.0.0.1:{settings.CONSOLE_PORT}"
    return f"{base}/api/console/signed-files/{token}"


def file_of(token: str) -> UUID | None:
    """The file a token of ours stands for; `None` when it is not ours, or too old."""
    try:
        return UUID(signing.loads(token, salt=_SALT, max_age=LIFETIME))
    except signing.BadSignature:
        return None
