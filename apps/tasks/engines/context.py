"""What an engine function is given."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class PermanentError(Exception):
    """Raised by an engine: trying again would fail the same way.

    `code`, a short word of the engine's own, becomes the task's `error_code`.
    """

    def __init__(self, message: str = "", *, code: str = "") -> None:
        super().__init__(message)
        self.code = code[:60]


class TaskCancelled(BaseException):
    """Raised inside the engine function when its task is to stop; let it pass."""


@dataclass
class TaskContext:
    """One attempt of one task, as its engine sees it.

    `inputs` holds each dependency's output by its key, `None` for an optional one that failed or
    was skipped. `files` maps the file ids named in config and parameters to local paths,
    `input_files` the files each dependency left, by key and name. What is written into
    `output_folder` is kept as the task's files.
    """

    job_id: str
    task_id: str
    key: str
    attempt: int
    config: dict[str, Any]
    parameters: dict[str, Any]
    inputs: dict[str, Any]
    files: dict[str, Path]
    input_files: dict[str, dict[str, Path]]
    _folder: Path
    _send: Callable[[dict[str, Any]], None] = field(default=print, repr=False)
    cancelled: bool = False

    @property
    def output_folder(self) -> Path:
        """Where files are left; made when it is first asked for."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._folder

    def log(self, text: str, level: str = "info") -> None:
        """Add to the task's log; `level` is debug, info, warning or error."""
        if level not in ("debug", "info", "warning", "error"):
            message = f"A log level is debug, info, warning or error, not {level!r}."
            raise ValueError(message)
        self._send({"op": "log", "level": level, "text": str(text)})

    def progress(self, share: float) -> None:
        """Say how much is done, from 0 to 1."""
        self._send({"op": "progress", "share": min(max(float(share), 0.0), 1.0)})
