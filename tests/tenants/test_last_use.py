"""When a key was used: noted without a query, written at most once a minute."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apps.tenants.last_use import LastUse
from apps.tenants.models import ApiKey
from tests.factories import issue_key

pytestmark = pytest.mark.django_db


def test_a_noted_use_is_written_by_the_flush() -> None:
    key, _ = issue_key()
    uses = LastUse()
    uses.note(key)
    uses.flush()
    key.refresh_from_db()
    assert key.last_used_at is not None


def test_noting_asks_the_database_nothing(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    key, _ = issue_key()
    with django_assert_num_queries(0):
        LastUse().note(key)


def test_a_use_within_the_same_minute_is_not_written() -> None:
    key, _ = issue_key()
    at = timezone.now() - timedelta(seconds=30)
    ApiKey.objects.filter(pk=key.pk).update(last_used_at=at)
    uses = LastUse()
    uses.note(key)
    uses.flush()
    key.refresh_from_db()
    assert key.last_used_at == at


def test_what_the_database_refused_is_written_the_next_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key, _ = issue_key()
    uses = LastUse()
    uses.note(key)
    with monkeypatch.context() as broken:
        broken.setattr(ApiKey.objects, "filter", _refuse)
        uses.flush()
    uses.flush()
    key.refresh_from_db()
    assert key.last_used_at is not None


def _refuse(*_: object, **__: object) -> None:
    raise DatabaseError


@pytest.mark.django_db(transaction=True)
def test_stopping_writes_what_is_left() -> None:
    key, _ = issue_key()
    uses = LastUse()
    uses.start()
    uses.note(key)
    uses.stop()
    key.refresh_from_db()
    assert key.last_used_at is not None
