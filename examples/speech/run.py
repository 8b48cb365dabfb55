"""The speech example end to end: its own venv, a console of its own, one job, the transcript.

`run.py [AUDIO] [options of submit.py]` starts a private console and stops it again;
with `--console URL` (and $YARDMASTER_KEY) it uses one that runs; `--self-test` runs the tests.
Standard library only.
"""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent
PYTHON = HERE / ".venv" / "bin" / "python"
sys.path.insert(0, str(HERE.parent))

from private_console import Broken, install, manage, private_console  # noqa: E402


def submit(url: str, environment: Mapping[str, str], arguments: list[str]) -> int:
    """Runs submit.py where the caller is, so that relative paths are the caller's."""
    command = [str(PYTHON), "-u", str(HERE / "submit.py"), "--url", url, *arguments]
    return subprocess.run(command, env=environment, check=False).returncode


def run_on_private_console(arguments: list[str]) -> int:
    with private_console(str(HERE / "engines.toml"), "yardmaster-speech-") as (url, environment):
        manage(environment, "create_tenant", "example")
        key = manage(environment, "issue_key", "example", "--scopes", "jobs:read,jobs:write")
        return submit(url, {**environment, "YARDMASTER_KEY": key}, arguments)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--console", metavar="URL", help="a console that runs with engines.toml")
    parser.add_argument("--self-test", action="store_true", help="run the example's own tests")
    options, rest = parser.parse_known_args()
    if options.self_test:
        install(HERE, "requirements.txt", "requirements-dev.txt")
        return subprocess.run([PYTHON, "-m", "pytest", *rest], cwd=HERE, check=False).returncode
    install(HERE, "requirements.txt")
    if options.console:
        return submit(options.console, os.environ, rest)
    return run_on_private_console(rest)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except Broken as problem:
        sys.exit(f"run: {problem}")
