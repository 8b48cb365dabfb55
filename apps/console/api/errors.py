"""Every error in one shape: `{"type", "errors": [{"code", "detail", "attr"}]}`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import orjson
from django.core.exceptions import RequestDataTooBig
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpResponse, UnreadablePostError
from drf_standardized_errors.handler import ExceptionHandler
from rest_framework.exceptions import (
    APIException,
    AuthenticationFailed,
    ErrorDetail,
    NotAuthenticated,
    NotFound,
    ParseError,
    PermissionDenied,
    ValidationError,
)
from rest_framework.fields import get_error_detail

from apps.jobs.transitions import InvalidTransition, NotThere
from apps.tasks.graph import GraphError
from apps.tasks.submit import IdempotencyConflict, QuotaExceeded
from apps.tenants.strict_json import StrictJsonError
from apps.workers.heartbeats import NotItsName, Superseded
from apps.workers.router import KeyConflict, NoCapacity, SessionQuota
from apps.workers.sessions import SessionOver
from apps.workers.transitions import WorkerGone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from drf_standardized_errors.types import ExceptionHandlerContext
    from rest_framework.response import Response

NON_FIELD = "non_field_errors"
RETRY_AFTER_SECONDS = 5
_AWAY_STATES = frozenset({"25006", "25P03"})


class Conflict(APIException):
    """The object's status forbids this."""

    status_code = 409
    default_code = "invalid_transition"


class OtherBody(APIException):
    """An idempotency key was used before with another body."""

    status_code = 422
    default_code = "idempotency_conflict"
    default_detail = "This Idempotency-Key was used before, with another body."


class OverQuota(APIException):
    """A quota that frees up as jobs end: nobody knows when."""

    status_code = 429
    default_code = "throttled"
    wait = RETRY_AFTER_SECONDS


class NoRoom(APIException):
    """No realtime worker can take a session now; `wait` becomes `Retry-After`."""

    status_code = 503
    default_code = "no_capacity"

    def __init__(self, detail: str, wait: int) -> None:
        super().__init__(detail)
        self.wait = wait


class TooLarge(APIException):
    """The body is above its limit."""

    status_code = 413
    default_code = "too_large"
    default_detail = "The body is larger than this path takes."


class Unavailable(APIException):
    """The database does not answer; `wait` becomes `Retry-After`."""

    status_code = 503
    default_code = "unavailable"
    default_detail = "The database does not answer. Try again shortly."
    wait = RETRY_AFTER_SECONDS


def database_is_away(error: BaseException | None) -> bool:
    """Whether it does not answer, or answers that this server or session takes no writes now."""
    if isinstance(error, (OperationalError, InterfaceError)):
        return True
    state = getattr(error.__cause__, "sqlstate", None) if error is not None else None
    return isinstance(error, DatabaseError) and state in _AWAY_STATES


def _unauthenticated(error: APIException) -> APIException:
    """One body for every cause; the error keeps its `WWW-Authenticate`."""
    error.detail = ErrorDetail("Send a valid key, or log in.", code=NotAuthenticated.default_code)
    return error


def _graph(error: GraphError) -> APIException:
    details: dict[str, list[ErrorDetail]] = {}
    for item in error.errors:
        details.setdefault(item.attr, []).append(ErrorDetail(item.detail, code=item.code))
    return ValidationError(details)


def _strict_json(error: StrictJsonError) -> APIException:
    return ValidationError({error.attr or NON_FIELD: [ErrorDetail(error.detail, code="invalid")]})


def _model_validation(error: DjangoValidationError) -> APIException:
    detail = get_error_detail(error)
    return ValidationError(detail if isinstance(detail, dict) else {NON_FIELD: detail})


class ConsoleErrors(ExceptionHandler):
    """The library's handler, which also knows our own exceptions and an absent database."""

    known: ClassVar[Mapping[type[Exception], Callable[[Any], APIException]]] = {
        NotAuthenticated: _unauthenticated,
        AuthenticationFailed: _unauthenticated,
        InvalidTransition: lambda error: Conflict(str(error)),
        NotThere: lambda _: NotFound(),
        WorkerGone: lambda _: Conflict("The worker is offline: it takes no orders."),
        NoCapacity: lambda error: NoRoom(str(error), error.wait),
        SessionOver: lambda _: Conflict("The session has ended."),
        SessionQuota: lambda error: OverQuota(str(error)),
        KeyConflict: lambda _: OtherBody(),
        NotItsName: lambda error: PermissionDenied(str(error)),
        Superseded: lambda _: Conflict(
            "A newer boot of this worker has come: this one is to leave.", "superseded"
        ),
        IdempotencyConflict: lambda error: OtherBody(str(error) or None),
        QuotaExceeded: lambda error: OverQuota(str(error)),
        GraphError: _graph,
        StrictJsonError: _strict_json,
        DjangoValidationError: _model_validation,
        RequestDataTooBig: lambda _: TooLarge(),
        UnreadablePostError: lambda _: ParseError("The body ended early."),
    }

    def report_exception(self, exc: APIException, response: Response) -> None:
        """A full pool is an answer like any other, though its status is that of a failure."""
        if not isinstance(exc, NoRoom):
            super().report_exception(exc, response)

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        if database_is_away(exc):
            return Unavailable()
        for kind in type(exc).__mro__:
            if kind in self.known:
                return self.known[kind](exc)
        converted: Exception = super().convert_known_exceptions(exc)
        return converted


def exception_handler(exc: Exception, context: ExceptionHandlerContext) -> Response | None:
    """What DRF calls for every exception of a view."""
    response: Response | None = ConsoleErrors(exc, context).run()
    return response


@dataclass(frozen=True, slots=True)
class Problem:
    """One entry of `errors`."""

    code: str
    detail: str
    attr: str | None = None


def error_response(status: int, *problems: Problem, retry_after: int | None = None) -> HttpResponse:
    """The same shape for what answers outside of DRF: middleware, login, unknown paths."""
    body = error_body(status, *problems)
    response = HttpResponse(body, status=status, content_type="application/json")
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response


def error_body(status: int, *problems: Problem) -> bytes:
    """The JSON of an answer with this status."""
    kind = "server_error" if status >= 500 else "client_error"
    if status == 400:
        kind = "validation_error"
    return orjson.dumps({"type": kind, "errors": problems})


NOT_FOUND = Problem(NotFound.default_code, str(NotFound.default_detail))
"""What a path that leads nowhere answers: the bytes of a missing object."""
