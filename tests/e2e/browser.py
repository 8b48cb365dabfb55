"""What the browser tests share: faults of a page, logging in, pictures, axe."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect

from tests.consoles import PASSWORD, Console

ADMIN = "admin"
SOON_MS = 6_000
"""For what a page shows within one second, or two for a session: times a loaded machine."""
SCREENSHOTS = Path(__file__).parent / "screenshots"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# The browser writes these itself for answers that the page expects and handles.
EXPECTED = re.compile(r"status of (401|404|410)|status of 400 .*/console/login\)$")
REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) =>
  reportViolation(`${event.violatedDirective}: ${event.blockedURI} ${event.sourceFile}`));
"""


@dataclass
class Faults:
    """What went wrong in the pages of a context: must be empty at the end of a test."""

    seen: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self.seen.append(f"pageerror: {error.error}"))
        context.expose_function("reportViolation", lambda what: self.seen.append(f"CSP: {what}"))
        context.add_init_script(REPORT_VIOLATIONS)

    def _on_console(self, message: ConsoleMessage) -> None:
        line = f"console: {message.text} ({message.location.get('url')})"
        if message.type == "error" and not EXPECTED.search(line):
            self.seen.append(line)


def login(page: Page, console: Console, at: str | None = None) -> None:
    """Log in with the first admin's password, on the login page or where the browser was led."""
    page.goto(at or f"{console.url}/console/login")
    page.get_by_label("Username").fill(ADMIN)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("navigation").first).to_be_visible()


def shot(page: Page, name: str) -> None:
    """Keep a picture to be looked at."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", animations="disabled")


def assert_accessible(page: Page) -> None:
    """axe finds nothing serious or critical."""
    violations = Axe().run(page).response["violations"]
    grave = [
        f"{found['id']}: {node['html'][:200]} {node.get('failureSummary', '')[:300]}"
        for found in violations
        if found["impact"] in {"serious", "critical"}
        for node in found["nodes"]
    ]
    assert grave == [], "\n".join(grave)
