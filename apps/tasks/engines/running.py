"""One attempt in this worker's hands, from its claim to its report."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings

from apps.tasks.engines.staging import clear
from apps.tasks.logs import LogBuffer
from apps.tasks.settle import Outcome, Report
from apps.tenants import strict_json

if TYPE_CHECKING:
    from concurrent.futures import Future
    from uuid import UUID

    from apps.tasks.claims import Claim
    from apps.tasks.engines.definition import Engine
    from apps.tasks.settle import LeftFile

logger = logging.getLogger(__name__)

LONGEST_ERROR_BYTES = 64 * 1024
PROGRESS = "::progress "


class Run:
    """An attempt: claimed, staged, given to a slot, started, perhaps being stopped, finished.

    `stop` says why it is being stopped, as the outcome to report; whatever the engine still says
    after that is not listened to. Times are `time.monotonic()`.
    """

    def __init__(self, claim: Claim, engine: Engine, folder: Path) -> None:
        self.claim = claim
        self.engine = engine
        self.folder = folder
        self.log = LogBuffer(claim.task_id, claim.attempt)
        self.claimed_at = time.monotonic()
        self.started_at: float | None = None
        self.finished_at = 0.0
        self.signalled_at: float | None = None
        self.recorded = False
        self.recalled = False
        self.progress: float | None = None
        self.progress_changed = False
        self.staged: Future[dict[str, Any]] | dict[str, Any] | None = None
        self.kept: Future[tuple[LeftFile, ...]] | None = None
        self.result: Report | None = None
        self.stop: Outcome | None = None
        self.stop_error = ""
        self.grace = 0.0

    @property
    def place(self) -> tuple[UUID, int]:
        """The task and the attempt that fences it."""
        return self.claim.task_id, self.claim.attempt

    @property
    def alone(self) -> bool:
        """It was lost before: nothing else may go down with it, or take it down."""
        return self.claim.losses > 0

    @property
    def overdue(self) -> bool:
        """Whether it has used up its time, counted from its own start."""
        limit = self.claim.timeout_seconds or self.engine.timeout_seconds
        return self.started_at is not None and time.monotonic() - self.started_at > limit

    def document(self) -> dict[str, Any] | None:
        """What its engine is told, once it is staged; a failure to stage is its failure."""
        staged = self.staged
        if staged is None or isinstance(staged, dict):
            return staged
        if not staged.done():
            return None
        try:
            return staged.result()
        except Exception as error:
            # Whatever a storage service comes up with is this attempt's failure, not the worker's.
            logger.exception("not_staged", extra={"task_id": str(self.claim.task_id)})
            self.fail(f"Its folder or files cannot be prepared: {error}")
            return None

    def request_stop(self, outcome: Outcome, error: str, grace: float) -> bool:
        """The first reason stands; `False` when it ends for another already."""
        if self.stop is not None or self.result is not None:
            return False
        self.stop, self.stop_error, self.grace = outcome, error, grace
        return True

    def hear(self, data: bytes, level: str) -> None:
        """Raw output of its engine."""
        for line in self.log.feed(data, level):
            self._note_progress(line)

    def take(self, message: dict[str, Any]) -> None:
        """A frame of its host."""
        match message.get("op"):
            case "started":
                self.started_at = time.monotonic()
            case "log":
                self._take_log(message)
            case "progress":
                self._take_progress(float(message["share"]))
            case "result":
                self._take_result(message)

    def host_ended(self, status: int) -> None:
        """Its host is gone: proof that a stop is done; else a loss, or nothing had begun."""
        self.log.finish()
        if self.stop is not None:
            self.finish(self.stop, error=self.stop_error)
        elif self.started_at is None:
            self.finish(Outcome.RELEASED, error="Its engine host ended before it had begun.")
        else:
            how = f"signal {-status}" if status < 0 else f"exit status {status}"
            self.finish(Outcome.LOST, error=f"The engine host ended: {how}.", error_code="lost")

    def fail(self, error: str, *, final: bool = False, error_code: str = "") -> None:
        """It failed before or beside its host."""
        self.finish(Outcome.FAILED, error=error, final=final, error_code=error_code)

    def finish(self, outcome: Outcome, **facts: Any) -> None:
        """What is to be reported; the first word stands."""
        if self.result is not None:
            return
        self.finished_at = time.monotonic()
        error = facts.pop("error", "").encode("utf-8", "backslashreplace")[:LONGEST_ERROR_BYTES]
        self.result = Report(
            self.claim.task_id,
            self.claim.job_id,
            self.claim.attempt,
            outcome,
            error=error.decode("utf-8", "ignore").replace("\0", "\\x00"),
            error_code=facts.pop("error_code", "") or _CODES.get(outcome, ""),
            signalled=self.signalled_at,
            gone=self.finished_at if self.stop is not None else None,
            **facts,
        )

    def clean(self) -> None:
        """Remove its folder."""
        clear(self.folder)

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

    def _take_log(self, message: dict[str, Any]) -> None:
        level = str(message.get("level", "info"))
        for line in str(message.get("text", "")).split("\n"):
            raw = line.encode("utf-8", "backslashreplace")
            self.log.feed(raw + b"\n", level)

    def _take_progress(self, share: float) -> None:
        self.progress = share
        self.progress_changed = True

    def _note_progress(self, line: str) -> None:
        if not line.startswith(PROGRESS):
            return
        try:
            share = float(line.removeprefix(PROGRESS))
        except ValueError:
            return
        self._take_progress(min(max(share, 0.0), 1.0))

    def _take_result(self, message: dict[str, Any]) -> None:
        if self.stop is not None:
            return
        self.log.finish()
        outcome = Outcome(message["outcome"])
        if outcome is Outcome.COMPLETED:
            self._take_output(message)
            return
        code = str(message.get("error_code") or "") or ("lost" if outcome is Outcome.LOST else "")
        error = str(message.get("error") or self.log.last_error or f"It ended with {code}.")
        self.finish(outcome, error=error, final=bool(message.get("final")), error_code=code)

    def _take_output(self, message: dict[str, Any]) -> None:
        limit: int = settings.CONSOLE_MAX_OUTPUT_BYTES
        try:
            raw = _output(message, limit)
            value = strict_json.loads(raw, max_bytes=limit)
        except strict_json.StrictJsonError as error:
            self.fail(f"The output cannot be stored: {error.detail}", error_code="bad_output")
            return
        self.finish(Outcome.COMPLETED, output=value, output_bytes=len(raw))


_CODES = {Outcome.TIMED_OUT: "timeout", Outcome.FAILED: "failed", Outcome.LOST: "lost"}


def _output(message: dict[str, Any], limit: int) -> bytes:
    if "output" in message:
        return str(message["output"]).encode("utf-8", "backslashreplace")
    path = Path(message["output_path"])
    if not path.is_file():
        return b"null"
    with path.open("rb") as file:
        return file.read(limit + 1) or b"null"
