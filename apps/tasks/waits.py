"""What keeps ready tasks waiting: seen by the sweep, kept as spans, read back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from django.db.models.functions import Now

from apps.tasks.card_room import Wanted
from apps.tasks.card_wants import is_short, places, wanted_by
from apps.tasks.models import WaitSpan
from apps.tasks.pauses import ALL_ENGINES
from apps.tasks.status import WaitReason
from apps.tenants import sql
from apps.tenants.clock import database_now
from apps.workers.models import Tick, Worker
from apps.workers.status import ONLINE, WorkerKind, WorkerStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from uuid import UUID

OBSERVED = frozenset(WaitReason) - {WaitReason.ENGINE_PAUSED, WaitReason.TENANT_PAUSED}
"""What the sweep sees. Pauses are written by the verbs that begin and end them."""

LOOK = "waits"
"""The tick that says when the sweep last looked."""

UNSEEN = timedelta(seconds=60)
"""Every worker sweeps: when nobody has for so long, there was none."""

KEPT = timedelta(days=30)
CHUNK = 1000
MOST_SPANS = 500

# The walk skips from engine to engine over the index, so that its cost does not grow with what
# waits; what runs is bounded by the slots there are.
_WAITING = """
WITH RECURSIVE line(engine_id) AS (
  SELECT (SELECT engine_id FROM tasks_task WHERE status = 'ready' ORDER BY engine_id LIMIT 1)
  UNION ALL
  SELECT (SELECT t.engine_id FROM tasks_task t WHERE t.status = 'ready'
    AND t.engine_id > line.engine_id ORDER BY t.engine_id LIMIT 1)
  FROM line WHERE line.engine_id IS NOT NULL
), running(engine_id, number) AS (
  SELECT engine_id, count(*) FROM tasks_task WHERE status = 'running' GROUP BY engine_id
)
SELECT line.engine_id, coalesce(running.number, 0)
FROM line LEFT JOIN running ON running.engine_id = line.engine_id
WHERE line.engine_id IS NOT NULL
"""

# The limit keeps the database from reading all that waits to answer whether something does.
_WITH_QUOTA = """
SELECT n.id, n.max_running_tasks,
  (SELECT count(*) FROM tasks_task r WHERE r.tenant_id = n.id AND r.status = 'running')
FROM tenants_tenant n
WHERE n.active AND n.max_running_tasks IS NOT NULL AND (
  SELECT t.id FROM tasks_task t WHERE t.tenant_id = n.id AND t.status = 'ready'
    AND t.ready_at IS NOT NULL ORDER BY t.ready_at LIMIT 1) IS NOT NULL
"""

_SPANS = """
SELECT reason, began_at, ended_at FROM (
  SELECT reason, began_at, ended_at FROM tasks_waitspan
  WHERE engine_id = %s AND tenant_id IS NULL AND ended_at > %s ORDER BY ended_at LIMIT %s) e
UNION ALL SELECT reason, began_at, ended_at FROM (
  SELECT reason, began_at, ended_at FROM tasks_waitspan
  WHERE engine_id = '' AND tenant_id = %s::uuid AND ended_at > %s ORDER BY ended_at LIMIT %s) n
UNION ALL SELECT reason, began_at, ended_at FROM tasks_waitspan
  WHERE engine_id = %s AND tenant_id IS NULL AND ended_at IS NULL
UNION ALL SELECT reason, began_at, ended_at FROM tasks_waitspan
  WHERE engine_id = '' AND tenant_id = %s::uuid AND ended_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class Serving:
    """The workers of an engine that are there, and the slots of those that do not drain. `cards`:
    it reserves some.
    """

    workers: int = 0
    slots: int = 0
    cards: bool = False


class Cause(NamedTuple):
    """A reason to wait, and from when to when it held; without an end it still does."""

    reason: str
    began_at: datetime
    ended_at: datetime | None


class _Key(NamedTuple):
    engine_id: str
    tenant_id: UUID | None
    reason: WaitReason


def serving() -> dict[str, Serving]:
    """Each engine that some worker runs whose lease holds."""
    online = Worker.objects.filter(
        kind=WorkerKind.BATCH, status__in=ONLINE, lease_until__gte=Now()
    ).order_by()
    found: dict[str, Serving] = {}
    for status, engines in online.values_list("status", "engines"):
        for engine_id, served in engines.items():
            slots = 0 if status == WorkerStatus.DRAINING else served.get("slots", 1)
            before = found.get(engine_id, Serving())
            cards = before.cards or wanted_by(served) != Wanted()
            found[engine_id] = Serving(before.workers + 1, before.slots + slots, cards)
    return found


# Seen by the sweep -------------------------------------------------------------------------------


def observe() -> set[str]:
    """Open the spans of what keeps ready tasks waiting, close those of what does no more.

    Returns the engines that have ready tasks. Takes at most ten statements, however many tasks
    wait, and some more for each machine of a waiting engine that reserves cards. Any number may
    look at once: the database holds one open span of a kind, and no more.
    """
    now = database_now()
    waiting, with_quota = sql.batch((_WAITING, ()), (_WITH_QUOTA, ()))
    engines = {engine_id: int(running) for engine_id, running in waiting}
    _fill_unseen(engines, now)
    causes = _of_engines(engines) | _of_tenants(with_quota)
    spans = WaitSpan.objects.filter(ended_at=None, reason__in=OBSERVED)
    known = {_key(span): span.pk for span in spans}
    new = [_span(key, now) for key, full in causes.items() if full and key not in known]
    if new:
        WaitSpan.objects.bulk_create(new, ignore_conflicts=True)
    gone = [pk for key, pk in known.items() if key not in causes]
    if gone:
        WaitSpan.objects.filter(id__in=gone, ended_at=None).update(ended_at=now)
    return set(engines)


def _fill_unseen(engines: Iterable[str], now: datetime) -> None:
    """Nobody looked for long: what was seen last ended then, and there was no worker since."""
    look, new = Tick.objects.get_or_create(name=LOOK, defaults={"at": now})
    first = Tick.objects.filter(name=LOOK, at=look.at).update(at=now)
    if new or not first or now - look.at <= UNSEEN:
        return
    WaitSpan.objects.filter(ended_at=None, reason__in=OBSERVED).update(ended_at=look.at)
    WaitSpan.objects.bulk_create(
        _span(_Key(engine_id, None, WaitReason.NO_WORKER), look.at, now) for engine_id in engines
    )


def _of_engines(engines: Mapping[str, int]) -> dict[_Key, bool]:
    """What keeps all tasks of these engines, with how many of each run; see `_full`."""
    served = serving() if engines else {}
    causes: dict[_Key, bool] = {}
    for engine_id, running in engines.items():
        there = served.get(engine_id, Serving())
        if not there.workers:
            causes[_Key(engine_id, None, WaitReason.NO_WORKER)] = True
        elif not there.slots:
            causes[_Key(engine_id, None, WaitReason.DRAINING)] = True
        else:
            key = _Key(engine_id, None, WaitReason.SLOTS_TAKEN)
            causes |= _full(key, running, there.slots)
            causes |= _short(engine_id, running) if there.cards else {}
    return causes


def _short(engine_id: str, running: int) -> dict[_Key, bool]:
    """Between two tasks a card is free for a moment: while one runs, an open span may stay so."""
    short = is_short(places(engine_id))
    return {_Key(engine_id, None, WaitReason.NO_CARD_FREE): short} if short or running else {}


def _of_tenants(found: Iterable[sql.Row]) -> dict[_Key, bool]:
    """The quota of running tasks counts over all engines: one span says it for all."""
    causes: dict[_Key, bool] = {}
    for tenant_id, quota, running in found:
        key = _Key(ALL_ENGINES, sql.uuid_of(tenant_id), WaitReason.TENANT_QUOTA)
        causes |= _full(key, running, quota)
    return causes


def _full(key: _Key, running: int, most: int) -> dict[_Key, bool]:
    """True where all places are taken; False where a span that is open may stay so.

    Between two short tasks a place is free for a moment: that ends no wait.
    """
    return {key: running >= most} if running >= most or running * 2 > most else {}


def _key(span: WaitSpan) -> _Key:
    return _Key(span.engine_id, span.tenant_id, WaitReason(span.reason))


def _span(key: _Key, began_at: datetime, ended_at: datetime | None = None) -> WaitSpan:
    return WaitSpan(**key._asdict(), began_at=began_at, ended_at=ended_at)


# Read back ---------------------------------------------------------------------------------------


def causes_of(engine_id: str, tenant_id: UUID, since: datetime) -> list[Cause]:
    """What kept this tenant's tasks of the engine from starting, after `since`, in any order.

    The first `MOST_SPANS` that ended, of the engine and of the tenant, and all that are open.
    """
    ended = (since, MOST_SPANS)
    params = (engine_id, *ended, tenant_id, *ended, engine_id, tenant_id)
    return [
        Cause(reason, sql.time_of(began_at) or since, sql.time_of(ended_at))
        for reason, began_at, ended_at in sql.run(_SPANS, *params)
    ]


def looked_at() -> datetime | None:
    """When the sweep last looked."""
    return Tick.objects.filter(name=LOOK).values_list("at", flat=True).first()


def forget(before: datetime) -> None:
    """Remove the spans that ended before this, in chunks."""
    ended = WaitSpan.objects.filter(ended_at__lt=before).values_list("id", flat=True)
    while ids := list(ended[:CHUNK]):
        WaitSpan.objects.filter(id__in=ids).delete()
