"""The page's shell, login and logout, and the error pages: everything outside the API and admin."""

from __future__ import annotations

import hashlib
import sys
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import auth
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import NON_FIELD_ERRORS
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.cache import get_conditional_response
from django.utils.http import urlencode
from django.views.csrf import csrf_failure as html_csrf_failure
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
    require_safe,
)

from apps.console.api.errors import (
    NON_FIELD,
    NOT_FOUND,
    RETRY_AFTER_SECONDS,
    Problem,
    Unavailable,
    database_is_away,
    error_response,
)
from apps.console.shell import shell
from apps.tenants import audit, links
from apps.tenants.actors import staff_actor
from apps.tenants.models import User
from apps.tenants.strict_json import StrictJsonError, loads

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

THEMES = ("light", "dark")
_ONLY_JSON = Problem("unsupported_media_type", "Send application/json.")
_MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"


# The page ----------------------------------------------------------------------------------------


@require_safe
@ensure_csrf_cookie
def page(request: HttpRequest, path: str = "") -> HttpResponseBase:
    """The shell, for every deep link. It holds no data, so it needs no login."""
    found = shell()
    if found is None:
        return render(request, "console/not_built.html", status=503)
    theme = request.COOKIES.get("theme")
    boot = {
        "version": settings.VERSION,
        "demo": settings.EMBEDDED,
        "console_url": settings.CONSOLE_URL,
        "csrf_cookie": settings.CSRF_COOKIE_NAME,
    }
    context = {"shell": found, "boot": boot, "theme": theme if theme in THEMES else ""}
    response = render(request, "console/shell.html", context)
    response["Cache-Control"] = "no-cache"
    response["ETag"] = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    return get_conditional_response(request, etag=response["ETag"], response=response) or response


# Login -------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def login(request: HttpRequest) -> HttpResponseBase:
    """The page's login: the form is a route of the page, what it sends is JSON."""
    if request.method != "POST":
        return page(request)
    if request.content_type != "application/json":
        return error_response(415, _ONLY_JSON)
    form = AdminAuthenticationForm(request, data=_credentials(request))
    if not form.is_valid():
        return error_response(400, *_problems(form))
    user = form.get_user()
    assert isinstance(user, User)  # noqa: S101
    _open_session(request, user, by="password")
    return HttpResponse(status=204)


@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    """Ends the session. Without one there is nothing to do."""
    _close_session(request)
    return HttpResponse(status=204)


@require_GET
def login_link(request: HttpRequest, token: str) -> HttpResponse:
    """What `make login` prints: logs in once."""
    user = links.redeem(token)
    if user is None:
        return render(request, "console/link_spent.html", status=410)
    _open_session(request, user, by="link")
    return redirect(settings.LOGIN_REDIRECT_URL)


def admin_login(request: HttpRequest) -> HttpResponseRedirect:
    """One login for both faces: the admin's leads to the page's."""
    target = request.GET.get("next", "/admin/")
    return HttpResponseRedirect(f"{settings.LOGIN_URL}?{urlencode({'next': target})}")


@require_POST
def admin_logout(request: HttpRequest) -> HttpResponseRedirect:
    """The admin's own button."""
    _close_session(request)
    return HttpResponseRedirect(settings.LOGIN_URL)


def _open_session(request: HttpRequest, user: User, *, by: str) -> None:
    with transaction.atomic():
        auth.login(request, user, backend=_MODEL_BACKEND)
        audit.record(staff_actor(request, user), "login", user, after={"by": by})


def _close_session(request: HttpRequest) -> None:
    user = request.user
    with transaction.atomic():
        if isinstance(user, User):
            audit.record(staff_actor(request, user), "logout", user)
        auth.logout(request)


def _credentials(request: HttpRequest) -> dict[str, str]:
    """The strings of the JSON body. What is not there or no string, the form will miss."""
    try:
        data = loads(request.body, max_bytes=settings.CONSOLE_MAX_BODY_BYTES)
    except StrictJsonError:
        return {}
    fields = data if isinstance(data, dict) else {}
    return {name: value for name, value in fields.items() if isinstance(value, str)}


def _problems(form: AdminAuthenticationForm) -> list[Problem]:
    return [
        Problem(error["code"] or "invalid", error["message"], _attr(field))
        for field, errors in form.errors.get_json_data().items()
        for error in errors
    ]


def _attr(field: str) -> str:
    return NON_FIELD if field == NON_FIELD_ERRORS else field


# Errors ------------------------------------------------------------------------------------------


def locked_out(request: HttpRequest, *_: object) -> HttpResponse:
    """Too many wrong passwords for this name from this address."""
    wait = int(settings.AXES_COOLOFF_TIME.total_seconds())
    detail = f"The quota login_attempts ({settings.AXES_FAILURE_LIMIT}) is used up."
    return error_response(429, Problem("throttled", detail), retry_after=wait)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form of another site, or a page that is older than its session."""
    if _wants_json(request):
        return error_response(403, Problem("permission_denied", f"CSRF Failed: {reason}"))
    return html_csrf_failure(request, reason)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _error(request, 400, Problem("bad_request", "The server does not take this request."))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _error(request, 403, Problem("permission_denied", "You may not do this."))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _error(request, 404, NOT_FOUND)


def server_error(request: HttpRequest) -> HttpResponse:
    if database_is_away(sys.exc_info()[1]):
        problem = Problem(Unavailable.default_code, Unavailable.default_detail)
        response = _error(request, 503, problem)
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return response
    return _error(request, 500, Problem("error", "Server Error (500)"))


def _error(request: HttpRequest, status: int, problem: Problem) -> HttpResponse:
    if _wants_json(request):
        return error_response(status, problem)
    context = {"status": status, "detail": problem.detail}
    return render(request, "console/error.html", context, status=status)


def _wants_json(request: HttpRequest) -> bool:
    return request.path.startswith("/api/") or (
        request.path.startswith("/console/") and request.method == "POST"
    )
