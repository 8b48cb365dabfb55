"""Alive, ready, metrics."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings

from apps.workers.models import Tick
from apps.workers.transitions import stop, take_tick
from tests.console.answers import body, get
from tests.tasks.jobs import make_job, make_worker

anyone = Client()


def test_alive_needs_nothing() -> None:
    assert body(get(anyone, "healthz")) == {"status": "alive"}


@pytest.mark.django_db
def test_ready_names_each_part_and_each_worker() -> None:
    take_tick("sweep", 5)
    make_worker("w2")
    make_worker("w1")
    answer = body(get(anyone, "readyz"))
    workers = answer.pop("workers")
    assert answer == {"ready": True, "database": True, "broker": True, "beat": True}
    assert [(row["name"], row["status"]) for row in workers] == [("w1", "ready"), ("w2", "ready")]


@pytest.mark.django_db
def test_without_a_worker_it_is_not_ready() -> None:
    take_tick("sweep", 5)
    stop(make_worker().id)
    answer = get(anyone, "readyz")
    assert (answer.status_code, answer.json()["workers"]) == (503, [])


@pytest.mark.django_db
def test_without_sweeps_it_is_not_ready() -> None:
    make_worker()
    take_tick("sweep", 5)
    Tick.objects.update(at="2026-01-01T00:00:00Z")
    answer = get(anyone, "readyz")
    assert (answer.status_code, answer.json()["beat"]) == (503, False)


@pytest.mark.django_db(transaction=True)
def test_without_a_database_it_is_not_ready_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    connection.close()
    with monkeypatch.context() as patched:
        patched.setitem(connection.settings_dict, "NAME", "/nowhere/console")
        answer = get(anyone, "readyz")
        connection.close()
    assert (answer.status_code, answer.json()["database"]) == (503, False)


def test_a_broker_that_is_away_is_seen(settings: Settings, db: None) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    answer = get(anyone, "readyz")
    assert (answer.status_code, answer.json()["broker"]) == (503, False)


@pytest.mark.django_db
def test_metrics_are_there_for_their_token_only(settings: Settings) -> None:
    assert get(anyone, "metrics").status_code == 404
    settings.CONSOLE_METRICS_TOKEN = "secret"
    assert get(anyone, "metrics").status_code == 401
    assert get(Client(headers={"Authorization": "Bearer wrong"}), "metrics").status_code == 401
    make_job()
    text = get(Client(headers={"Authorization": "Bearer secret"}), "metrics").text
    assert 'yardmaster_tasks_ready{engine="test.a"} 1.0' in text
    assert 'yardmaster_jobs_active{status="pending"} 1.0' in text
    assert "yardmaster_sweep_late 1.0" in text
