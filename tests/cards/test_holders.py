"""Whose the processes on a card are."""

from __future__ import annotations

import os
import subprocess

import pytest
from uuid_utils.compat import uuid7

from apps.workers.card_models import WorkerHosts
from apps.workers.cards.holders import Holder, Host, holders, hosts_on
from apps.workers.cards.processes import lineage
from apps.workers.cards.reading import Using
from apps.workers.models import Worker
from apps.workers.transitions import stop
from tests.console.test_api_pool import realtime_worker
from tests.tasks.jobs import make_worker

TASK, WORKER = uuid7(), uuid7()
HOST = Host(frozenset({50, 49}), WORKER, "whisper", (TASK, 2))


def whose(*line: int, hosts: tuple[Host, ...] = (HOST,)) -> Holder:
    (found,) = holders([Using(70, 5)], hosts, lambda _: line)
    return found


@pytest.mark.parametrize("line", [(70, 50, 1), (70, 49), (50,)])
def test_a_process_below_a_host_or_in_its_group_is_its_attempts(line: tuple[int, ...]) -> None:
    assert whose(*line) == Holder("attempt", 70, 5, WORKER, "whisper", (TASK, 2))


def test_a_host_that_is_kept_warm_holds_it_for_its_engine() -> None:
    warm = Host(frozenset({50}), WORKER, "whisper")
    assert whose(70, 50, hosts=(warm,)) == Holder("engine", 70, 5, WORKER, "whisper")


def test_a_realtime_worker_holds_what_its_children_use() -> None:
    assert whose(70, 50, hosts=(Host(frozenset({50}), WORKER),)).kind == "worker"


def test_a_process_of_nobody_we_know_is_foreign() -> None:
    assert whose(70, 1) == Holder("foreign", 70, 5)


def test_a_process_that_this_machine_does_not_show_is_hidden() -> None:
    assert whose() == Holder("hidden", 70, 5)


def test_an_attempt_that_is_over_leaves_its_memory_to_the_host() -> None:
    held = whose(70, 50).without_attempt()
    assert (held.kind, held.place, held.engine_id) == ("engine", None, "whisper")


# Ancestry by /proc -------------------------------------------------------------------------------


def test_the_line_of_a_process_holds_its_ancestors_and_their_groups(
    child: subprocess.Popen[bytes],
) -> None:
    line = lineage(child.pid)
    assert {child.pid, os.getpid(), os.getpgid(0)} <= line


def test_a_process_that_was_left_by_its_parent_is_found_by_its_group(
    child: subprocess.Popen[bytes],
) -> None:
    assert child.pid in lineage(_orphan(child.pid))


def _orphan(group: int) -> int:
    """A process of this group whose parent has gone."""
    said = subprocess.run(
        ["sh", "-c", "sleep 30 >/dev/null 2>&1 & echo $!"],
        capture_output=True, check=True, process_group=group,
    )  # fmt: skip
    return int(said.stdout)


def test_a_process_that_is_not_there_has_no_line() -> None:
    assert lineage(2**22 + 5) == frozenset()


# Who is there ------------------------------------------------------------------------------------


def publish(worker: Worker, task_id: str | None = str(TASK)) -> None:
    attempt = 1 if task_id else None
    said = {"pid": 50, "group": 49, "engine_id": "a", "task_id": task_id, "attempt": attempt}
    WorkerHosts.objects.create(worker=worker, hosts=[said])


@pytest.mark.django_db
def test_the_hosts_of_a_machine_are_those_its_workers_told_of() -> None:
    worker = make_worker()
    publish(worker)
    assert hosts_on("node") == [Host(frozenset({50, 49}), worker.pk, "a", (TASK, 1))]
    assert hosts_on("other") == []


@pytest.mark.django_db
def test_a_worker_that_has_left_holds_nothing() -> None:
    worker = make_worker()
    publish(worker, None)
    stop(worker.pk)
    assert hosts_on("node") == []


@pytest.mark.django_db
def test_realtime_workers_are_known_by_their_pid() -> None:
    worker = realtime_worker("a", pid=60)
    realtime_worker("b")
    assert hosts_on("n") == [Host(frozenset({60}), worker.pk)]
