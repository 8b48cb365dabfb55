"""The console's settings under test: a folder of its own, fast hashes, no built page needed."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path


def _claim_folder() -> None:
    """Point the console at a temporary folder, one for each of pytest's parallel processes.

    Programs that a test starts inherit it. `tests.services` made one already.
    """
    if "YARD_TEST_FOLDER" not in os.environ:
        folder = tempfile.mkdtemp(prefix="yard-test-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.environ["YARD_TEST_FOLDER"] = os.environ["CONSOLE_DATA_DIR"] = folder
    folder, worker = os.environ["YARD_TEST_FOLDER"], os.environ.get("PYTEST_XDIST_WORKER")
    if worker and os.environ["CONSOLE_DATA_DIR"] == folder:
        os.environ["CONSOLE_DATA_DIR"] = f"{folder}/{worker}"
        if "CONSOLE_FILES_URL" in os.environ:
            os.environ["CONSOLE_FILES_URL"] = f"{folder}/{worker}/files"
        if servers := os.environ.get("YARD_TEST_REDIS_URLS", "").split():
            number = int(worker.removeprefix("gw"))
            os.environ["REDIS_URL"] = servers[number % len(servers)]


_claim_folder()
os.environ["CONSOLE_ENGINES"] = str(Path(__file__).with_name("engines") / "engines.toml")

from console_project.settings import *  # noqa: E402, F403
from console_project.settings import CONSOLE_DATA_DIR, DATABASES, STORAGES  # noqa: E402

# Tests write rows behind the back of what keeps boards fresh.
CONSOLE_BOARD_SECONDS = 0.0
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
STATIC_ROOT = CONSOLE_DATA_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file, as threads cannot share a database in memory; no test pulls the plug.
    DATABASES["default"]["TEST"] = {"NAME": str(CONSOLE_DATA_DIR / "test.sqlite3")}
    DATABASES["default"]["OPTIONS"]["init_command"] = (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
    )
