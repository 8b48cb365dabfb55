"""One attempt in this worker's hands, from its claim to its report."""

from __future__ import annotations

import logging
import shutil
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings

from apps.tasks.engines.frames import BrokenFrames
from apps.tasks.engines.process import EngineHost, read_available
from apps.tasks.logs import LogBuffer
from apps.tasks.settle import Outcome, Report
from apps.tenants import strict_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from uuid import UUID

    from apps.tasks.claims import Claim
    from apps.tasks.engines.definition import Engine
    from apps.tasks.engines.hosts import HostPool
    from apps.tasks.settle import LeftFile

logger = logging.getLogger(__name__)

TERMINATE_SECONDS = 10.0
LONGEST_ERROR_BYTES = 64 * 1024
PROGRESS = "::progress "


class Run:
    """An attempt: claimed, staged, running in a host, perhaps being stopped, finished.

    `stop` says why it is being stopped, as the outcome to report; whatever the engine still says
    after that is not listened to. Times are `time.monotonic()`.
    """

    def __init__(self, claim: Claim, engine: Engine, folder: Path) -> None:
        self.claim = claim
        self.engine = engine
        self.folder = folder
        self.log = LogBuffer(claim.task_id, claim.attempt)
        self.host: EngineHost | None = None
        self.claimed_at = time.monotonic()
        self.started_at: float | None = None
        self.recorded = False
        self.progress: float | None = None
        self.progress_changed = False
        self.staged: Future[dict[str, Any]] | None = None
        self.kept: Future[tuple[LeftFile, ...]] | None = None
        self.result: Report | None = None
        self.stop: Outcome | None = None
        self._stop_error = ""
        self._stopped_at = 0.0
        self._killed = False
        self._grace = TERMINATE_SECONDS

    @property
    def place(self) -> tuple[UUID, int]:
        """The task and the attempt that fences it."""
        return self.claim.task_id, self.claim.attempt

    @property
    def _overdue(self) -> bool:
        """Whether it has used up its time, counted from its own start."""
        limit = self.claim.timeout_seconds or self.engine.timeout_seconds
        return self.started_at is not None and time.monotonic() - self.started_at > limit

    def begin_stop(self, outcome: Outcome, error: str = "", grace: float | None = None) -> None:
        """SIGTERM to the group; the first reason stands."""
        if self.stop is not None or self.result is not None:
            return
        self.stop = outcome
        self._stop_error = error
        self._stopped_at = time.monotonic()
        self._grace = TERMINATE_SECONDS if grace is None else grace
        if self.host is None:
            self._finish(outcome, error=error)
        else:
            self.host.signal(signal.SIGTERM)

    def _press_stop(self) -> None:
        """SIGKILL once the grace is over."""
        if self.stop is None or self._killed or self.host is None:
            return
        if time.monotonic() - self._stopped_at > self._grace:
            self._killed = True
            self.host.signal(signal.SIGKILL)

    def advance(self, hosts: HostPool) -> None:
        """Give it to a host once it is staged; take what the host says; keep its deadlines."""
        if self.staged is not None and self.staged.done():
            self._send(hosts)
        host = self.host
        if host is None:
            return
        host.flush()
        status = host.poll()
        try:
            self._read(host)
        except (BrokenFrames, KeyError, ValueError, TypeError):
            self.fail("The engine host wrote what is no message.", error_code="bad_output")
        if host.ready and self.started_at is None:
            self.started_at = time.monotonic()
        if status is not None:
            self._host_ended(status)
        elif host.overdue:
            self.begin_stop(Outcome.LOST, "The engine host was not ready within 30 s.", grace=0)
        elif self._overdue:
            self.begin_stop(Outcome.TIMED_OUT, "It ran longer than its time-out.")
        self._press_stop()

    def _send(self, hosts: HostPool) -> None:
        assert self.staged is not None  # noqa: S101
        staged, self.staged = self.staged, None
        try:
            document = staged.result()
        except Exception as error:
            # Whatever a storage service comes up with is this attempt's failure, not the worker's.
            logger.exception("not_staged", extra={"task_id": str(self.claim.task_id)})
            self.fail(f"Its folder or files cannot be prepared: {error}")
            return
        self.host = hosts.take(self.engine)
        self.host.run(document, str(self.folder))

    def _read(self, host: EngineHost) -> None:
        for descriptor, level in ((host.stdout, "info"), (host.stderr, "warning")):
            data = read_available(descriptor)
            while data:
                for line in self.log.feed(data, level):
                    self._note_progress(line)
                data = read_available(descriptor)
        for message in host.messages():
            self._take(message)

    def _host_ended(self, status: int) -> None:
        """The host is gone: proof that a stop is done, or a loss."""
        self.log.finish()
        if self.result is not None:
            return
        if self.stop is not None:
            self._finish(self.stop, error=self._stop_error)
        else:
            how = f"signal {-status}" if status < 0 else f"exit status {status}"
            self._finish(Outcome.LOST, error=f"The engine host ended: {how}.", error_code="lost")

    def fail(self, error: str, *, final: bool = False, error_code: str = "") -> None:
        """It failed before or beside its host."""
        self._finish(Outcome.FAILED, error=error, final=final, error_code=error_code)

    def clean(self) -> None:
        """Remove its folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def started_report(self) -> Report:
        """That it has started, where it did not end within the first moments."""
        return Report(self.claim.task_id, self.claim.job_id, self.claim.attempt, Outcome.STARTED)

    def released_report(self) -> Report:
        """That its worker leaves before it ended."""
        return Report(
            self.claim.task_id,
            self.claim.job_id,
            self.claim.attempt,
            Outcome.RELEASED,
            error="Its worker stopped.",
        )

    def _take(self, message: dict[str, Any]) -> None:
        handle: Callable[[dict[str, Any]], None] | None = {
            "ready": self._take_ready,
            "broken": self._take_broken,
            "log": self._take_log,
            "progress": self._take_progress,
            "result": self._take_result,
        }.get(str(message.get("op")))
        if handle is not None:
            handle(message)

    def _take_ready(self, _: dict[str, Any]) -> None:
        if self.host is not None:
            self.host.ready = True

    def _take_broken(self, message: dict[str, Any]) -> None:
        self.fail(f"The engine cannot be loaded: {message.get('error')}")

    def _take_log(self, message: dict[str, Any]) -> None:
        level = str(message.get("level", "info"))
        for line in str(message.get("text", "")).split("\n"):
            raw = line.encode("utf-8", "backslashreplace")
            self.log.feed(raw + b"\n", level)

    def _take_progress(self, message: dict[str, Any]) -> None:
        self.progress = float(message["share"])
        self.progress_changed = True

    def _note_progress(self, line: str) -> None:
        if not line.startswith(PROGRESS):
            return
        try:
            share = float(line.removeprefix(PROGRESS))
        except ValueError:
            return
        self._take_progress({"share": min(max(share, 0.0), 1.0)})

    def _take_result(self, message: dict[str, Any]) -> None:
        if self.stop is not None:
            return
        outcome = Outcome(message["outcome"])
        if outcome is Outcome.COMPLETED:
            self._take_output(message)
            return
        self.log.finish()
        code = str(message.get("error_code") or "") or ("lost" if outcome is Outcome.LOST else "")
        error = str(message.get("error") or self.log.last_error or f"It ended with {code}.")
        self._finish(outcome, error=error, final=bool(message.get("final")), error_code=code)

    def _take_output(self, message: dict[str, Any]) -> None:
        limit: int = settings.CONSOLE_MAX_OUTPUT_BYTES
        try:
            raw = _output(message, limit)
            value = strict_json.loads(raw, max_bytes=limit)
        except strict_json.StrictJsonError as error:
            self.fail(f"The output cannot be stored: {error.detail}", error_code="bad_output")
            return
        self._finish(Outcome.COMPLETED, output=value, output_bytes=len(raw))

    def _finish(self, outcome: Outcome, **facts: Any) -> None:
        if self.result is not None:
            return
        error = facts.pop("error", "").encode("utf-8", "backslashreplace")[:LONGEST_ERROR_BYTES]
        self.result = Report(
            self.claim.task_id,
            self.claim.job_id,
            self.claim.attempt,
            outcome,
            error=error.decode("utf-8", "ignore").replace("\0", "\\x00"),
            error_code=facts.pop("error_code", "") or _CODES.get(outcome, ""),
            **facts,
        )


_CODES = {Outcome.TIMED_OUT: "timeout", Outcome.FAILED: "failed", Outcome.LOST: "lost"}


def _output(message: dict[str, Any], limit: int) -> bytes:
    if "output" in message:
        return str(message["output"]).encode("utf-8", "backslashreplace")
    path = Path(message["output_path"])
    if not path.is_file():
        return b"null"
    with path.open("rb") as file:
        return file.read(limit + 1) or b"null"
