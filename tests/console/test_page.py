"""The shell of the page: any deep link, revalidated, with no data in it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.factories import staff_client

MANIFEST = {
    "src/main.tsx": {
        "file": "assets/main-abcdefgh.js",
        "isEntry": True,
        "css": ["assets/main-12345678.css"],
        "imports": ["_react.js"],
    },
    "_react.js": {"file": "assets/react-ABCDEFGH.js", "imports": ["src/main.tsx", "_ui.js"]},
    "_ui.js": {"file": "assets/ui-00000000.js", "css": ["assets/ui-11111111.css"]},
    "src/late.tsx": {"file": "assets/late-22222222.js", "imports": ["src/main.tsx"]},
}


@pytest.fixture(autouse=True)
def dist(settings: Any, tmp_path: Path) -> Path:
    settings.FRONTEND_DIST = tmp_path
    manifest = tmp_path / ".vite" / "manifest.json"
    manifest.parent.mkdir()
    manifest.write_text(json.dumps(MANIFEST))
    return manifest


def text_of(path: str = "/console/", **cookies: str) -> str:
    client = Client()
    client.cookies.load(cookies)
    return client.get(path).content.decode()


@pytest.mark.parametrize("path", ["", "login", "jobs/123?task=4&tab=logs", "no/such/page"])
def test_every_deep_link_answers_with_the_shell(path: str) -> None:
    answer = Client().get(f"/console/{path}")
    assert answer.status_code == 200
    assert b'<div id="root">' in answer.content


def test_the_shell_loads_what_the_entry_needs_and_no_more() -> None:
    links = re.findall(r'(?:src|href)="(/static/[^"]+)"', text_of())
    names = ["main-12345678.css", "ui-11111111.css", "react-ABCDEFGH.js", "ui-00000000.js"]
    assert links == [f"/static/console/assets/{name}" for name in [*names, "main-abcdefgh.js"]]


def test_the_shell_has_no_script_of_its_own() -> None:
    for script in re.findall(r"<script[^>]*>", text_of()):
        assert 'src="' in script or 'type="application/json"' in script


def test_the_shell_is_revalidated() -> None:
    first = Client().get("/console/")
    again = Client().get("/console/", headers={"If-None-Match": first["ETag"]})
    assert first["Cache-Control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")


def test_a_new_build_changes_the_shell(dist: Path) -> None:
    before = Client().get("/console/")["ETag"]
    dist.write_text(json.dumps(MANIFEST).replace("abcdefgh", "zzzzzzzz"))
    assert Client().get("/console/")["ETag"] != before


def test_the_boot_says_what_the_page_must_know() -> None:
    found = re.search(r'<script id="boot" type="application/json">(.*?)</script>', text_of())
    assert found is not None
    assert set(json.loads(found[1])) == {"version", "demo", "console_url", "csrf_cookie"}


@pytest.mark.django_db
def test_the_shell_is_the_same_for_everybody() -> None:
    assert staff_client().get("/console/").content.decode() == text_of()


@pytest.mark.parametrize(
    ("cookie", "html"),
    [
        ("dark", '<html lang="en" class="dark">'),
        ("light", '<html lang="en" class="light">'),
        ("system", '<html lang="en">'),
        ('"><script>', '<html lang="en">'),
    ],
)
def test_the_theme_of_the_cookie_is_on_the_page(cookie: str, html: str) -> None:
    assert html in text_of(theme=cookie)


def test_without_a_build_it_says_how_to_build(dist: Path) -> None:
    dist.unlink()
    answer = Client().get("/console/jobs")
    assert answer.status_code == 503
    assert b"make setup" in answer.content


@pytest.mark.parametrize("path", ["/", "/console", "/admin"])
def test_short_addresses_lead_on(path: str) -> None:
    answer = Client().get(path)
    assert answer.status_code == 302
    assert answer.headers["Location"] in {"/console/", "/admin/"}


@pytest.mark.parametrize("path", ["/console/", "/api/docs", "/api/none", "/nowhere"])
def test_the_security_headers_are_on_every_answer(path: str) -> None:
    answer = Client().get(path)
    assert "script-src 'self';" in answer["Content-Security-Policy"] + ";"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Request-ID"]
