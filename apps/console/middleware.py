"""What every request passes: body limits, the session's idle time, and headers of every answer."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING
from uuid import uuid4

from django.conf import settings
from django.contrib.auth import SESSION_KEY

from apps.console.api.errors import Problem, error_response
from apps.tenants.actors import request_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

SEEN_AT = "seen_at"
SEEN_EVERY_SECONDS = 15 * 60

TOO_LARGE = Problem("too_large", "The body is larger than this path takes.")
_COMPRESSED = Problem("unsupported_media_type", "The API reads no compressed bodies.")
_NO_LENGTH = Problem("length_required", "Say how long the body is: send Content-Length.")
_PRIVATE = ("/api/", "/console")
_MOST_DIGITS = 18
_FILE_BODIES = re.compile(r"POST /api/console/files|PUT /api/console/files/[^/]+/parts/[^/]+")


def body_limit(method: str, path: str) -> int:
    """How many bytes a request to this path may carry."""
    is_file = _FILE_BODIES.fullmatch(f"{method} {path}")
    limit = settings.CONSOLE_MAX_FILE_BODY_BYTES if is_file else settings.CONSOLE_MAX_BODY_BYTES
    return int(limit)


class BodyLimitMiddleware:
    """Refuses a body by what its headers say, before anything reads it. As the outermost it also
    sees that no answer is without an id, and none of the console or its API in a cache unless the
    view says so.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._refusal(request) or self.get_response(request)
        if not response.has_header("X-Request-ID"):
            response["X-Request-ID"] = str(uuid4())
        if request.path.startswith(_PRIVATE):
            response.setdefault("Cache-Control", "no-store")
        return response

    def _refusal(self, request: HttpRequest) -> HttpResponse | None:
        length = request.META.get("CONTENT_LENGTH") or "0"
        limit = body_limit(request.method or "", request.path)
        if len(length) > _MOST_DIGITS or not length.isdecimal() or int(length) > limit:
            return error_response(413, TOO_LARGE)
        encoding = request.META.get("HTTP_CONTENT_ENCODING", "").strip().lower()
        if encoding not in {"", "identity"} and request.path.startswith("/api/"):
            return error_response(415, _COMPRESSED)
        if "HTTP_TRANSFER_ENCODING" in request.META and not request.META.get("CONTENT_LENGTH"):
            return error_response(411, _NO_LENGTH)
        return None


class IdleSessionMiddleware:
    """Lets a session end after so many hours without a request: one in use is saved anew, and so
    prolonged, every quarter of an hour.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        cookie = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        if cookie and "HTTP_AUTHORIZATION" not in request.META and SESSION_KEY in request.session:
            now = int(time.time())
            if now - request.session.get(SEEN_AT, 0) >= SEEN_EVERY_SECONDS:
                request.session[SEEN_AT] = now
        return self.get_response(request)


class ResponseHeadersMiddleware:
    """The id under which the request stands in the log, on its answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if bound := request_id():
            response["X-Request-ID"] = bound
        return response
