"""Quotas hold to the job, however many submit at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test import Client

from apps.console.api import throttle
from apps.jobs.models import Job
from apps.tasks import submit
from tests.console.answers import errors, post
from tests.factories import key_client, make_tenant
from tests.tasks.jobs import task

pytestmark = pytest.mark.django_db(transaction=True)

ASKING, ALLOWED = 100, 17


def submitted_at_once(client: Client) -> list[Any]:
    """The answers to a hundred submissions sent at the same moment."""
    together = Barrier(ASKING, timeout=60)

    def one(number: int) -> Any:
        try:
            together.wait()
            return post(client, "jobs", {"name": str(number), "tasks": [task("a")]})
        finally:
            connection.close()

    with ThreadPoolExecutor(ASKING) as pool:
        return list(pool.map(one, range(ASKING)))


def accepted(answers: list[Any]) -> int:
    return sum(answer.status_code == 201 for answer in answers)


@pytest.mark.parametrize("quota", ["max_active_jobs", "max_submits_per_minute"])
def test_exactly_as_many_are_accepted_as_may(quota: str) -> None:
    answers = submitted_at_once(key_client(make_tenant("acme", **{quota: ALLOWED})))
    assert accepted(answers) == Job.objects.count() == ALLOWED
    refused = [answer for answer in answers if answer.status_code != 201]
    assert {answer.status_code for answer in refused} == {429}
    assert all(quota in errors(answer)[0]["detail"] for answer in refused)
    assert all(int(answer["Retry-After"]) > 0 for answer in refused)


def test_each_tenant_has_quotas_of_its_own() -> None:
    quotas = {"max_active_jobs": ALLOWED, "max_submits_per_minute": ALLOWED}
    for slug in ("acme", "globex"):
        assert accepted(submitted_at_once(key_client(make_tenant(slug, **quotas)))) == ALLOWED


def test_without_the_count_of_submits_all_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle.COUNTER, "hit", lambda *_: None)
    client = key_client(make_tenant("acme", max_submits_per_minute=ALLOWED))
    assert accepted(submitted_at_once(client)) == ASKING


@pytest.mark.service
def test_without_the_tenants_lock_too_many_jobs_are_accepted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted, count = Barrier(2, timeout=20), QuerySet.count

    def count_together(rows: QuerySet[Any]) -> int:
        number = count(rows)
        counted.wait()
        return number

    monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, **_: rows.all())
    monkeypatch.setattr(QuerySet, "count", count_together)
    client = key_client(make_tenant("acme", max_active_jobs=1))

    def one(_: int) -> Any:
        try:
            return post(client, "jobs", {"name": "n", "tasks": [task("a")]})
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert accepted(list(pool.map(one, range(2)))) == 2


def test_without_the_check_too_many_jobs_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submit, "_check_quota", lambda _: None)
    client = key_client(make_tenant("acme", max_active_jobs=ALLOWED))
    assert accepted(submitted_at_once(client)) == ASKING
