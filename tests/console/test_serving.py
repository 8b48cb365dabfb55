"""daphne as we start it, over real sockets: bodies end where their limit is."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 2_500_000
FILE_LIMIT = 64 * 1024 * 1024
CHUNK = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[int, int]]:
    """The port and process id of a server whose application answers with the body's length."""
    program = [sys.executable, "-m", "tests.console.echo"]
    with subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        yield port, process.pid
        process.terminate()


class Connection:
    """A client that writes what it likes and reads one answer."""

    def __init__(self, port: int, request_line: str, *headers: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        head = "\r\n".join([f"{request_line} HTTP/1.1", "Host: localhost", *headers])
        self.socket.sendall(f"{head}\r\n\r\n".encode())

    def pour(self, chunks: int) -> None:
        """Send so many 64 KiB chunks, or until the server has hung up."""
        try:
            for _ in range(chunks):
                self.socket.sendall(CHUNK)
        except OSError:
            return

    def answer(self) -> tuple[int, bytes]:
        with self.socket, self.socket.makefile("rb") as file:
            status = int(file.readline().split()[1])
            headers = list(iter(file.readline, b"\r\n"))
            length = [line for line in headers if line.lower().startswith(b"content-length:")]
            return status, file.read(int(length[0].split(b":")[1]))


def memory_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def test_a_declared_length_above_the_limit_is_413_at_once(server: tuple[int, int]) -> None:
    length = f"Content-Length: {LIMIT + 1}"
    status, body = Connection(server[0], "POST /api/console/jobs", length).answer()
    assert status == 413
    assert json.loads(body)["errors"][0]["code"] == "too_large"


@pytest.mark.parametrize("path", ["/api/console/jobs", "/api/console/files?name=x", "/console/"])
def test_an_endless_body_is_413_soon_and_costs_no_memory(
    server: tuple[int, int], path: str
) -> None:
    port, pid = server
    began, before = time.monotonic(), memory_mb(pid)
    connection = Connection(port, f"POST {path}", "Transfer-Encoding: chunked")
    connection.pour(12_800)
    assert connection.answer()[0] == 413
    assert time.monotonic() - began < 15
    assert memory_mb(pid) - before < 40


def test_a_body_within_the_limit_arrives_whole(server: tuple[int, int]) -> None:
    connection = Connection(server[0], "POST /api/console/jobs", "Transfer-Encoding: chunked")
    connection.pour(38)
    connection.socket.sendall(b"0\r\n\r\n")
    assert connection.answer() == (200, str(38 * 0x10000).encode())


def test_a_file_may_be_larger(server: tuple[int, int]) -> None:
    length = f"Content-Length: {LIMIT + 1}"
    connection = Connection(server[0], "POST /api/console/files?name=a", length)
    connection.socket.sendall(b"x" * (LIMIT + 1))
    assert connection.answer() == (200, str(LIMIT + 1).encode())


def test_whoever_waits_to_be_asked_is_told_at_once(server: tuple[int, int]) -> None:
    headers = (f"Content-Length: {FILE_LIMIT + 1}", "Expect: 100-continue")
    assert Connection(server[0], "POST /api/console/files", *headers).answer()[0] == 413


def test_the_server_goes_on_after_a_refusal(server: tuple[int, int]) -> None:
    assert Connection(server[0], "GET /console/").answer() == (200, b"0")
