"""Draining workers and nodes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from apps.tenants.audit import Actor
from apps.tenants.models import AuditEntry
from apps.workers import transitions
from apps.workers.models import Node, Worker
from apps.workers.transitions import WorkerGone, is_draining
from tests.tasks.jobs import make_worker

pytestmark = pytest.mark.django_db

ADA = Actor("user:ada")


def status(worker: Worker) -> str:
    return Worker.objects.get(id=worker.id).status


def test_a_drained_worker_drains_and_says_who_wanted_it() -> None:
    worker = make_worker()
    transitions.drain(worker.id, ADA)
    worker.refresh_from_db()
    assert (worker.status, worker.drain_requested_by) == ("draining", "user:ada")
    assert worker.drain_requested_at is not None
    assert is_draining(worker.id)


def test_other_workers_of_the_node_go_on() -> None:
    worker, other = make_worker("w1"), make_worker("w2")
    transitions.drain(worker.id, ADA)
    assert (status(other), is_draining(other.id)) == ("ready", False)


def test_a_resumed_worker_takes_work_again() -> None:
    worker = make_worker()
    transitions.drain(worker.id, ADA)
    transitions.resume(worker.id, ADA)
    worker.refresh_from_db()
    assert (worker.status, worker.drain_requested_at, worker.drain_requested_by) == (
        "ready", None, "",
    )  # fmt: skip
    assert not is_draining(worker.id)


def test_a_drained_node_drains_its_workers_and_those_that_come() -> None:
    before = make_worker("w1")
    transitions.drain_node("node", ADA)
    after = make_worker("w2")
    assert (status(before), status(after)) == ("draining", "draining")
    assert is_draining(before.id)
    assert is_draining(after.id)


def test_a_resumed_node_resumes_all_but_those_drained_by_themselves() -> None:
    worker, other = make_worker("w1"), make_worker("w2")
    transitions.drain(other.id, ADA)
    transitions.drain_node("node", ADA)
    transitions.resume_node("node", ADA)
    assert (status(worker), status(other)) == ("ready", "draining")
    assert (is_draining(worker.id), is_draining(other.id)) == (False, True)


def test_a_worker_resumed_on_a_drained_node_goes_on_draining() -> None:
    worker = make_worker()
    transitions.drain_node("node", ADA)
    transitions.drain(worker.id, ADA)
    transitions.resume(worker.id, ADA)
    assert (status(worker), is_draining(worker.id)) == ("draining", True)


@pytest.mark.parametrize("verb", [transitions.drain, transitions.resume])
def test_an_offline_worker_takes_no_orders(verb: object) -> None:
    assert callable(verb)
    worker = make_worker()
    transitions.stop(worker.id)
    with pytest.raises(WorkerGone):
        verb(worker.id, ADA)


def test_a_drained_worker_can_still_stop() -> None:
    worker = make_worker()
    transitions.drain(worker.id, ADA)
    transitions.stop(worker.id)
    assert status(worker) == "offline"


def test_all_four_are_recorded_once_however_often_asked() -> None:
    worker = make_worker()
    for _ in range(2):
        transitions.drain(worker.id, ADA)
    for _ in range(2):
        transitions.resume(worker.id, ADA)
    for _ in range(2):
        transitions.drain_node("node", ADA)
    for _ in range(2):
        transitions.resume_node("node", ADA)
    entries = AuditEntry.objects.filter(actor="user:ada").order_by("id")
    assert [(entry.object_type, entry.action) for entry in entries] == [
        ("worker", "drain"), ("worker", "resume"), ("node", "drain"), ("node", "resume"),
    ]  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_no_worker_slips_in_while_its_node_is_being_drained() -> None:
    make_worker("first")

    def register() -> Worker:
        try:
            return make_worker("second")
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Node.objects.filter(name="node").update(drain_requested_at="2026-01-01T00:00:00Z")
            late = pool.submit(register)
        assert late.result().status == "draining"
