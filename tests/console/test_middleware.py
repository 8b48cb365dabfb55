"""What every request passes: limits of bodies, the idle session, headers."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from apps.console.middleware import SEEN_AT, body_limit
from tests.factories import key_client, staff_client

JOBS = "/api/console/jobs"


@pytest.mark.parametrize(
    ("method", "path", "large"),
    [
        ("POST", "/api/console/files", True),
        ("PUT", "/api/console/files/1/parts/2", True),
        ("PUT", "/api/console/files", False),
        ("POST", "/api/console/files/1/complete", False),
        ("POST", "/api/console/jobs", False),
        ("POST", "/console/login", False),
    ],
)
def test_only_files_may_be_large(method: str, path: str, large: bool) -> None:
    limit = body_limit(method, path)
    assert limit == (64 * 1024 * 1024 if large else 2_500_000)


@pytest.mark.parametrize("length", ["2500001", "9" * 5000, "x", "-1"])
def test_a_body_above_its_limit_is_413_unread(length: str) -> None:
    answer = Client().post(JOBS, "", content_type="application/json", CONTENT_LENGTH=length)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (413, "too_large")
    assert answer["X-Request-ID"]


def test_a_compressed_body_is_415() -> None:
    answer = Client().post(
        JOBS, b"x", content_type="application/json", headers={"Content-Encoding": "gzip"}
    )
    assert answer.status_code == 415
    assert answer.json()["errors"][0]["code"] == "unsupported_media_type"


@pytest.mark.parametrize("path", ["/api/none", "/console/", "/console/link/x"])
def test_nothing_is_cached_that_does_not_say_so(path: str) -> None:
    answer = Client().get(path)
    assert answer["Cache-Control"] in {"no-store", "no-cache"}


def test_each_request_has_its_own_id() -> None:
    ids = {Client().get("/api/none")["X-Request-ID"] for _ in range(3)}
    assert len(ids) == 3


@pytest.mark.django_db
class TestIdleSession:
    def expiry(self, client: Client) -> Any:
        return Session.objects.get(session_key=client.session.session_key).expire_date

    def age(self, client: Client, minutes: int) -> None:
        session = client.session
        session[SEEN_AT] = int(time.time()) - minutes * 60
        session.save()
        later = timezone.now() + timedelta(hours=1)
        Session.objects.filter(session_key=session.session_key).update(expire_date=later)

    def test_a_session_in_use_is_prolonged(self) -> None:
        client = staff_client()
        self.age(client, 16)
        client.get("/console/")
        assert self.expiry(client) - timezone.now() > timedelta(hours=11)

    def test_it_is_not_saved_with_every_request(self) -> None:
        client = staff_client()
        self.age(client, 14)
        client.get("/console/")
        assert self.expiry(client) - timezone.now() < timedelta(hours=2)

    def test_an_idle_one_ends(self) -> None:
        client = staff_client()
        Session.objects.update(expire_date=timezone.now())
        assert client.get("/admin/").status_code == 302

    def test_a_request_with_a_key_does_not_touch_it(self) -> None:
        client = key_client()
        client.cookies[settings.SESSION_COOKIE_NAME] = str(staff_client().session.session_key)
        answer = client.get("/api/none")
        assert settings.SESSION_COOKIE_NAME not in answer.cookies
