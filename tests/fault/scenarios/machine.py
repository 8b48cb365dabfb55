"""The state machine of `tests/fault/machine.py` on a database of its own."""

from __future__ import annotations

import subprocess
import sys

from tests.consoles import ROOT
from tests.fault.site import SECRETS, plain_environment
from tests.fault.stage import Stage

STEPS = 50


def run(stage: Stage) -> None:
    """`n` examples of 50 steps."""
    folder = stage.site.folder / f"machine-{stage.db}"
    environment = plain_environment() | {
        "YARD_MACHINE_EXAMPLES": str(stage.n),
        "YARD_TEST_FOLDER": str(folder),
        "CONSOLE_DATA_DIR": str(folder),
    }
    if stage.db == "pg":
        environment |= SECRETS | {
            "DATABASE_URL": stage.site.postgres.url,
            "REDIS_URL": stage.site.redis.url,
            "CONSOLE_FILES_URL": str(folder / "files"),
            "CONSOLE_URL": "http://127.0.0.1:8000",
        }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider",
         "tests/fault/test_machine.py::test_any_order_of_calls_ends_as_the_model_says",
         f"--hypothesis-seed={stage.seed}"],
        cwd=ROOT, env=environment, check=False, capture_output=True, text=True,
    )  # fmt: skip
    stage.figures |= {"examples": stage.n, "steps": STEPS}
    stage.expect(done.returncode == 0, done.stdout[-3000:])
