"""The audit believes no service that knows no holes, and passes on what one that does says."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.architecture.tree import ROOT

# It needs no database: once is enough.
pytestmark = pytest.mark.system

HOLED = {"jinja2", "lodash"}
OSV_HOLE = {"vulns": [{"id": "HOLE-1", "affected": []}]}
NPM_HOLE = {"id": 1, "title": "HOLE-1", "severity": "high", "vulnerable_versions": "*", "url": "x"}

Holed = Callable[[str], bool]


def answer(question: dict[str, Any], holed: Holed) -> dict[str, Any]:
    """As OSV does of one package, or as npm's registry does of many."""
    if "package" in question:
        return OSV_HOLE if holed(question["package"]["name"]) else {}
    return {name: [NPM_HOLE] for name in question if holed(name)}


@contextmanager
def advisories(holed: Holed) -> Iterator[str]:
    """The address of a service that knows of these holes."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(answer(json.loads(body), holed)).encode())

        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def audited(holed: Holed, *, required: bool = False) -> subprocess.CompletedProcess[str]:
    with advisories(holed) as url:
        environment = {
            **os.environ,
            "PIP_AUDIT_VULNERABILITY_SERVICE": "osv",
            "PIP_AUDIT_OSV_URL": url,
            "npm_config_registry": url,
            "AUDIT": "required" if required else "",
        }
        argv = [sys.executable, "deploy/build/supply_chain.py"]
        return subprocess.run(
            argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )


def test_a_service_that_knows_holes_is_believed_when_it_finds_none() -> None:
    done = audited(HOLED.__contains__, required=True)
    assert (done.returncode, done.stdout.count("no known holes")) == (0, 2), done.stderr


def test_a_service_that_knows_nothing_is_no_audit() -> None:
    done = audited(lambda name: False)
    assert (done.returncode, done.stdout.count("NOT AUDITED")) == (0, 2)


def test_no_audit_is_a_failure_where_one_is_required() -> None:
    assert audited(lambda name: False, required=True).returncode == 1


@pytest.mark.parametrize("package", ["django", "react"])
def test_a_package_with_a_known_hole_fails(package: str) -> None:
    done = audited((HOLED | {package}).__contains__)
    assert done.returncode == 1
    assert package in done.stderr
