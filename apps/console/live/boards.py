"""Boards for those who poll: computed once for all who ask at about the same time, and only sent
to those who do not have it.
"""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from django.conf import settings
from django.utils.http import parse_etags
from rest_framework.response import Response

from apps.console.live.frames import dump
from apps.console.live.reading import board, fingerprint
from apps.tenants import hints

if TYPE_CHECKING:
    from rest_framework.request import Request

    from apps.tenants.models import Tenant

MOST_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class _Kept:
    """A body, when it was made, and after how many changes that this process knows of."""

    data: bytes
    told_apart: str
    at: float
    changes: int


_kept: dict[tuple[object, ...], _Kept] = {}
_locks: dict[tuple[object, ...], threading.Lock] = {}


def board_response(
    request: Request, kind: str, tenant: Tenant | None, *, realtime: bool = False
) -> Response:
    """The newest body of this board, or 304. At most `CONSOLE_BOARD_SECONDS` old, and never older
    than a change that was made through this process.
    """
    key = (kind, tenant.pk if tenant else None, realtime)
    if len(_kept) > MOST_KEPT:
        _kept.clear()
    with _locks.setdefault(key, threading.Lock()):
        kept = _kept.get(key)
        if kept is None or not _is_fresh(kept):
            changes, at = hints.PUBLISHER.changes, time.monotonic()
            _, data, told_apart = board(kind, tenant, realtime=realtime)
            kept = _kept[key] = _Kept(data, told_apart, at, changes)
    return _unless_known(request, kept.told_apart, orjson.Fragment(kept.data))


def polled(request: Request, body: Any) -> Response:
    """The body, or 304 where the client has one that differs by a few seconds' age at most."""
    return _unless_known(request, fingerprint(body), body)


def polled_exactly(request: Request, body: Any) -> Response:
    """The same for a body that is too large to be looked into: 304 where it is the very same."""
    data = dump(body)
    return _unless_known(request, hashlib.sha256(data).hexdigest()[:32], orjson.Fragment(data))


def _is_fresh(kept: _Kept) -> bool:
    young = time.monotonic() - kept.at < settings.CONSOLE_BOARD_SECONDS
    return young and kept.changes == hints.PUBLISHER.changes


def _unless_known(request: Request, told_apart: str, body: Any) -> Response:
    etag = f'W/"{told_apart}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        return Response(status=304, headers=headers)
    return Response(body, headers=headers)
