"""A client that stops in the middle of a transaction loses its session, and its locks with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from django.db import connection

from apps.tenants.frozen import end_frozen_sessions
from tests.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)

OLD = (
    "SELECT count(*) FROM pg_stat_activity WHERE pid = %s AND wait_event = 'ClientRead' "
    "AND state_change < clock_timestamp() - interval '0.3 s'"
)


@pytest.fixture
def other() -> Iterator[psycopg.Connection[Any]]:
    """Another process of the console. The server would end what is idle in it after 0.1 s."""
    connection.ensure_connection()
    settings = connection.get_connection_params()
    settings = {name: settings[name] for name in ("host", "port", "user", "dbname")}
    options = "-c idle_in_transaction_session_timeout=100ms -c application_name=yardmaster"
    with psycopg.connect(**settings, options=options, autocommit=True) as session:
        yield session
        session.close()


def waited(session: psycopg.Connection[Any]) -> bool:
    """Whether it has waited for its client for longer than the server would let it be idle."""
    with connection.cursor() as cursor:
        cursor.execute(OLD, [session.info.backend_pid])
        return bool(cursor.fetchone()[0])


@pytest.mark.service
def test_a_session_between_the_statements_of_a_pipeline_is_ended(
    other: psycopg.Connection[Any],
) -> None:
    ended = 0
    with suppress(psycopg.OperationalError), other.pipeline():
        other.execute("BEGIN")
        other.execute("SELECT 1").fetchone()
        eventually(lambda: waited(other))
        ended = end_frozen_sessions(0.2)
    assert ended == 1


@pytest.mark.service
def test_a_session_that_is_in_no_transaction_is_left_alone(
    other: psycopg.Connection[Any],
) -> None:
    other.execute("SELECT 1")
    eventually(lambda: waited(other))
    assert end_frozen_sessions(0.2) == 0


@pytest.mark.service
def test_a_session_that_spoke_just_now_is_left_alone(other: psycopg.Connection[Any]) -> None:
    with other.pipeline():
        other.execute("SELECT 1").fetchone()
        assert end_frozen_sessions(60) == 0


@pytest.mark.service
def test_an_operators_session_is_left_alone(other: psycopg.Connection[Any]) -> None:
    other.execute("SET application_name = 'psql'")
    with other.pipeline():
        other.execute("SELECT 1").fetchone()
        eventually(lambda: waited(other))
        assert end_frozen_sessions(0.2) == 0


def test_without_servers_there_is_nothing_to_end() -> None:
    if connection.vendor == "sqlite":
        assert end_frozen_sessions(0) == 0
