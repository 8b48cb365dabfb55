"""The statuses of workers and sessions: every pair of moves, and every mix of facts."""

from __future__ import annotations

from itertools import product

import pytest

from apps.tenants.clock import database_now
from apps.workers import sessions
from apps.workers.models import Session
from apps.workers.standing import hold, shown_status
from apps.workers.status import OPEN, SESSION_MOVES, SessionStatus, WorkerStatus, status_of
from tests.realtime.scene import Machine, fate, miscounted, take

S = SessionStatus
LEGAL = {
    (S.OFFERED, S.ACTIVE), (S.OFFERED, S.ENDED), (S.OFFERED, S.EXPIRED), (S.OFFERED, S.LOST),
    (S.ACTIVE, S.ENDED), (S.ACTIVE, S.EXPIRED), (S.ACTIVE, S.LOST),
}  # fmt: skip
PAIRS = list(product(SessionStatus, SessionStatus))


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_a_session_moves_as_the_table_says(before: S, after: S) -> None:
    assert (before in SESSION_MOVES[after]) is ((before, after) in LEGAL)


@pytest.mark.django_db
@pytest.mark.parametrize(("before", "after"), [pair for pair in PAIRS if pair[1] not in OPEN])
def test_only_an_open_session_is_closed(before: S, after: S) -> None:
    machine = Machine()
    session = take()
    Session.objects.update(status=before)
    closed = sessions.close_all(hold(machine.row.pk), after, "why")
    assert closed == ((before, after) in LEGAL)
    assert fate(session) == ((after, "why") if closed else (before, ""))


@pytest.mark.django_db
def test_a_stale_copy_frees_nothing() -> None:
    machine = Machine()
    session, _ = take(), take()
    mine = Session.objects.filter(id=session.pk)
    closed = [sessions.close(hold(machine.row.pk), mine, S.ENDED, "x") for _ in range(2)]
    assert (closed, machine.row.active, miscounted()) == ([1, 0], 1, [])


FACTS = [
    ({"gone": True, "drained": True, "said": "unhealthy", "full": True}, "offline"),
    ({"drained": True, "said": "unhealthy", "full": True}, "draining"),
    ({"said": "draining", "full": True}, "draining"),
    ({"said": "unhealthy", "full": True}, "unhealthy"),
    ({"said": "ready", "full": True}, "busy"),
    ({"said": "busy"}, "busy"),
    ({"said": "ready"}, "ready"),
    ({}, "ready"),
]


@pytest.mark.parametrize(("facts", "status"), FACTS)
def test_a_worker_is_what_its_facts_say(facts: dict[str, object], status: str) -> None:
    known: dict[str, object] = {"gone": False, "drained": False, "said": "", "full": False}
    assert status_of(**(known | facts)) == status  # type: ignore[arg-type]


@pytest.mark.django_db
def test_a_silent_worker_is_shown_offline_before_any_sweep() -> None:
    machine = Machine()
    machine.falls_silent()
    assert machine.row.status == WorkerStatus.READY
    assert shown_status(machine.row, database_now()) == WorkerStatus.OFFLINE
