"""Login links: one use, fifteen minutes, staff only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from apps.tenants import links
from apps.tenants.models import User
from tests.factories import make_staff

pytestmark = pytest.mark.django_db


def test_a_link_works_once() -> None:
    ada = make_staff()
    token = links.make(ada)
    assert links.redeem(token) == ada
    assert links.redeem(token) is None


def test_a_link_is_spent_even_after_a_login_in_the_same_second() -> None:
    ada = make_staff()
    now = timezone.now().replace(microsecond=1)
    User.objects.filter(pk=ada.pk).update(last_login=now)
    ada.refresh_from_db()
    token = links.make(ada)
    User.objects.filter(pk=ada.pk).update(last_login=now + timedelta(microseconds=1))
    assert links.redeem(token) is None


def test_of_two_at_once_one_gets_in(monkeypatch: pytest.MonkeyPatch) -> None:
    ada = make_staff()
    token = links.make(ada)
    check = links._TOKENS.check_token

    def lose_the_race(user: User, rest: str) -> bool:
        fine = check(user, rest)
        User.objects.filter(pk=user.pk).update(last_login=timezone.now())
        return fine

    monkeypatch.setattr(links._TOKENS, "check_token", lose_the_race)
    assert links.redeem(token) is None


def test_a_link_dies_after_fifteen_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    token = links.make(make_staff())
    later = datetime.now(UTC).replace(tzinfo=None) + timedelta(minutes=16, hours=14)
    monkeypatch.setattr(links._TOKENS, "_now", lambda: later)
    assert links.redeem(token) is None


@pytest.mark.parametrize("field", ["is_active", "is_staff"])
def test_only_active_staff_get_in(field: str) -> None:
    ada = make_staff()
    token = links.make(ada)
    User.objects.filter(pk=ada.pk).update(**{field: False})
    assert links.redeem(token) is None


@pytest.mark.parametrize("token", ["", "-", "x-y", "1-", "9" * 40 + "-a", "²-a", "1-\x00"])
def test_nonsense_is_no_link(token: str) -> None:
    assert links.redeem(token) is None
