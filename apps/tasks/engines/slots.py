"""A slot of a worker: one engine host, and the attempts that it runs one after another."""

from __future__ import annotations

import logging
import signal
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from apps.tasks.engines.frames import BrokenFrames
from apps.tasks.engines.process import read_available
from apps.tasks.settle import Outcome

if TYPE_CHECKING:
    from apps.tasks.engines.hosts import HostPool
    from apps.tasks.engines.process import EngineHost
    from apps.tasks.engines.running import Run

logger = logging.getLogger(__name__)

TERMINATE_SECONDS = 10.0
UNKILLABLE_SECONDS = 10.0
SLOW_SECONDS = 0.5
"""What runs so long is not short: whatever waits behind it goes back in line."""
STREAMS = (("stdout", "info"), ("stderr", "warning"))


class Slot:
    """A host with its attempts: the first that has begun runs, the rest wait behind it.

    Another may be added until the host is told to stop, or one turns out to be slow. Times are
    `time.monotonic()`.
    """

    def __init__(self, host: EngineHost, hosts: HostPool) -> None:
        self.engine = host.engine
        self.runs: list[Run] = []
        self.alone = False
        self.host = host
        self._hosts = hosts
        self._speaking: dict[str, deque[Run]] = {level: deque() for _, level in STREAMS}
        self._signalled_at: float | None = None
        self._killed_at: float | None = None
        self._grace = TERMINATE_SECONDS
        self._ended = False

    @property
    def unfinished(self) -> int:
        """How many attempts it still has to run."""
        return sum(1 for run in self.runs if run.result is None)

    @property
    def open(self) -> bool:
        """Whether it may be given more."""
        return not (self.alone or self._ended or self._signalled_at or self._slow)

    def room(self, size: int) -> int:
        """How many more it would take that holds `size` at most; all, once it has none to run."""
        left = self.unfinished
        return max(0, size - left) if self.open or not left else 0

    @property
    def sending(self) -> bool:
        """Whether a document still waits for the host to read it."""
        return self.host.sending

    @property
    def unkillable(self) -> bool:
        """Whether its host outlived SIGKILL: the machine needs a look."""
        return (
            self._killed_at is not None
            and not self._ended
            and time.monotonic() - self._killed_at > UNKILLABLE_SECONDS
        )

    def give(self, runs: list[tuple[Run, dict[str, Any]]]) -> None:
        """Hand attempts with their documents to the host."""
        for run, _ in runs:
            self.runs.append(run)
            self.alone = self.alone or run.alone
            for line in self._speaking.values():
                line.append(run)
        self.host.run([(document, str(run.folder)) for run, document in runs])

    def advance(self) -> None:
        """Take what the host says; keep deadlines; notice that it died."""
        if self._ended:
            return
        self.host.flush()
        status = self.host.poll()
        try:
            self._read()
        except (BrokenFrames, KeyError, ValueError, TypeError):
            for run in self._unfinished():
                run.fail("The engine host wrote what is no message.", error_code="bad_output")
            self.end_host(0.0)
        if status is None:
            self._keep_deadlines()
            return
        self._ended = True
        for run in self._unfinished():
            run.host_ended(status)

    def _keep_deadlines(self) -> None:
        if self.host.overdue:
            for run in self._unfinished()[:1]:
                run.request_stop(Outcome.LOST, "The engine host was not ready within 30 s.", 0)
            self.end_host(0.0)
        elif (current := self.current) is not None and current.overdue:
            self.stop(current, Outcome.TIMED_OUT, "It ran longer than its time-out.")
        if self._slow:
            self._recall()
        self._press_stop()

    def stop(self, run: Run, outcome: Outcome, error: str = "", grace: float | None = None) -> None:
        """End one attempt: by a signal to the host's group if it has begun, else take it back."""
        if not run.request_stop(outcome, error, TERMINATE_SECONDS if grace is None else grace):
            return
        run.signalled_at = time.monotonic()
        if run.started_at is None and len(self.runs) > 1:
            self.host.drop(str(run.claim.task_id))
        else:
            self.end_host(run.grace)

    def end_host(self, grace: float) -> None:
        """Tell the whole group to end, and make sure of it after `grace` seconds."""
        if self._signalled_at is None:
            self._signalled_at = time.monotonic()
            self._grace = grace
            self.host.signal(signal.SIGTERM)
        self._grace = min(grace, self._grace)

    def release(self, run: Run) -> None:
        """An attempt has been reported."""
        self.runs.remove(run)
        self._silence(run)

    def close(self, *, reusable: bool) -> None:
        """It has no attempts left: the host waits for the next, or ends."""
        if reusable and self.open:
            self._hosts.give_back(self.host)
        else:
            self._hosts.discard(self.host)

    @property
    def current(self) -> Run | None:
        """The attempt that runs now, if one does."""
        return next((run for run in self._unfinished() if run.started_at is not None), None)

    @property
    def _slow(self) -> bool:
        current = self.current
        if current is None or current.started_at is None:
            return False
        return time.monotonic() - current.started_at > SLOW_SECONDS

    def _recall(self) -> None:
        """Ask once for what waits behind; what has begun in the meantime stays."""
        for run in self._unfinished():
            if run.started_at is None and run.stop is None and not run.recalled:
                run.recalled = True
                self.host.drop(str(run.claim.task_id))

    def _unfinished(self) -> list[Run]:
        return [run for run in self.runs if run.result is None]

    def _press_stop(self) -> None:
        """SIGKILL once the grace is over."""
        if self._signalled_at is None or self._killed_at is not None or self._ended:
            return
        if time.monotonic() - self._signalled_at > self._grace:
            self._killed_at = time.monotonic()
            self.host.signal(signal.SIGKILL)

    def _read(self) -> None:
        """Frames first, then lines, then act on the frames: what an engine wrote before its
        result is in the pipes by the time the result is here.
        """
        messages = self.host.messages()
        for (_, level), descriptor in zip(
            STREAMS, (self.host.stdout, self.host.stderr), strict=True
        ):
            # One read holds all that a pipe can: enough, and no engine can keep us here.
            if data := read_available(descriptor):
                self._hear(data, level)
        for message in messages:
            self._take(message)

    def _hear(self, data: bytes, level: str) -> None:
        """Lines of whoever speaks on this stream; at a seam the next one begins."""
        line = self._speaking[level]
        for n, part in enumerate(self.host.split(data, level)):
            if n and line:
                line.popleft()
            if part and line:
                line[0].hear(part, level)

    def _take(self, message: dict[str, Any]) -> None:
        op = message.get("op")
        if op == "ready":
            self.host.ready = True
        elif op == "broken":
            for run in self._unfinished():
                run.fail(f"The engine cannot be loaded: {message.get('error')}")
        elif op in ("started", "result", "dropped"):
            self._take_turn(message, str(message.get("task_id")))
        elif (current := self.current) is not None:
            current.take(message)

    def _take_turn(self, message: dict[str, Any], task_id: str) -> None:
        run = next((run for run in self._unfinished() if str(run.claim.task_id) == task_id), None)
        if run is None:
            return
        if message["op"] == "dropped":
            self._silence(run)
            error = run.stop_error or "It waited behind a slow task."
            run.finish(run.stop or Outcome.RELEASED, error=error)
            return
        run.take(message)
        if message["op"] == "started" and run.stop is not None:
            self.end_host(run.grace)

    def _silence(self, run: Run) -> None:
        """It has nothing to say any more."""
        for line in self._speaking.values():
            if run in line:
                line.remove(run)
