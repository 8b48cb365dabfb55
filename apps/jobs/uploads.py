"""Uploads in parts: for files larger than one request body may be."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import transaction

from apps.jobs.files import delete_bytes, put, safe_name
from apps.jobs.models import FilePart, StoredFile
from apps.tenants import audit
from apps.tenants.clock import database_now

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from apps.jobs.files import Source
    from apps.tenants.audit import Actor
    from apps.tenants.models import Tenant

PART_BYTES = 16 * 1024 * 1024
MOST_PARTS = 10_000
_CHUNK_BYTES = 1024 * 1024


class UploadEnded(Exception):
    """The file is complete: it takes no more parts."""


def begin(tenant: Tenant, name: str, size_bytes: int, actor: Actor) -> StoredFile:
    """Begin an upload in parts of `part_bytes` each. Raises ValidationError (name, size)."""
    name = safe_name(name)
    if not 0 < size_bytes <= PART_BYTES * MOST_PARTS:
        message = f"A file has from 1 to {PART_BYTES * MOST_PARTS:,} bytes."
        raise ValidationError({"size": ValidationError(message, code="out_of_range")})
    with transaction.atomic():
        file = StoredFile.objects.create(
            tenant=tenant,
            name=name,
            size_bytes=size_bytes,
            part_bytes=PART_BYTES,
            created_at=database_now(),
        )
        after = {"name": name, "size_bytes": size_bytes}
        audit.record(actor, "create", file, tenant=tenant, after=after)
    return file


def put_part(file: StoredFile, number: int, source: Source) -> FilePart:
    """Store one part; sent again, it replaces what was there.

    Raises ValidationError (a number or size that cannot be), FileTooLarge, UploadEnded.
    """
    size_bytes = _part_size(file, number)
    stored = put(source, file.tenant_id, at_most=size_bytes)
    with ExitStack() as undo:
        undo.callback(default_storage.delete, stored.path)
        if stored.size_bytes != size_bytes:
            message = f"Part {number} has {size_bytes:,} bytes, not {stored.size_bytes:,}."
            raise ValidationError({"number": ValidationError(message, code="wrong_size")})
        with transaction.atomic():
            _lock_open(file)
            old = list(file.parts.filter(number=number).values_list("path", flat=True))
            part, _ = FilePart.objects.update_or_create(
                file=file,
                number=number,
                defaults={"path": stored.path, "size_bytes": stored.size_bytes},
            )
            transaction.on_commit(lambda: delete_bytes(old))
        undo.pop_all()
    return part


def complete(file: StoredFile) -> StoredFile:
    """Join the parts; done twice it is done once. Raises ValidationError while one is missing."""
    if file.completed_at is not None:
        return file
    paths = _all_parts(file)
    stored = put(_joined(paths), file.tenant_id, at_most=file.size_bytes)
    with ExitStack() as undo:
        undo.callback(default_storage.delete, stored.path)
        with transaction.atomic():
            _lock_open(file)
            facts = {"path": stored.path, "sha256": stored.sha256, "completed_at": database_now()}
            StoredFile.objects.filter(id=file.id).update(**facts)
            file.parts.all().delete()
            transaction.on_commit(lambda: delete_bytes(paths))
        undo.pop_all()
    file.refresh_from_db()
    return file


def _part_size(file: StoredFile, number: int) -> int:
    if file.part_bytes is None or file.completed_at is not None:
        raise UploadEnded
    last = -(-file.size_bytes // file.part_bytes)
    if not 1 <= number <= last:
        message = f"This file has the parts 1 to {last}."
        raise ValidationError({"number": ValidationError(message, code="out_of_range")})
    return min(file.part_bytes, file.size_bytes - (number - 1) * file.part_bytes)


def _lock_open(file: StoredFile) -> None:
    rows = StoredFile.objects.select_for_update().filter(id=file.id, completed_at=None)
    if rows.first() is None:
        raise UploadEnded


def _all_parts(file: StoredFile) -> list[str]:
    if file.part_bytes is None:
        raise UploadEnded
    paths = dict(file.parts.order_by("number").values_list("number", "path"))
    for number in range(1, -(-file.size_bytes // file.part_bytes) + 1):
        if number not in paths:
            message = f"Part {number} is missing."
            raise ValidationError({"parts": ValidationError(message, code="missing_part")})
    return list(paths.values())


def _joined(paths: Sequence[str]) -> Iterator[bytes]:
    for path in paths:
        with default_storage.open(path, "rb") as part:
            yield from part.chunks(_CHUNK_BYTES)
