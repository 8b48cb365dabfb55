"""Input that means harm, or makes no sense: refused by name, and nothing of it is stored."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from django.test import Client

from apps.tenants.models import AuditEntry
from tests.factories import key_client, make_tenant
from tests.security.readings import documented
from tests.security.routes import API, ROUTES, STAFF
from tests.security.world import JSON, Party, faults, rows_of

TASK: dict[str, Any] = {"key": "a", "engine_id": "test.a"}
DEEP = "[" * 40 + "]" * 40
LARGE = b'{"name": "' + b"x" * 2_600_000 + b'"}'
NO_FIELD = "non_field_errors"


def job(**fields: Any) -> bytes:
    return json.dumps({"name": "n", "tasks": [TASK], **fields}).encode()


def raw(field: str, text: str) -> bytes:
    """A submission in which one field's value is written by hand."""
    return f'{{"name": "n", "tasks": {json.dumps([TASK])}, "{field}": {text}}}'.encode()


def of_task(**fields: Any) -> bytes:
    return job(tasks=[{**TASK, **fields}])


BODIES: dict[str, tuple[bytes, int, str | None]] = {
    "NUL in a name": (job(name="a\0b"), 400, "name"),
    "NUL deep in parameters": (job(parameters={"a": [{"b": "\0"}]}), 400, "parameters"),
    "NUL in a key": (job(parameters={"a\0": 1}), 400, "parameters"),
    "NUL in a label": (job(labels={"a": "\0"}), 400, "labels"),
    "half a surrogate": (job(name="\ud800"), 400, NO_FIELD),
    "half a surrogate in a key": (job(parameters={"\udfff": 1}), 400, NO_FIELD),
    "bad UTF-8": (raw("priority", '"\xff"').replace("ÿ".encode(), b"\xff"), 400, NO_FIELD),
    "NaN": (raw("priority", "NaN"), 400, NO_FIELD),
    "-Infinity": (raw("parameters", '{"a": -Infinity}'), 400, NO_FIELD),
    "1e999": (raw("parameters", '{"a": 1e999}'), 400, NO_FIELD),
    "depth 40": (raw("parameters", f'{{"a": {DEEP}}}'), 400, "parameters"),
    "2^70": (raw("parameters", f'{{"a": {2**70}}}'), 400, "parameters"),
    "-2^70 as a priority": (raw("priority", str(-(2**70))), 400, "priority"),
    "a number of 5,000 digits": (raw("priority", "9" * 5000), 400, NO_FIELD),
    "2.6 MB": (LARGE, 413, None),
    "no JSON": (b"{", 400, NO_FIELD),
    "a number of 200 digits": (raw("priority", "9" * 200), 400, "priority"),
    "nothing": (b"", 400, "name"),
    "a list": (b"[]", 400, NO_FIELD),
    "null": (b"null", 400, NO_FIELD),
    "an unknown field": (job(tenant="globex"), 400, "tenant"),
    "an unknown field's endless name": (job(**{"x" * 5000: 1}), 400, "x" * 100),
    "no name": (job(name=""), 400, "name"),
    "a blank name": (job(name="  "), 400, "name"),
    "201 characters": (job(name="x" * 201), 400, "name"),
    "a name that turns the text": (job(name="a\u202eb"), 400, "name"),
    "a mark that turns the text": (job(name="a\u200fb"), 400, "name"),
    "a name over two lines": (job(name="a\nb"), 400, "name"),
    "a number for a name": (job(name=1), 400, "name"),
    "priority 101": (job(priority=101), 400, "priority"),
    "priority 1.5": (job(priority=1.5), 400, "priority"),
    "priority true": (job(priority=True), 400, "priority"),
    "parameters in a list": (job(parameters=[]), 400, "parameters"),
    "labels in a list": (job(labels=[]), 400, "labels"),
    "a label's name of 64": (job(labels={"x" * 64: "a"}), 400, "labels"),
    "a label's value of 201": (job(labels={"a": "x" * 201}), 400, "labels.a"),
    "a label with a colon": (job(labels={"a:b": "c"}), 400, "labels"),
    "a label that is a number": (job(labels={"a": 1}), 400, "labels.a"),
    "51 labels": (job(labels={str(n): "x" for n in range(51)}), 400, "labels"),
    "tasks in an object": (job(tasks={}), 400, "tasks"),
    "a task that is a text": (job(tasks=["a"]), 400, "tasks.0"),
    "no task": (job(tasks=[]), 400, "tasks"),
    "pipeline and tasks": (job(pipeline="p"), 400, "pipeline"),
    "a pipeline that is not there": (job(tasks=None, pipeline="p"), 400, "pipeline"),
    "an engine that is a path": (of_task(engine_id="../x"), 400, "tasks.0.engine_id"),
    "a task's own command": (of_task(command=["sh"]), 400, "tasks.0.command"),
    "a task's timeout of 1e300": (of_task(timeout_seconds=1e300), 400, "tasks.0.timeout_seconds"),
    "a task's retries of 2^31": (of_task(max_retries=2**31), 400, "tasks.0.max_retries"),
    "a key that turns the text": (of_task(key="a\u202eb"), 400, "tasks.0.key"),
    "a file that is a path": (job(parameters={"file": "/etc/passwd"}), 400, NO_FIELD),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_hostile_body_is_refused_by_name(name: str, client_of_acme: Client) -> None:
    data, status, attr = BODIES[name]
    answer = client_of_acme.post(f"/{API}jobs", data, content_type=JSON)
    assert (answer.status_code, faults(answer)) == (status, []), answer.content
    assert answer.json()["errors"][0]["attr"] == attr
    assert stored() == 0


@pytest.fixture
def client_of_acme(db: None) -> Client:
    return key_client(make_tenant())


def stored() -> int:
    """Rows of the tenant, and its entries in the trail beside the one for its key."""
    rows = sum(len(found) for found in rows_of(make_tenant()).values())
    return rows + AuditEntry.objects.exclude(action="issue").count()


def test_a_doubled_key_is_refused_by_name(client_of_acme: Client) -> None:
    data = raw("name", '"second"')
    answer = client_of_acme.post(f"/{API}jobs", data, content_type=JSON)
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "name")
    assert stored() == 0


HEADERS: dict[str, tuple[dict[str, str], str, int, str | None]] = {
    "a key of 300": ({"Idempotency-Key": "x" * 300}, JSON, 400, "Idempotency-Key"),
    "an empty key": ({"Idempotency-Key": ""}, JSON, 400, "Idempotency-Key"),
    "a key of bytes": ({"Idempotency-Key": "\x80\xff"}, JSON, 400, "Idempotency-Key"),
    "gzip": ({"Content-Encoding": "gzip"}, JSON, 415, None),
    "gzip in capitals": ({"Content-Encoding": "GZIP"}, JSON, 415, None),
    "brotli": ({"Content-Encoding": "br"}, JSON, 415, None),
    "plain text": ({}, "text/plain", 415, None),
    "a form": ({}, "application/x-www-form-urlencoded", 415, None),
    "many parts": ({}, "multipart/form-data; boundary=x", 415, None),
    "no type": ({}, "nonsense", 415, None),
    "a length that lies": ({"Content-Length": "-1"}, JSON, 413, None),
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_hostile_header_is_refused(name: str, client_of_acme: Client) -> None:
    headers, kind, status, attr = HEADERS[name]
    data = gzip.compress(job()) if "Content-Encoding" in headers else job()
    answer = client_of_acme.post(f"/{API}jobs", data, content_type=kind, headers=headers)
    assert (answer.status_code, faults(answer)) == (status, []), answer.content
    assert [error["attr"] for error in answer.json()["errors"]] == [attr]
    assert stored() == 0


FILE_NAMES = ["", "%00", "..", "a/b", "a%5Cb", "%E2%80%AEtxt", "x" * 256, "%0D%0AX-Evil:1"]


@pytest.mark.parametrize("name", FILE_NAMES)
@pytest.mark.parametrize("size", ["", "&size=5"])
def test_a_hostile_file_name_is_refused(name: str, size: str, client_of_acme: Client) -> None:
    url = f"/{API}files?name={name}{size}"
    answer = client_of_acme.post(url, b"" if size else b"x", content_type="text/plain")
    assert (answer.status_code, faults(answer)) == (400, []), answer.content
    assert {error["attr"] for error in answer.json()["errors"]} == {"name"}
    assert stored() == 0


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "Multipart/Mixed"])
def test_a_form_is_no_file(kind: str, acme: Party) -> None:
    before = rows_of(acme.tenant)
    for row in (row for row in ROUTES if isinstance(row.data, bytes)):
        url = row.url(acme.ids[row.on])
        answer = acme.client.generic(row.method, url, b"hello", content_type=kind)
        assert (str(row), answer.status_code, faults(answer)) == (str(row), 415, [])
    assert rows_of(acme.tenant) == before


# Queries -----------------------------------------------------------------------------------------

BAD_NUMBERS = ["", "abc", "-1", "1.5", "1e3", "9" * 40, "%00", "true", "0x10"]
BAD_TEXTS = ["%00", "%ED%A0%80", "x" * 5000, "%FF%FE", "%E2%80%AE"]
BAD = {
    "limit": ["0", "201"],
    "offset": ["10001"],
    "cursor": ["x", "YjAxOTM:abc", ""],
    "status": ["bogus", "", "COMPLETED"],
    "q": ["x" * 65],
    "label": ["a", ":a"],
    "created_after": ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2201-01-01", "yesterday"],
    "created_before": ["0001-01-01T00:00:00%2B14:00", "10000-01-01", "1969-12-31"],
    "wait": ["61", "-0.1"],
    "level": ["fatal"],
    "tail": ["0", "1001"],
    "attempt": ["0"],
    "before": ["0"],
    "number": ["0"],
}


def parameters() -> list[tuple[str, str, str]]:
    """Path, name and type of every documented query parameter of a GET."""
    return [
        (row.path, parameter["name"], parameter["schema"]["type"])
        for row in ROUTES
        if row.method == "GET"
        for parameter in documented()[row.path]
        if parameter["name"] != "tenant"
    ]


def address(path: str, own: Party, query: str) -> str:
    (row,) = (row for row in ROUTES if (row.method, row.path) == ("GET", path))
    return row.url(own.ids[row.on], query)


def test_no_parameter_takes_nonsense(acme: Party) -> None:
    for path, name, kind in parameters():
        for value in BAD.get(name, []) + (BAD_NUMBERS if kind == "integer" else []):
            answer = acme.client.get(address(path, acme, f"{name}={value}"))
            assert (path, name, value, answer.status_code) == (path, name, value, 400)
            attr = answer.json()["errors"][0]["attr"]
            assert (value, attr.split(".")[0], faults(answer)) == (value, name, [])


def test_no_parameter_brings_the_server_down(acme: Party) -> None:
    for path, name, _ in parameters():
        for value in (*BAD_TEXTS, *BAD_NUMBERS):
            answer = acme.client.get(address(path, acme, f"{name}={value}&{name}={value}"))
            assert (path, name, value, answer.status_code // 100) in {
                (path, name, value, 2),
                (path, name, value, 4),
            }


def test_an_unknown_parameter_is_refused_on_every_route(acme: Party) -> None:
    for row in ROUTES:
        if row.needs == "staff":
            continue
        url = row.url(acme.ids[row.on], "fields=secret&colour=red")
        answer = acme.client.generic(row.method, url, b"{}", content_type=JSON)
        assert (str(row), answer.status_code, faults(answer)) == (str(row), 400, [])
        assert {error["attr"] for error in answer.json()["errors"]} == {"fields", "colour"}


BAD_IDS = ["x", "0", "-1", "%00", "%ED%A0%80", "x" * 3000, "..", "0" * 31, "%27%20OR%201=1"]


@pytest.mark.parametrize("bad", BAD_IDS)
def test_an_id_that_is_none_is_not_there(bad: str, acme: Party) -> None:
    for row in ROUTES:
        for name in () if row.needs == STAFF else row.names:
            url = row.url({**acme.ids[row.on], name: bad})
            answer = acme.client.generic(row.method, url, b"{}", content_type=JSON)
            assert (str(row), answer.status_code, faults(answer)) == (str(row), 404, [])


@pytest.mark.parametrize("number", ["0", "2", "99999999999999999999999999", "1e3", "-1", "%00"])
def test_a_part_that_cannot_be_is_refused(number: str, acme: Party) -> None:
    url = f"/{API}files/{acme.ids['upload']['file_id']}/parts/{number}"
    answer = acme.client.put(url, b"hello", content_type="text/plain")
    assert (answer.status_code in {400, 404}, faults(answer)) == (True, [])
