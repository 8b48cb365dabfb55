"""An engine host: the child process in which engines run. It knows frames, and no database."""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import sys
import threading
import traceback
from collections import deque
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

    def send(self, *messages: dict[str, Any]) -> None:
        """Write these frames in one go."""
        view = memoryview(b"".join(map(frames.encode, messages)))
        with self._lock:
            while view:
                view = view[self._stream.write(view) :]


class Inbox:
    """Takes frames from the dispatcher: tasks to run, and ids of tasks that are not wanted.

    Once `listen` was called it does so also while a task runs.
    """

    def __init__(self, descriptor: int, outbox: Outbox) -> None:
        self._descriptor = descriptor
        self._outbox = outbox
        self._reader = frames.FrameReader()
        self._tasks: deque[dict[str, Any]] = deque()
        self._changed = threading.Condition()
        self._listens = False
        self.ended = False

    def definition(self) -> dict[str, Any] | None:
        """The first frame: the engine to load."""
        while not self.ended:
            if messages := self._read():
                self._take(messages[1:])
                return messages[0]
        return None

    def next(self) -> dict[str, Any] | None:
        """The next task; `None` once the dispatcher has closed its end."""
        while not (self._listens or self._tasks or self.ended):
            self._take(self._read())
        with self._changed:
            self._changed.wait_for(lambda: self._tasks or self.ended)
            return self._tasks.popleft() if self._tasks else None

    @property
    def more(self) -> bool:
        """Whether another task waits here, once what is no longer wanted is dropped."""
        if not self._listens:
            self._take_what_is_there()
        return bool(self._tasks)

    def listen(self) -> None:
        """Take frames on a thread from now on: what waits here can be taken back meanwhile."""
        if not self._listens:
            self._listens = True
            threading.Thread(target=self._run, name="inbox", daemon=True).start()

    def _run(self) -> None:
        while not self.ended:
            self._take(self._read())

    def _take_what_is_there(self) -> None:
        while not self.ended and select.select([self._descriptor], [], [], 0)[0]:
            self._take(self._read())

    def _read(self) -> list[dict[str, Any]]:
        data = os.read(self._descriptor, 256 * 1024)
        self.ended = not data
        return self._reader.feed(data)

    def _take(self, messages: list[dict[str, Any]]) -> None:
        with self._changed:
            for message in messages:
                if "drop" in message:
                    self._drop(set(message["drop"]))
                else:
                    self._tasks.append(message)
            self._changed.notify()

    def _drop(self, ids: set[str]) -> None:
        for task in [task for task in self._tasks if task["document"]["task_id"] in ids]:
            self._tasks.remove(task)
            self._outbox.send({"op": "dropped", "task_id": task["document"]["task_id"]})


def main(descriptor: int) -> None:
    """Take the engine's definition, load it, then run one task after another."""
    outbox = Outbox(descriptor)
    inbox = Inbox(os.dup(0), outbox)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    engine = inbox.definition()
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
        _work(run, inbox, outbox, engine["seam"].encode())
    except TaskCancelled:
        sys.stdout.flush()
        os._exit(EXIT_CANCELLED)


def _work(
    run: Callable[[dict[str, Any]], dict[str, Any]], inbox: Inbox, outbox: Outbox, seam: bytes
) -> None:
    """One task after another. The result of one and the start of the next are one write."""
    said: list[dict[str, Any]] = []
    while not _told_to_stop and (task := inbox.next()) is not None:
        task_id = task["document"]["task_id"]
        outbox.send(*said, {"op": "started", "task_id": task_id})
        if inbox.more:
            inbox.listen()
        said = [{"op": "result", "task_id": task_id, **run(task)}]
        sys.stdout.flush()
        sys.stderr.flush()
        if seam:
            # Where one task's lines end and the next one's begin.
            os.write(1, seam)
            os.write(2, seam)
        if not inbox.more:
            outbox.send(*said)
            said = []
    if said:
        outbox.send(*said)


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
        _folder=folder / "files",
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
