"""What lies in the storage."""

from __future__ import annotations

import io
from pathlib import Path

from django.core.files import File
from django.core.files.storage import Storage, default_storage


def stored_paths() -> list[Path]:
    root = Path(default_storage.path(""))
    return [path for path in root.rglob("*") if path.is_file()]


def content_of(path: str) -> bytes:
    with default_storage.open(path) as file:
        content: bytes = file.read()
    return content


class RemoteStorage(Storage):
    """A storage that is no folder, as a bucket."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def _save(self, name: str, content: File) -> str:
        self.kept[name] = b"".join(content.chunks())
        return name

    def _open(self, name: str, mode: str = "rb") -> File:
        return File(io.BytesIO(self.kept[name]))

    def exists(self, name: str) -> bool:
        return name in self.kept
