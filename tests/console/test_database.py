"""How the console connects to PostgreSQL."""

from __future__ import annotations

import os
import re
import socket

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from console_project.database import postgresql

URL = "postgres://me:secret@db:5432/yard"


def test_a_dead_link_fails_within_a_third_of_the_lease() -> None:
    options = postgresql(URL, 30, pooled=False)["OPTIONS"]
    silent = (
        options["keepalives_idle"] + options["keepalives_interval"] * options["keepalives_count"]
    )
    assert silent <= 10
    assert options["tcp_user_timeout"] == 10_000
    assert options["connect_timeout"] <= 10


@pytest.mark.parametrize("lease", [2, 3, 10, 3600])
def test_any_lease_gives_times_that_make_sense(lease: int) -> None:
    options = postgresql(URL, lease, pooled=False)["OPTIONS"]
    numbers = [value for value in options.values() if isinstance(value, int)]
    assert min(numbers) >= 1
    assert options["connect_timeout"] <= 5


def test_what_the_address_says_wins() -> None:
    options = postgresql(f"{URL}?connect_timeout=9&sslmode=require", 30, pooled=False)["OPTIONS"]
    assert (str(options["connect_timeout"]), options["sslmode"]) == ("9", "require")


def test_sessions_keep_their_safeguards_beside_those_of_the_address() -> None:
    options = postgresql(f"{URL}?options=-c%20work_mem%3D8MB", 30, pooled=False)["OPTIONS"]
    assert "-c idle_in_transaction_session_timeout=10000ms" in options["options"]
    assert "-c lock_timeout=12000ms" in options["options"]
    assert options["options"].endswith("-c work_mem=8MB")


@pytest.mark.parametrize("lease", [2, 6, 30, 3600])
def test_a_worker_that_waits_for_a_lock_can_still_renew_its_lease(lease: int) -> None:
    """The last renewal may be a third of the lease ago."""
    options = postgresql(URL, lease, pooled=False)["OPTIONS"]["options"]
    (waits,) = re.findall(r"lock_timeout=(\d+)ms", options)
    assert lease / 3 + int(waits) / 1000 <= lease * 0.75


def test_no_connection_outlives_its_request() -> None:
    assert postgresql(URL, 30, pooled=False)["CONN_MAX_AGE"] == 0
    assert "pool" not in postgresql(URL, 30, pooled=False)["OPTIONS"]


def test_a_connection_from_the_pool_is_looked_at_first() -> None:
    database = postgresql(URL, 30, pooled=True)
    assert database["CONN_HEALTH_CHECKS"] is True
    assert database["OPTIONS"]["pool"]["timeout"] <= 5


def test_only_a_connection_that_lives_on_prepares_and_only_what_asks_for_it() -> None:
    assert "prepare_threshold" not in postgresql(URL, 30, pooled=False)["OPTIONS"]
    assert postgresql(URL, 30, pooled=True)["OPTIONS"]["prepare_threshold"] > 1_000_000


def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL must be postgres://"):
        postgresql("sqlite:///file", 30, pooled=False)


@pytest.mark.service
@pytest.mark.django_db
def test_the_link_is_watched_from_both_ends() -> None:
    connection.ensure_connection()
    link = socket.socket(fileno=os.dup(connection.connection.fileno()))
    with link, connection.cursor() as cursor:
        assert link.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 10_000
        assert link.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        cursor.execute("SELECT current_setting('tcp_user_timeout')")
        assert cursor.fetchone() == ("10000",)


@pytest.mark.service
@pytest.mark.django_db
@pytest.mark.parametrize("table", ["jobs_job", "tasks_task"])
def test_dead_rows_are_removed_long_before_a_fifth_is_dead(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT reloptions FROM pg_class WHERE relname = %s", [table])
        (options,) = cursor.fetchone()
    assert "autovacuum_vacuum_scale_factor=0.01" in options
