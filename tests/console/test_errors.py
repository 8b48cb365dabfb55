"""Every error has the one shape, also where no view of the API answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

import psycopg
import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import InterfaceError, InternalError, OperationalError
from django.http import HttpRequest
from django.test import Client
from django.urls import path
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.jobs.transitions import InvalidTransition, NotThere
from apps.tasks.graph import FieldError, GraphError
from apps.tasks.submit import IdempotencyConflict, QuotaExceeded
from apps.tenants.strict_json import StrictJsonError
from console_project.urls import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500"]

pytestmark = pytest.mark.urls(__name__)

raised: list[Exception] = []


class Raiser(APIView):
    authentication_classes = ()
    permission_classes = ()

    def get(self, request: Request) -> NoReturn:
        raise raised[0]


def plain(request: HttpRequest) -> NoReturn:
    raise raised[0]


urlpatterns = [
    path("api/raise", Raiser.as_view()),
    path("api/plain", plain),
    path("console/plain", plain),
]


@pytest.fixture(autouse=True)
def _clear() -> Iterator[None]:
    yield
    raised.clear()


def internal_error(cause: type[psycopg.Error]) -> InternalError:
    error = InternalError("secret")
    error.__cause__ = cause()
    return error


READ_ONLY = internal_error(psycopg.errors.ReadOnlySqlTransaction)
IDLE_TOO_LONG = internal_error(psycopg.errors.IdleInTransactionSessionTimeout)
OUR_FAULT = internal_error(psycopg.errors.InFailedSqlTransaction)


def answer_to(error: Exception, where: str = "/api/raise") -> Any:
    raised[:] = [error]
    return Client(raise_request_exception=False).get(where)


@pytest.mark.parametrize(
    ("error", "status", "expected"),
    [
        (InvalidTransition("It ended."), 409, ("invalid_transition", "It ended.", None)),
        (NotThere(), 404, ("not_found", "Not found.", None)),
        (IdempotencyConflict(), 422, ("idempotency_conflict", None, None)),
        (QuotaExceeded("max_active_jobs", 3), 429, ("throttled", None, None)),
        (GraphError([FieldError("tasks.3", "loop", "A.")]), 400, ("loop", "A.", "tasks.3")),
        (StrictJsonError("NaN.", "config"), 400, ("invalid", "NaN.", "config")),
        (StrictJsonError("NaN."), 400, ("invalid", "NaN.", "non_field_errors")),
        (DjangoValidationError({"name": "Bad."}), 400, ("invalid", "Bad.", "name")),
        (DjangoValidationError("Bad."), 400, ("invalid", "Bad.", "non_field_errors")),
        (ValidationError({"a": {"b": ["Bad."]}}), 400, ("invalid", "Bad.", "a.b")),
        (OperationalError("gone"), 503, ("unavailable", None, None)),
        (InterfaceError("gone"), 503, ("unavailable", None, None)),
        (READ_ONLY, 503, ("unavailable", None, None)),
        (IDLE_TOO_LONG, 503, ("unavailable", None, None)),
        (OUR_FAULT, 500, ("error", "Server Error (500)", None)),
        (PermissionDenied(), 403, ("permission_denied", None, None)),
        (ZeroDivisionError(), 500, ("error", "Server Error (500)", None)),
    ],
)  # fmt: skip
def test_an_exception_becomes_its_status(
    error: Exception, status: int, expected: tuple[str, str | None, str | None]
) -> None:
    answer = answer_to(error)
    (found,) = answer.json()["errors"]
    code, detail, attr = expected
    assert (answer.status_code, found["code"], found["attr"]) == (status, code, attr)
    assert detail is None or found["detail"] == detail


@pytest.mark.parametrize("error", [OperationalError("x"), QuotaExceeded("max_active_jobs", 3)])
def test_what_passes_says_when_to_come_again(error: Exception) -> None:
    assert int(answer_to(error)["Retry-After"]) > 0


def test_a_quota_is_named() -> None:
    assert "max_active_jobs" in answer_to(QuotaExceeded("max_active_jobs", 3)).content.decode()


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (PermissionDenied(), 403),
        (SuspiciousOperation(), 400),
        (ZeroDivisionError(), 500),
        (OperationalError("gone"), 503),
        (READ_ONLY, 503),
        (OUR_FAULT, 500),
    ],
)
def test_a_view_outside_of_drf_answers_in_the_same_shape(error: Exception, status: int) -> None:
    answer = answer_to(error, "/api/plain")
    assert answer.status_code == status
    assert set(answer.json()) == {"type", "errors"}


def test_a_browser_gets_a_page() -> None:
    answer = answer_to(ZeroDivisionError(), "/console/plain")
    assert answer.status_code == 500
    assert answer["Content-Type"].startswith("text/html")


def test_what_went_wrong_is_not_told() -> None:
    assert b"secret" not in answer_to(ValueError("secret")).content
    assert b"secret" not in answer_to(OperationalError("secret")).content


def test_a_method_that_is_not_there_is_405() -> None:
    answer = Client().post("/api/raise")
    assert (answer.status_code, answer.json()["type"]) == (405, "client_error")


def test_an_unknown_path_of_the_api_is_json() -> None:
    assert Client().get("/api/console/none").json()["errors"][0]["code"] == "not_found"
