"""The Celery worker's other half: a dispatcher for the engines whose queues it consumes."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from celery.signals import celeryd_after_setup, worker_ready, worker_shutdown, worker_shutting_down

from apps.tasks import bell, gpu_use
from apps.tasks.engines.dispatcher import Dispatcher
from apps.tasks.engines.registry import registry
from apps.workers.cards.sampler import Sampler
from console_project.broadcast import queue_of

if TYPE_CHECKING:
    from apps.tasks.engines.definition import Engine

logger = logging.getLogger(__name__)

QUEUE_PREFIX = "engine."
COMMON_QUEUE = "console"
GRACE_SECONDS = 10.0

_running: list[tuple[Dispatcher, threading.Thread]] = []


def start_dispatcher(
    engines: dict[str, Engine], grace: float, canaries: str | None = None
) -> tuple[Dispatcher, threading.Thread]:
    """Run a dispatcher on a thread of its own; `canaries` is the queue of this process alone."""
    node = socket.gethostname()
    send = partial(bell.send_canary, canaries) if canaries else None
    dispatcher = Dispatcher(engines, f"{node}/{os.getpid()}", node, grace, send)
    sampler = Sampler(node, gpu_use.credit)
    thread = threading.Thread(
        target=_run, args=[dispatcher, sampler], name="dispatcher", daemon=True
    )
    thread.start()
    return dispatcher, thread


def _run(dispatcher: Dispatcher, sampler: Sampler) -> None:
    """A worker without its dispatcher would look alive and do nothing: it leaves instead."""
    sampler.start()
    try:
        dispatcher.run()
    except Exception:
        logger.exception("dispatcher_died")
        os.kill(os.getpid(), signal.SIGTERM)
        raise
    finally:
        sampler.stop()
    if dispatcher.stuck:
        # Connected and deaf: a known end of long broker troubles. Nothing is in hand any more.
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606


def hear_canary() -> None:
    """A message of this process to itself arrived."""
    for dispatcher, _thread in _running:
        dispatcher.canary_came_back()


@celeryd_after_setup.connect
def consume_queues(sender: str, instance: Any, **_: Any) -> None:
    """Besides the engines named by `-Q`, or all when none is, listen to the common queue."""
    queues = instance.app.amqp.queues
    named = [name for name in queues.consume_from if name.startswith(QUEUE_PREFIX)]
    if not named:
        for engine_id in registry().engines:
            queues.select_add(QUEUE_PREFIX + engine_id)
    queues.select_add(COMMON_QUEUE)
    queues.select_add(own_queue())
    queues.select_add(queue_of(own_queue()))


def own_queue() -> str:
    """The queue that this process alone consumes."""
    return f"worker.{socket.gethostname()}.{os.getpid()}"


@worker_ready.connect
def start(sender: Any, **_: Any) -> None:
    """Serve the engines of the queues; one that this machine does not know is an error."""
    known = registry().engines
    wanted = [
        name.removeprefix(QUEUE_PREFIX)
        for name in sender.app.amqp.queues.consume_from
        if name.startswith(QUEUE_PREFIX)
    ]
    engines = {engine_id: known[engine_id] for engine_id in wanted if engine_id in known}
    for engine_id in sorted(set(wanted) - set(known)):
        logger.error("unknown_engine_in_queues", extra={"engine_id": engine_id})
    _running.append(start_dispatcher(engines, GRACE_SECONDS, own_queue()))


@worker_shutting_down.connect
def begin_stop(**_: Any) -> None:
    """Stop claiming at once."""
    for dispatcher, _thread in _running:
        dispatcher.stop()


@worker_shutdown.connect
def wait_for_stop(**_: Any) -> None:
    """What runs finishes or is handed back before the process goes."""
    for dispatcher, thread in _running:
        dispatcher.stop()
        thread.join(GRACE_SECONDS + 8.0)
