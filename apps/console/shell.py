"""The page's shell: what Vite's manifest says, as the tags of one HTML document."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings

PUBLIC_PATH = "/static/console/"


@dataclass(frozen=True, slots=True)
class Shell:
    """The addresses the shell loads. The files keep the hashed names that Vite gave them."""

    script: str
    styles: tuple[str, ...]
    preloads: tuple[str, ...]


def shell() -> Shell | None:
    """What the built page loads; None as long as it is not built."""
    manifest = Path(settings.FRONTEND_DIST) / ".vite" / "manifest.json"
    try:
        return _read(manifest, manifest.stat().st_mtime_ns)
    except FileNotFoundError:
        return None


@lru_cache(maxsize=2)
def _read(manifest: Path, _changed: int) -> Shell:
    chunks: dict[str, dict[str, Any]] = orjson.loads(manifest.read_bytes())
    name = next(name for name, chunk in chunks.items() if chunk.get("isEntry"))
    loaded = _with_imports(chunks, name)
    styles = dict.fromkeys(sheet for chunk in loaded for sheet in chunk.get("css", ()))
    return Shell(
        script=PUBLIC_PATH + chunks[name]["file"],
        styles=tuple(PUBLIC_PATH + sheet for sheet in styles),
        preloads=tuple(PUBLIC_PATH + chunk["file"] for chunk in loaded[1:]),
    )


def _with_imports(chunks: dict[str, dict[str, Any]], entry: str) -> list[dict[str, Any]]:
    """The entry and all that it imports at once, each chunk one time."""
    names = [entry]
    for name in names:
        imports = chunks[name].get("imports", ())
        names.extend(found for found in imports if found not in names)
    return [chunks[name] for name in names]
