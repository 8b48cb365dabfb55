"""The engine protocol: a task on stdin, the log on stdout and stderr, the output in a file."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EXIT_FAILED_FOR_GOOD = 65  # EX_DATAERR: a retry would meet the same data


class PermanentFailure(Exception):
    """The task cannot succeed, however often it runs; the text is the task's error."""


@dataclass(frozen=True)
class Task:
    """One attempt: what it was given, and the folder whose files are stored when it ends."""

    config: Mapping[str, Any]
    parameters: Mapping[str, Any]
    inputs: Mapping[str, Any]
    files: Mapping[str, Path]
    input_files: Mapping[str, Mapping[str, Path]]
    folder: Path

    def file(self, reference: object) -> Path:
        """The local path of a `{"file": id}` from config or parameters."""
        file_id = reference.get("file") if isinstance(reference, dict) else None
        if not isinstance(file_id, str) or file_id not in self.files:
            raise PermanentFailure(f'{reference!r} is not a file reference {{"file": "<id>"}}')
        return self.files[file_id]


def read_task() -> Task:
    document = json.load(sys.stdin)
    return Task(
        config=document["config"],
        parameters=document["parameters"],
        inputs=document["inputs"],
        files={key: Path(path) for key, path in document["files"].items()},
        input_files={
            key: {name: Path(path) for name, path in files.items()}
            for key, files in document["input_files"].items()
        },
        folder=Path(os.environ["YARD_FILES"]),
    )


def log(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


class Progress:
    """Reports how far the attempt is, from 0 to 1, whenever that is a percent more."""

    def __init__(self) -> None:
        self._percent = 0

    def __call__(self, done: float) -> None:
        percent = min(int(100 * done), 100)
        if percent > self._percent:
            self._percent = percent
            log(f"::progress {percent / 100}")


def run(engine: Callable[[Task], Mapping[str, Any]]) -> None:
    """Runs one attempt as this process; any exception but PermanentFailure may be retried."""
    try:
        output = engine(read_task())
    except PermanentFailure as failure:
        sys.stderr.write(f"{failure}\n")
        sys.exit(EXIT_FAILED_FOR_GOOD)
    Path(os.environ["YARD_OUTPUT"]).write_text(json.dumps(output), encoding="utf-8")
