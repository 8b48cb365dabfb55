"""A private PostgreSQL and a private Redis, to be used, crashed and frozen by tests."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.waiting import eventually

START_SECONDS = 30
STOP_SECONDS = 10
TRIES = 5


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def dying_with_parent(name: str, argv: list[str]) -> list[str]:
    """The command, sent this signal when the thread that started it is gone (Linux only)."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", name, "--", *argv] if setpriv else argv


class PrivateServer(ABC):
    """A server process on a free port of loopback with a folder of its own; a context manager."""

    stop_signal = signal.SIGTERM
    crash_signal = signal.SIGKILL
    orphan_signal = "KILL"

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"yard-{type(self).__name__.lower()}-"))
        self.user: str | None = None
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def url(self) -> str: ...

    @abstractmethod
    def _command(self) -> list[str]: ...

    @abstractmethod
    def _answers(self) -> bool: ...

    def __enter__(self) -> Self:
        try:
            self._start_anywhere()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        if self._process is None:
            message = f"{type(self).__name__} is not running"
            raise RuntimeError(message)
        return self._process.pid

    def start(self) -> None:
        """Start on the port it has and wait until it answers; RuntimeError with its log if not."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                dying_with_parent(self.orphan_signal, self._command()),
                cwd=self.folder,
                user=self.user,
                group=pwd.getpwnam(self.user).pw_gid if self.user else None,
                extra_groups=[] if self.user else None,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        eventually(self._answers_or_is_gone, seconds=START_SECONDS)

    def stop(self) -> None:
        """Ask it to end and wait; by force when it does not."""
        self._end(self.stop_signal)

    def kill(self) -> None:
        """End it without a goodbye, as a crash does; `start()` brings it back."""
        self._end(self.crash_signal)

    def restart(self) -> None:
        self.stop()
        self.start()

    def pause(self) -> None:
        """Freeze it: connections stay open and nothing answers."""
        os.kill(self.pid, signal.SIGSTOP)
        for child in self._children():
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGSTOP)

    def resume(self) -> None:
        for pid in (*self._children(), self.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start_anywhere(self) -> None:
        """Start on a free port; another process may take it first, then on another one."""
        for attempt in range(1, TRIES + 1):
            self.port = free_port()
            try:
                self.start()
            except RuntimeError:
                if attempt == TRIES:
                    raise
            else:
                return

    def _end(self, with_signal: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for pid in (*_children_of(process.pid), process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        process.send_signal(with_signal)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.send_signal(self.crash_signal)
            process.wait(STOP_SECONDS)

    def _answers_or_is_gone(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            log = (self.folder / "log").read_text(errors="replace")[-2000:]
            self._process = None
            message = f"{type(self).__name__} did not start:\n{log}"
            raise RuntimeError(message)
        return self._answers()

    def _children(self) -> list[int]:
        return _children_of(self.pid)


def _children_of(pid: int) -> list[int]:
    try:
        return [
            int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]
    except FileNotFoundError:
        return []


class PrivatePostgres(PrivateServer):
    """A PostgreSQL cluster with one empty database. Root runs it as the user `postgres`."""

    stop_signal = signal.SIGINT
    # An immediate shutdown: its processes end where they are, the next start has to recover.
    crash_signal = signal.SIGQUIT
    orphan_signal = "QUIT"
    database = "yardmaster"

    def __init__(self) -> None:
        self._programs = postgres_programs()
        super().__init__()
        self.user = "postgres" if os.geteuid() == 0 else None
        if self.user:
            shutil.chown(self.folder, self.user)

    def __enter__(self) -> Self:
        try:
            self._run("initdb", "-D", "data", "-U", "postgres", "--auth=trust", "--no-sync",
                      "--encoding=UTF8", "--locale=C")  # fmt: skip
            self._start_anywhere()
            self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres",
                      self.database)  # fmt: skip
        except BaseException:
            self.close()
            raise
        return self

    @property
    def url(self) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/{self.database}"

    def _command(self) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "fsync": "off",
            "full_page_writes": "off",
            "max_connections": "200",
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [str(self._programs / "postgres"), "-D", "data", *options]

    def _answers(self) -> bool:
        argv = [str(self._programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(argv, check=False).returncode == 0

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._programs / program), *arguments],
            cwd=self.folder,
            user=self.user,
            group=pwd.getpwnam(self.user).pw_gid if self.user else None,
            extra_groups=[] if self.user else None,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            message = f"{program} failed: {done.stderr.strip() or done.stdout.strip()}"
            raise RuntimeError(message)


class PrivateRedis(PrivateServer):
    """A Redis that keeps nothing on disk."""

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def _command(self) -> list[str]:
        return [
            "redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
            "--appendonly", "no",
        ]  # fmt: skip

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(7) == b"+PONG\r\n"
        except OSError:
            return False


def postgres_programs() -> Path:
    """The folder of `initdb` and its kin; FileNotFoundError when PostgreSQL is not installed."""
    folders = [Path(folder) for folder in os.get_exec_path()]
    if pg_config := shutil.which("pg_config"):
        said = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        folders.insert(0, Path(said.stdout.strip()))
    newest_first = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name)
    )
    for folder in (*folders, *newest_first):
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return folder
    message = "PostgreSQL's server programs (initdb, postgres) are not installed."
    raise FileNotFoundError(message)
