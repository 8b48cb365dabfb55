"""One engine host as its dispatcher sees it: two processes in a group of their own, and pipes."""

from __future__ import annotations

import fcntl
import os
import secrets
import signal
import subprocess
import sys
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.conf import settings

from apps.tasks.engines import frames

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.tasks.engines.definition import Engine

READY_SECONDS = 30.0
READ_BYTES = 256 * 1024
PIPE_BYTES = 1024 * 1024

SUPERVISOR = 'trap "" TERM INT HUP; read -r _; kill -KILL 0'
"""Leads the group; when the pipe from the dispatcher closes, for whatever reason, it dies."""

_BOOT = (
    "import sys; sys.path[:0] = sys.argv[2:]; from apps.tasks.engines.host import main; "
    "main(int(sys.argv[1]))"
)

_SECRETS = ("CONSOLE_", "DATABASE_URL", "REDIS_URL", "DJANGO_", "PG", "AWS_", "PORT")


class EngineHost:
    """A child process that runs one task at a time for one engine.

    Start it on a thread that lives as long as the process. `outbox`, `stdout`, `stderr` and
    `frames` are descriptors to watch; all are non-blocking. It sees these cards only, for life;
    without any, those that the worker sees.
    """

    def __init__(self, engine: Engine, cards: tuple[str, ...] = ()) -> None:
        self.engine = engine
        self.cards = cards
        self.ready = False
        # Engines that may hold several tasks mark in their output where one ends.
        self.seam = f"\0{secrets.token_hex(8)}\0" if engine.most_held > 1 else ""
        self.started_at = time.monotonic()
        self._reader = frames.FrameReader()
        self._rests: dict[str, bytes] = {}
        self._unsent: deque[memoryview] = deque()
        life, self._life = os.pipe()
        self.frames, frames_out = os.pipe()
        self._supervisor = subprocess.Popen(
            ["/bin/sh", "-c", SUPERVISOR],
            stdin=life,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )
        os.close(life)
        self.group = self._supervisor.pid
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-P",
                "-c",
                _BOOT,
                str(frames_out),
                str(settings.BASE_DIR),
                str(engine.folder),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(frames_out,),
            cwd=engine.folder,
            env=_environment() | _visible(cards),
            process_group=self.group,
        )
        os.close(frames_out)
        assert self._process.stdin is not None  # noqa: S101
        assert self._process.stdout is not None  # noqa: S101
        assert self._process.stderr is not None  # noqa: S101
        self.inbox = self._process.stdin.fileno()
        self.stdout = self._process.stdout.fileno()
        self.stderr = self._process.stderr.fileno()
        for descriptor in (self.inbox, self.frames, self.stdout, self.stderr):
            os.set_blocking(descriptor, False)
        with suppress(OSError):  # a user may have used up the room for large pipes
            fcntl.fcntl(self.inbox, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self._send(
            {
                "kind": engine.kind,
                "python": engine.python,
                "command": list(engine.command),
                "http": engine.http,
                "seam": self.seam,
            }
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def sending(self) -> bool:
        """Whether a document still waits for the host to read it."""
        return bool(self._unsent)

    @property
    def overdue(self) -> bool:
        """Whether it should have been ready by now."""
        return not self.ready and time.monotonic() - self.started_at > READY_SECONDS

    def run(self, tasks: Sequence[tuple[dict[str, Any], str]]) -> None:
        """Hand it tasks, each a document and a folder to work in; it runs them in this order."""
        self._send(*({"document": document, "work": work} for document, work in tasks))

    def drop(self, task_id: str) -> None:
        """Take a task back that it may not have begun: it answers `dropped`, or has."""
        self._send({"drop": [task_id]})

    def flush(self) -> None:
        """Write what the pipe takes now."""
        while self._unsent:
            try:
                written = os.write(self.inbox, self._unsent[0])
            except BlockingIOError:
                return
            except BrokenPipeError:
                self._unsent.clear()
                return
            if written == len(self._unsent[0]):
                self._unsent.popleft()
            else:
                self._unsent[0] = self._unsent[0][written:]

    def messages(self) -> list[dict[str, Any]]:
        """The frames that have arrived. Raises BrokenFrames."""
        return self._reader.feed(read_available(self.frames))

    def split(self, data: bytes, stream: str) -> list[bytes]:
        """What a stream brought, cut at the seams; a seam that has not wholly come is kept."""
        seam = self.seam.encode()
        if not seam:
            return [data]
        *parts, rest = (self._rests.pop(stream, b"") + data).split(seam)
        start = rest.rfind(seam[:1])
        if start >= 0 and seam.startswith(rest[start:]):
            self._rests[stream] = rest[start:]
            rest = rest[:start]
        return [*parts, rest]

    def poll(self) -> int | None:
        """The exit status, once it has ended; negative for a signal."""
        return self._process.poll()

    def signal(self, number: signal.Signals) -> None:
        """Signal the whole group."""
        try:
            os.killpg(self.group, number)
        except ProcessLookupError:
            return

    def close(self) -> None:
        """End the group for certain and collect it."""
        os.close(self._life)
        self.signal(signal.SIGKILL)
        self._process.wait()
        self._supervisor.wait()
        os.close(self.frames)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                _close(stream)

    def _send(self, *messages: dict[str, Any]) -> None:
        self._unsent.append(memoryview(b"".join(map(frames.encode, messages))))
        self.flush()


def read_available(descriptor: int) -> bytes:
    """What a pipe holds now; empty when nothing, also at its end."""
    try:
        return os.read(descriptor, READ_BYTES)
    except BlockingIOError:
        return b""


def _close(stream: Any) -> None:
    try:
        stream.close()
    except BrokenPipeError:
        return


def _environment() -> dict[str, str]:
    """The worker's environment less its secrets."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_SECRETS)
        and "SECRET" not in name
        and "PASSWORD" not in name
        and "TOKEN" not in name
    } | {"PYTHONUNBUFFERED": "1"}


def _visible(cards: tuple[str, ...]) -> dict[str, str]:
    """By uuid: the driver's indexes and CUDA's need not agree, and MIG instances have none."""
    return {"CUDA_VISIBLE_DEVICES": ",".join(cards)} if cards else {}
