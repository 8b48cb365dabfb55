"""An engine host: the child process in which engines run. It knows frames, and no database."""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apps.tasks.engines import frames
from apps.tasks.engines.context import PermanentError, TaskCancelled, TaskContext

if TYPE_CHECKING:
    from collections.abc import Callable

EXIT_CANCELLED = 143


class Outbox:
    """Writes frames to the dispatcher; engine threads may share it."""

    def __init__(self, descriptor: int) -> None:
        self._stream = os.fdopen(descriptor, "wb", buffering=0)
        self._lock = threading.Lock()

    def send(self, message: dict[str, Any]) -> None:
        view = memoryview(frames.encode(message))
        with self._lock:
            while view:
                view = view[self._stream.write(view) :]


def main(descriptor: int) -> None:
    """Take the engine's definition, load it, then run one task after another."""
    inbox = os.fdopen(os.dup(0), "rb")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    outbox = Outbox(descriptor)
    engine = frames.read_frame(inbox)
    if engine is None:
        return
    try:
        run = _load(engine, outbox.send)
    except Exception as error:  # noqa: BLE001 - the process boundary: told to the dispatcher
        traceback.print_exc()
        outbox.send({"op": "broken", "error": _describe(error)})
        return
    # A program gets its own SIGTERM with the group and may tidy up; the host waits for it.
    signal.signal(signal.SIGTERM, _wait_on if engine["kind"] == "command" else _cancel)
    try:
        outbox.send({"op": "ready"})
        while not _told_to_stop and (task := frames.read_frame(inbox)) is not None:
            result = run(task)
            sys.stdout.flush()
            sys.stderr.flush()
            outbox.send({"op": "result", **result})
    except TaskCancelled:
        sys.stdout.flush()
        os._exit(EXIT_CANCELLED)


_current: TaskContext | None = None
_told_to_stop = False


def _cancel(_signal: int, _frame: object) -> None:
    if _current is not None:
        _current.cancelled = True
    raise TaskCancelled


def _wait_on(_signal: int, _frame: object) -> None:
    global _told_to_stop  # noqa: PLW0603
    _told_to_stop = True


def _load(engine: dict[str, Any], send: Callable[[dict[str, Any]], None]) -> Any:
    if engine["kind"] == "python":
        return _python(engine, send)
    if engine["kind"] == "command":
        from apps.tasks.engines.command import CommandRunner

        return CommandRunner(engine)
    from apps.tasks.engines.http import HttpRunner

    return HttpRunner(engine, send)


def _python(engine: dict[str, Any], send: Callable[[dict[str, Any]], None]) -> Any:
    module, _, name = engine["python"].partition(":")
    function = getattr(importlib.import_module(module), name)

    def run(task: dict[str, Any]) -> dict[str, Any]:
        global _current  # noqa: PLW0603
        _current = context = _context(task, send)
        try:
            return {"outcome": "completed", "output": _encode(function(context))}
        except PermanentError as error:
            return {
                "outcome": "failed",
                "final": True,
                "error": _describe(error),
                "error_code": error.code,
            }
        except SystemExit as error:
            return {
                "outcome": "failed",
                "error": f"The engine called sys.exit({error.code!r}).",
                "error_code": "exit",
            }
        except BadOutput as error:
            return {"outcome": "failed", "error": str(error), "error_code": "bad_output"}
        except Exception as error:  # noqa: BLE001 - the process boundary: a failed attempt
            traceback.print_exc()
            return {
                "outcome": "failed",
                "error": _describe(error),
                "error_code": "oom" if isinstance(error, MemoryError) else "",
            }
        finally:
            _current = None

    return run


def _context(task: dict[str, Any], send: Callable[[dict[str, Any]], None]) -> TaskContext:
    folder = Path(task["work"])
    return TaskContext(
        **{name: task["document"][name] for name in ("job_id", "task_id", "key", "attempt")},
        **{name: task["document"][name] for name in ("config", "parameters", "inputs")},
        files={name: Path(path) for name, path in task["document"]["files"].items()},
        input_files={
            key: {name: Path(path) for name, path in named.items()}
            for key, named in task["document"]["input_files"].items()
        },
        output_folder=folder / "files",
        _send=send,
    )


class BadOutput(Exception):
    """What the engine returned cannot be stored as JSON."""


def _encode(value: object) -> str:
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        message = f"The output is not JSON: {error}"
        raise BadOutput(message) from error


def _describe(error: BaseException) -> str:
    text = str(error)
    name = type(error).__name__
    if isinstance(error, PermanentError):
        return text or name
    return f"{name}: {text}" if text else name


if __name__ == "__main__":
    main(int(sys.argv[1]))
