"""The router: a session goes to the least loaded ready worker of its model, by one statement."""

from __future__ import annotations

import hashlib
import time
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypedDict

import orjson
from django.db import IntegrityError, connection, transaction
from uuid_utils.compat import uuid7

from apps.tenants import audit, hints, sql
from apps.tenants.clock import database_now
from apps.tenants.models import Tenant
from apps.workers.estimates import retry_after
from apps.workers.models import Session
from apps.workers.sessions import KEY_LIFE
from apps.workers.status import OPEN, WorkerStatus, status_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from apps.tenants.audit import Actor

CONNECT_SECONDS = 30
MOST_CANDIDATES = 50
MOST_ROUNDS = 20
"""A round that found a free worker taken by others is followed by another, so many times."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a tenant asks for."""

    model: str
    ttl_seconds: int
    metadata: dict[str, Any]


class Candidate(TypedDict):
    """A worker that was looked at. `verdict`: `chosen`, `busier`, `locked` by another request, or
    why it could not be: `full`, `draining`, `unhealthy`, `silent`.
    """

    worker_id: str
    worker: str
    active: int
    capacity: int
    verdict: str


class KeyConflict(Exception):
    """The idempotency key was used before, for something else."""


class SessionQuota(Exception):
    """The tenant has all the sessions it may have."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"The quota max_sessions of {limit} is used up.")


class NoCapacity(Exception):
    """No worker has room. `reason`: `no_worker`, `all_full`, `all_draining`, `all_unhealthy`."""

    def __init__(self, reason: str, model: str, wait: int) -> None:
        super().__init__(_WORDS[reason].format(model=model))
        self.reason = reason
        self.wait = wait


_WORDS = {
    "no_worker": "No worker that is there serves the model {model}.",
    "all_full": "All workers of the model {model} that take sessions are full.",
    "all_draining": "All workers of the model {model} are being drained.",
    "all_unhealthy": "All workers of the model {model} are unhealthy.",
}
_REASONS = (("full", "all_full"), ("draining", "all_draining"), ("unhealthy", "all_unhealthy"))
_VERDICTS = {
    WorkerStatus.OFFLINE: "silent",
    WorkerStatus.DRAINING: "draining",
    WorkerStatus.UNHEALTHY: "unhealthy",
    WorkerStatus.BUSY: "full",
}


def open_session(
    tenant: Tenant, wanted: Wanted, actor: Actor, idempotency_key: str | None = None
) -> tuple[Session, bool]:
    """Take a place for the tenant; `False` when the key was known.

    Raises NoCapacity, SessionQuota, KeyConflict: nothing is taken then.
    """
    text = orjson.dumps(asdict(wanted), option=orjson.OPT_SORT_KEYS)
    request_hash = hashlib.sha256(text).hexdigest()
    if idempotency_key and (known := _known(tenant, idempotency_key, request_hash)):
        return known, False
    try:
        return _open(tenant, wanted, actor, idempotency_key, request_hash), True
    except IntegrityError:
        known = _known(tenant, idempotency_key, request_hash) if idempotency_key else None
        if known is None:
            raise
        return known, False


def _open(
    tenant: Tenant, wanted: Wanted, actor: Actor, key: str | None, request_hash: str
) -> Session:
    """Each round is a transaction: the lock of a worker outlives the check that it fails, and who
    holds one must not wait for another. Raises NoCapacity, SessionQuota.
    """
    began = time.monotonic()
    for number in range(MOST_ROUNDS):
        with transaction.atomic():
            _check_quota(tenant)
            candidates, worker_id = _take(wanted.model, wait=number % 2 == 1)
            if worker_id is not None:
                placement = _placement(candidates, worker_id, number + 1, began)
                session = _session(tenant, wanted, worker_id, placement)
                session.created_by = actor.name
                session.idempotency_key, session.request_hash = key, request_hash if key else ""
                _store(session, actor)
                return session
        if number and all(candidate["verdict"] != "busier" for candidate in candidates):
            break
    reason = _reason({candidate["verdict"] for candidate in candidates})
    raise NoCapacity(reason, wanted.model, retry_after(wanted.model))


def _session(
    tenant: Tenant, wanted: Wanted, worker_id: UUID, placement: dict[str, object]
) -> Session:
    now = database_now()
    return Session(
        id=uuid7(),
        tenant=tenant,
        worker_id=worker_id,
        **asdict(wanted),
        created_at=now,
        connect_by=now + timedelta(seconds=CONNECT_SECONDS),
        expires_at=now + timedelta(seconds=wanted.ttl_seconds),
        placement=placement,
    )


def _store(session: Session, actor: Actor) -> None:
    session.save(force_insert=True)
    after = {"model": session.model, "worker_id": session.worker_id}
    audit.record(actor, "open", session, tenant=session.tenant, after=after)
    transaction.on_commit(hints.pool_changed)


def _check_quota(tenant: Tenant) -> None:
    """Counted under the tenant's lock, so that parallel requests cannot pass together."""
    if tenant.max_sessions is None:
        return
    Tenant.objects.select_for_update(no_key=True).get(id=tenant.pk)
    if Session.objects.of(tenant).filter(status__in=OPEN).count() >= tenant.max_sessions:
        raise SessionQuota(tenant.max_sessions)


def _known(tenant: Tenant, key: str, request_hash: str) -> Session | None:
    session = Session.objects.of(tenant).filter(idempotency_key=key).first()
    if session is None:
        return None
    if session.created_at < database_now() - KEY_LIFE:
        Session.objects.filter(id=session.pk).update(idempotency_key=None, request_hash="")
        return None
    if session.request_hash != request_hash:
        raise KeyConflict
    return session


# Taking a place ----------------------------------------------------------------------------------

_OF_MODEL = """
FROM workers_servedmodel m JOIN workers_worker w ON w.id = m.worker_id
  JOIN workers_node n ON n.name = w.node_id
WHERE m.model = %s
"""
_LEAST_LOADED = "1.0 * w.active / w.capacity, w.active, w.id"
_IS_READY = """
w.status = 'ready' AND w.lease_until > clock_timestamp() AND w.active < w.capacity
  AND w.drain_requested_at IS NULL AND n.drain_requested_at IS NULL
"""

_CANDIDATES = f"""
SELECT w.id, w.name, w.active, w.capacity, w.said, w.lease_until < clock_timestamp(),
  w.drain_requested_at IS NOT NULL OR n.drain_requested_at IS NOT NULL
{_OF_MODEL} AND w.status <> 'offline'
ORDER BY w.status <> 'ready', {_LEAST_LOADED} LIMIT {MOST_CANDIDATES}
"""

_FIRST = f"SELECT w.id {_OF_MODEL} AND {_IS_READY} ORDER BY {_LEAST_LOADED} LIMIT 1"

# Once more what `_IS_READY` says of the worker: it may have changed while its lock was waited for.
_TAKE = """
UPDATE workers_worker SET active = active + 1,
  status = CASE WHEN active + 1 < capacity THEN 'ready' ELSE 'busy' END
WHERE id {among} AND active < capacity AND status = 'ready' AND drain_requested_at IS NULL
RETURNING id
"""


def _statement(*, wait: bool) -> str:
    # A subquery in IN may be run again for each row under some plans, and then takes several.
    if connection.vendor == "postgresql":
        lock = "" if wait else "FOR NO KEY UPDATE OF w SKIP LOCKED"
        return _TAKE.format(among=f"= ANY(ARRAY({_FIRST} {lock}))")
    return _TAKE.format(among=f"IN ({_FIRST})")


def _take(model: str, *, wait: bool) -> tuple[list[Candidate], UUID | None]:
    """Count one more at the least loaded worker: of those that nobody else is at, or, where told
    to wait, of all. None where there is none, or others have just taken its place.
    """
    seen, taken = sql.batch((_CANDIDATES, (model,)), (_statement(wait=wait), (model,)))
    return [_candidate(row) for row in seen], sql.uuid_of(taken[0][0]) if taken else None


def _candidate(row: Sequence[Any]) -> Candidate:
    worker_id, name, active, capacity, said, silent, drained = row
    status = status_of(gone=bool(silent), drained=bool(drained), said=said, full=active >= capacity)
    return {
        "worker_id": str(sql.uuid_of(worker_id)),
        "worker": name,
        "active": active,
        "capacity": capacity,
        "verdict": _VERDICTS.get(status, "busier"),
    }


def _placement(
    candidates: list[Candidate], chosen: UUID, rounds: int, began: float
) -> dict[str, object]:
    """The trace: a free worker that stood before the chosen one was held by another request."""
    ids = [candidate["worker_id"] for candidate in candidates]
    place = ids.index(str(chosen)) if str(chosen) in ids else len(ids)
    for number, candidate in enumerate(candidates[: place + 1]):
        if number == place:
            candidate["verdict"] = "chosen"
        elif candidate["verdict"] == "busier":
            candidate["verdict"] = "locked"
    milliseconds = round((time.monotonic() - began) * 1000, 3)
    return {"candidates": candidates, "rounds": rounds, "milliseconds": milliseconds}


def _reason(verdicts: set[str]) -> str:
    """Room that others took faster than we could look again is room that is full."""
    if "busier" in verdicts:
        return "all_full"
    return next((reason for verdict, reason in _REASONS if verdict in verdicts), "no_worker")
