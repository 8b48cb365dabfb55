"""JSON out of the API, and JSON in."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
from django.conf import settings
from django.utils.functional import Promise
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

from apps.tenants import strict_json
from apps.tenants.clock import stamp

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import IO

    from apps.tenants.strict_json import JsonValue

_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME


class OrjsonRenderer(BaseRenderer):
    """JSON with every time as `2026-01-31T08:00:00.000000Z`."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """The bytes of `data`; none at all for None, as a 204 has no body."""
        return b"" if data is None else orjson.dumps(data, default=_plain, option=_OPTIONS)


def _plain(value: object) -> str:
    match value:
        case datetime():
            return stamp(value)
        case Promise():
            return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON.")


class StrictJSONParser(BaseParser):
    """`application/json` through the strict gate; nothing else is read."""

    media_type = "application/json"

    def parse(  # type: ignore[override]
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> JsonValue:
        """The value of the body. Raises StrictJsonError."""
        limit: int = settings.CONSOLE_MAX_BODY_BYTES
        return strict_json.loads(stream.read(limit + 1), max_bytes=limit)
