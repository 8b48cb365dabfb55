"""A console for the session, a browser for the module, a page for the test."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect, sync_playwright

from tests.consoles import STOP_SECONDS, Console, EmbeddedConsole
from tests.e2e.browser import ARGUMENTS, Faults, login

ColorScheme = Literal["light", "dark"]

WAIT_MS = 10_000
expect.set_options(timeout=WAIT_MS)


@contextmanager
def running_console(folder: Path, engines: Path | None = None) -> Iterator[Console]:
    """An embedded console; at the end SIGTERM must stop it in time and its log be clean."""
    environment = {"CONSOLE_ENGINES": str(engines) if engines else ""}
    with EmbeddedConsole(folder, environment, empty=True) as console:
        yield console
        started = time.monotonic()
        assert console.stop("up") == 0, console.log("up")
        assert time.monotonic() - started < STOP_SECONDS
        assert "Traceback" not in console.log("up"), console.log("up")


@pytest.fixture(scope="session")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with running_console(tmp_path_factory.mktemp("console")) as running:
        yield running


@pytest.fixture
def fresh_console(tmp_path: Path) -> Iterator[Console]:
    """One that nobody has used yet."""
    with running_console(tmp_path) as running:
        yield running


# Not for the session: while Playwright's loop runs, Django refuses the database to other tests.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    assert chromium, "Install chromium (apt-get install chromium)."
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield running
        running.close()


@contextmanager
def watched(
    browser: Browser, theme: ColorScheme, state: StorageState | None = None
) -> Iterator[Page]:
    """A page of a fresh profile; at the end nothing may have gone wrong in it."""
    faults = Faults()
    context = browser.new_context(
        color_scheme=theme,
        storage_state=state,
        viewport={"width": 1440, "height": 900},
        locale="en-GB",
    )
    context.set_default_timeout(WAIT_MS)
    faults.watch(context)
    yield context.new_page()
    context.close()
    assert faults.seen == []


@pytest.fixture(params=["light"])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of nobody; parametrize it indirectly with "dark" for the other theme."""
    with watched(browser, request.param) as page:
        yield page


@pytest.fixture(scope="module")
def staff_state(browser: Browser, console: Console) -> Iterator[StorageState]:
    """The cookies of an admin who has logged in."""
    with watched(browser, "light") as page:
        login(page, console)
        yield page.context.storage_state()


@pytest.fixture(params=["light"])
def staff_page(
    browser: Browser, staff_state: StorageState, request: pytest.FixtureRequest
) -> Iterator[Page]:
    """A page of an admin who is logged in on `console`."""
    with watched(browser, request.param, staff_state) as page:
        yield page
