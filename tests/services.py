"""Private PostgreSQL and Redis for the tests: `python -m tests.services -- CMD…`."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import FrameType

from tests.servers import PrivatePostgres, PrivateRedis, dying_with_parent

__all__ = ["PrivatePostgres", "PrivateRedis", "services"]

REDIS_SERVERS = 4
FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def services() -> Iterator[dict[str, str]]:
    """The servers running; the environment that a scaled console under test needs.

    There are several Redis, as pytest's parallel processes must not hear each other's messages.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="yard-test-"))
        postgres = stack.enter_context(PrivatePostgres())
        redis = [stack.enter_context(PrivateRedis()) for _ in range(REDIS_SERVERS)]
        yield {
            "DATABASE_URL": postgres.url,
            "REDIS_URL": redis[0].url,
            "YARD_TEST_REDIS_URLS": " ".join(server.url for server in redis),
            "YARD_TEST_FOLDER": folder,
            "CONSOLE_DATA_DIR": folder,
            "CONSOLE_FILES_URL": f"{folder}/files",
            "CONSOLE_SECRET_KEY": secrets.token_urlsafe(48),
            "CONSOLE_KEY_PEPPER": secrets.token_urlsafe(48),
            "CONSOLE_URL": "http://127.0.0.1:8000",
        }


class Guest:
    """The command that runs between start and stop; signals meant for us are passed on to it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        for number in FORWARDED:
            signal.signal(number, self._on_signal)

    def run(self, argv: list[str], environment: dict[str, str]) -> int:
        """Its exit code, as a shell would tell it."""
        self._process = subprocess.Popen(
            dying_with_parent("TERM", argv), env=environment, start_new_session=True
        )
        code = self._process.wait()
        for number in FORWARDED:
            signal.signal(number, signal.SIG_IGN)
        return code if code >= 0 else 128 - code

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self._process is None:
            raise SystemExit(128 + number)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


def main(arguments: list[str]) -> int:
    if arguments[:1] != ["--"] or len(arguments) == 1:
        sys.stderr.write("Usage: python -m tests.services -- COMMAND [ARGUMENT…]\n")
        return 2
    guest = Guest()
    with services() as environment:
        return guest.run(arguments[1:], {**os.environ, **environment})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
