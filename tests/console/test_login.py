"""Login and logout of staff, by password and by link."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client

from apps.tenants import links
from apps.tenants.models import AuditEntry, User
from tests.factories import PASSWORD, make_staff, staff_client

pytestmark = pytest.mark.django_db

LOGIN = "/console/login"
JSON = "application/json"


def log_in(client: Client, password: str = PASSWORD) -> int:
    data = {"username": "ada", "password": password}
    return client.post(LOGIN, data, content_type=JSON).status_code


def test_staff_log_in() -> None:
    make_staff()
    client = Client()
    assert log_in(client) == 204
    assert client.session["_auth_user_id"] == str(User.objects.get().pk)


def test_a_login_is_recorded() -> None:
    ada = make_staff()
    log_in(Client())
    entry = AuditEntry.objects.get(action="login")
    assert (entry.actor, entry.user, entry.after) == ("user:ada", ada, {"by": "password"})
    assert entry.address == "127.0.0.1"
    assert entry.request_id


def test_the_session_key_changes_at_login() -> None:
    make_staff()
    client = Client()
    session = client.session
    session["kept"] = 1
    session.save()
    before = session.session_key
    log_in(client)
    assert client.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()


@pytest.mark.parametrize(
    "body",
    [
        '{"username": "ada", "password": "wrong"}',
        '{"username": "nobody", "password": "wrong"}',
        '{"username": "ada"}',
        '{"username": ["ada"], "password": 1}',
        '{"username": "a\\u0000", "password": "x"}',
        "[]",
        "{",
    ],
)
def test_bad_credentials_are_400_in_the_standard_shape(body: str) -> None:
    make_staff()
    answer = Client().post(LOGIN, body, content_type=JSON)
    assert answer.status_code == 400
    assert answer.json()["type"] == "validation_error"
    assert {"code", "detail", "attr"} == set(answer.json()["errors"][0])


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "text/plain"])
def test_a_login_that_is_no_json_is_415(kind: str) -> None:
    answer = Client().post(LOGIN, "x", content_type=kind)
    assert (answer.status_code, answer.json()["type"]) == (415, "client_error")


@pytest.mark.parametrize("field", ["is_staff", "is_active"])
def test_only_active_staff_log_in(field: str) -> None:
    make_staff()
    User.objects.update(**{field: False})
    assert log_in(Client()) == 400


def test_a_login_without_the_csrf_token_is_403_in_the_standard_shape() -> None:
    make_staff()
    answer = Client(enforce_csrf_checks=True).post(LOGIN, {}, content_type=JSON)
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["code"] == "permission_denied"


def test_the_page_gives_the_token_that_login_wants() -> None:
    make_staff()
    client = Client(enforce_csrf_checks=True)
    client.get(LOGIN)
    token = client.cookies[settings.CSRF_COOKIE_NAME].value
    data = {"username": "ada", "password": PASSWORD}
    answer = client.post(LOGIN, data, content_type=JSON, headers={"X-CSRFToken": token})
    assert answer.status_code == 204


def test_too_many_wrong_passwords_lock_the_name_out() -> None:
    make_staff()
    client = Client()
    statuses = [log_in(client, "wrong") for _ in range(settings.AXES_FAILURE_LIMIT)]
    answer = client.post(LOGIN, {"username": "ada", "password": PASSWORD}, content_type=JSON)
    assert (statuses[0], statuses[-1], answer.status_code) == (400, 429, 429)
    assert int(answer["Retry-After"]) == 300
    assert "login_attempts" in answer.json()["errors"][0]["detail"]


def test_a_locked_name_does_not_lock_another() -> None:
    make_staff()
    make_staff("grace")
    client = Client()
    for _ in range(settings.AXES_FAILURE_LIMIT):
        log_in(client, "wrong")
    data = {"username": "grace", "password": PASSWORD}
    assert client.post(LOGIN, data, content_type=JSON).status_code == 204


def test_logout_ends_the_session_and_is_recorded() -> None:
    client = staff_client()
    assert client.post("/console/logout").status_code == 204
    assert "_auth_user_id" not in client.session
    assert AuditEntry.objects.get(action="logout").actor == "user:ada"


def test_logout_without_a_session_does_nothing() -> None:
    assert Client().post("/console/logout").status_code == 204
    assert not AuditEntry.objects.exists()


def test_logout_by_get_is_refused() -> None:
    assert staff_client().get("/console/logout").status_code == 405


def test_a_link_logs_in_once() -> None:
    ada = make_staff()
    url = f"/console/link/{links.make(ada)}"
    client = Client()
    answer = client.get(url)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/console/")
    assert client.session["_auth_user_id"] == str(ada.pk)
    assert AuditEntry.objects.get(action="login").after == {"by": "link"}
    spent = Client().get(url)
    assert spent.status_code == 410
    assert b"make login" in spent.content


def test_a_look_at_the_link_does_not_spend_it() -> None:
    ada = make_staff()
    url = f"/console/link/{links.make(ada)}"
    assert Client().head(url).status_code == 405
    assert Client().get(url).status_code == 302


def test_the_admin_has_no_login_of_its_own() -> None:
    answer = Client().get("/admin/login/?next=/admin/tenants/tenant/")
    assert answer.headers["Location"] == "/console/login?next=%2Fadmin%2Ftenants%2Ftenant%2F"


def test_the_admins_logout_is_recorded() -> None:
    answer = staff_client().post("/admin/logout/")
    assert answer.headers["Location"] == LOGIN
    assert AuditEntry.objects.filter(action="logout").exists()
