"""Files of tenants: their bytes in the default storage, their rows, and who refers to them."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import unicodedata
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from uuid_utils.compat import uuid7

from apps.jobs.models import FilePart, StoredFile
from apps.tenants import audit
from apps.tenants.clock import database_now

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from apps.tenants.audit import Actor
    from apps.tenants.models import Tenant

    Source = BinaryIO | Iterable[bytes]

LONGEST_NAME_BYTES = 255
_CHUNK_BYTES = 1024 * 1024
_RESOLVED_AT_ONCE = 500
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
_BIDI_CONTROLS = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)


class FileTooLarge(Exception):
    """More bytes came than `limit`."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"It is larger than {limit:,} bytes.")
        self.limit = limit


@dataclass(frozen=True, slots=True)
class StoredBytes:
    """Bytes that lie in the storage."""

    path: str
    size_bytes: int
    sha256: str


# Bytes -------------------------------------------------------------------------------------------


def put(source: Source, tenant_id: UUID, *, at_most: int | None = None) -> StoredBytes:
    """Stream bytes into the storage; whatever goes wrong, nothing of them stays there.

    Raises FileTooLarge when more than `at_most` come.
    """
    reader = _Measured(source, at_most)
    path = _new_path(tenant_id)
    with ExitStack() as undo:
        undo.callback(default_storage.delete, path)
        default_storage.save(path, File(cast("BinaryIO", reader), name=path))
        _make_durable(path)
        undo.pop_all()
    return StoredBytes(path, reader.size_bytes, reader.sha256)


def local_path(path: str) -> Path | None:
    """Where the bytes lie on this machine, if the storage is a folder."""
    try:
        return Path(default_storage.path(path))
    except NotImplementedError:
        return None


def fetch(path: str, target: Path) -> None:
    """Copy the bytes to a local file."""
    with default_storage.open(path, "rb") as source, target.open("wb") as copy:
        shutil.copyfileobj(source, copy, _CHUNK_BYTES)


def _new_path(tenant_id: UUID) -> str:
    name = uuid7().hex
    return f"{tenant_id}/{name[-2:]}/{name}"


def _make_durable(path: str) -> None:
    local = local_path(path)
    if local is None:
        return
    for place in (local, local.parent):
        handle = os.open(place, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class _Measured(io.RawIOBase):
    """Reads a source through, counts and hashes what passes."""

    def __init__(self, source: Source, at_most: int | None) -> None:
        self._chunks = _chunks(source)
        self._rest = b""
        self._at_most = at_most
        self._hash = hashlib.sha256()
        self.size_bytes = 0

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; fewer mean the end only when there are none."""
        if size < 0:
            return b"".join(iter(lambda: self.read(_CHUNK_BYTES), b""))
        data = self._rest or next(self._chunks, b"")
        data, self._rest = data[:size], data[size:]
        self.size_bytes += len(data)
        self._hash.update(data)
        if self._at_most is not None and self.size_bytes > self._at_most:
            raise FileTooLarge(self._at_most)
        return data


def _chunks(source: Source) -> Iterator[bytes]:
    if hasattr(source, "read"):
        return iter(lambda: source.read(_CHUNK_BYTES), b"")
    return (chunk for chunk in source if chunk)


# Rows --------------------------------------------------------------------------------------------


def create(
    tenant: Tenant, name: str, source: Source, actor: Actor, *, at_most: int | None = None
) -> StoredFile:
    """Store a whole file. Raises ValidationError (name), FileTooLarge."""
    name = safe_name(name)
    stored = put(source, tenant.id, at_most=at_most)
    with ExitStack() as undo:
        undo.callback(default_storage.delete, stored.path)
        with transaction.atomic():
            now = database_now()
            file = StoredFile.objects.create(
                tenant=tenant,
                name=name,
                path=stored.path,
                size_bytes=stored.size_bytes,
                sha256=stored.sha256,
                created_at=now,
                completed_at=now,
            )
            after = {"name": name, "size_bytes": stored.size_bytes}
            audit.record(actor, "create", file, tenant=tenant, after=after)
        undo.pop_all()
    return file


def remove(file: StoredFile, actor: Actor) -> None:
    """Delete a file: the row now, its bytes once that is certain."""
    with transaction.atomic():
        paths = [file.path, *FilePart.objects.filter(file=file).values_list("path", flat=True)]
        before = {"name": file.name, "size_bytes": file.size_bytes}
        audit.record(actor, "delete", file, tenant=file.tenant_id, before=before)
        file.delete()
        transaction.on_commit(lambda: delete_bytes(paths))


def delete_bytes(paths: Iterable[str]) -> None:
    """Delete what lies at these paths; what is gone already is fine."""
    for path in paths:
        if path:
            default_storage.delete(path)


def safe_name(name: str) -> str:
    """The name, if any system may show it and store it. Raises ValidationError for `name`."""
    if not name.strip() or not name.strip("."):
        raise _name_error("A file needs a name.")
    if len(name.encode("utf-8", "surrogatepass")) > LONGEST_NAME_BYTES:
        raise _name_error(f"The name is longer than {LONGEST_NAME_BYTES} bytes.")
    if "/" in name or "\\" in name:
        raise _name_error("The name may not hold a slash or a backslash.")
    if any(char in _BIDI_CONTROLS or _is_refused(char) for char in name):
        raise _name_error("The name may not hold control characters.")
    return name


def _is_refused(char: str) -> bool:
    return unicodedata.category(char) in _REFUSED_CATEGORIES


def _name_error(message: str) -> ValidationError:
    return ValidationError({"name": ValidationError(message, code="invalid")})


# References --------------------------------------------------------------------------------------


def references(value: object) -> set[UUID]:
    """The ids of every `{"file": id}` in a JSON value. Raises ValidationError for a bad one."""
    found: set[UUID] = set()
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            if len(item) == 1 and isinstance(name := item.get("file"), str):
                found.add(_file_id(name))
            else:
                waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
    return found


def resolve(tenant_id: UUID, ids: Iterable[UUID]) -> dict[UUID, StoredFile]:
    """The tenant's complete files of these ids. Raises ValidationError when one is not there."""
    wanted = sorted(set(ids))
    found: dict[UUID, StoredFile] = {}
    for start in range(0, len(wanted), _RESOLVED_AT_ONCE):
        files = StoredFile.objects.filter(
            tenant_id=tenant_id, id__in=wanted[start : start + _RESOLVED_AT_ONCE]
        ).exclude(completed_at=None)
        found |= {file.id: file for file in files}
    for file_id in wanted:
        if file_id not in found:
            raise _unknown_file(str(file_id))
    return found


def _file_id(text: str) -> UUID:
    try:
        file_id = UUID(text)
    except ValueError:
        raise _unknown_file(text) from None
    if str(file_id) != text.lower():
        raise _unknown_file(text)
    return file_id


def _unknown_file(name: str) -> ValidationError:
    return ValidationError(f"There is no file {name[:60]!r}.", code="unknown_file")
