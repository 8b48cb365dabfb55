"""The realtime example end to end: a console, two workers, sessions with real audio, the text.

Starts a private console on a free port and stops it again; `--self-test` runs the tests.
Standard library only.
"""

import argparse
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

HERE = Path(__file__).resolve().parent
SPEECH = HERE.parent / "speech"
sys.path.insert(0, str(HERE.parent))

from private_console import Broken, free_port, install, manage, private_console  # noqa: E402

PYTHON = HERE / ".venv" / "bin" / "python"
RECORDING = SPEECH / "data" / "sense_and_sensibility.flac"
WORKERS = ("asr-1", "asr-2")
SCOPES = "realtime:read,realtime:write"
START_SECONDS = 30


@contextmanager
def workers(url: str, environment: Mapping[str, str], key: str) -> Iterator[None]:
    """Two workers of two places each; they leave in order."""
    told = {**environment, "YARDMASTER_WORKER_KEY": key}
    running = [
        subprocess.Popen(
            [PYTHON, "-m", "live.server", name, "--console", url, "--port", str(free_port())],
            cwd=HERE, env=told, stdout=subprocess.PIPE, text=True,
        )
        for name in WORKERS
    ]  # fmt: skip
    try:
        for worker in running:
            line = worker.stdout.readline() if worker.stdout else ""
            if not line:
                raise Broken(f"a worker ended with {worker.wait()}")
            print(line, end="", flush=True)
        yield
    finally:
        for worker in running:
            worker.send_signal(signal.SIGTERM)
        for worker in running:
            worker.wait(10)


def stream(url: str, environment: Mapping[str, str], audio: Path, seconds: float) -> int:
    """Three sessions at once through the router, each streaming as one speaks."""
    command = [str(PYTHON), "-u", "-m", "live.stream", str(audio), "--console", url]
    limit = ["--seconds", str(seconds)]
    others = [
        subprocess.Popen([*command, *limit], cwd=HERE, env=environment, stdout=subprocess.DEVNULL)
        for _ in range(2)
    ]
    try:
        status = subprocess.run([*command, *limit], cwd=HERE, env=environment, check=False)
        return max([status.returncode, *(other.wait(60) for other in others)])
    finally:
        for other in others:
            other.kill()


def heartbeat(url: str) -> str:
    """What any worker, in any language, sends."""
    body = {
        "kind": "realtime", "boot_id": str(uuid4()), "number": 1, "endpoint": "ws://127.0.0.1:9001",
        "capacity": 2, "models": ["en"], "node": "host-1", "status": "ready",
        "sessions": [], "ended": [],
    }  # fmt: skip
    return (
        f"curl -X PUT {url}/api/console/workers/asr-3 \\\n"
        '  -H "Authorization: Token $YARDMASTER_WORKER_KEY" \\\n'
        '  -H "Content-Type: application/json" \\\n'
        f"  -d '{json.dumps(body)}'"
    )


def run_on_private_console(audio: Path, seconds: float, stay: float) -> int:
    with private_console("", "yardmaster-realtime-") as (url, environment):
        manage(environment, "create_tenant", "example")
        key = manage(environment, "issue_key", "example", "--scopes", SCOPES)
        worker_key = manage(environment, "issue_worker_key", "asr-")
        with workers(url, environment, worker_key):
            status = stream(url, {**environment, "YARDMASTER_KEY": key}, audio, seconds)
            print(f"\nWhat any other worker sends as heartbeat:\n\n{heartbeat(url)}\n", flush=True)
            if stay:
                link = manage(environment, "login_link")
                print(f"Its key, here:\n\nexport YARDMASTER_WORKER_KEY={worker_key}\n", flush=True)
                print(f"The console's pages, by one-use link: {link}", flush=True)
                time.sleep(stay)
        return status


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("audio", nargs="?", type=Path, default=RECORDING)
    parser.add_argument("--seconds", type=float, default=30.0, help="stop after so much audio")
    parser.add_argument("--stay", type=float, default=0.0, help="keep the console so long after")
    parser.add_argument("--install", action="store_true", help="only install the packages")
    parser.add_argument("--self-test", action="store_true", help="run the example's own tests")
    options = parser.parse_args()
    if options.self_test:
        install(HERE, "requirements.txt", "requirements-dev.txt")
        return subprocess.run([PYTHON, "-m", "pytest"], cwd=HERE, check=False).returncode
    install(HERE, "requirements.txt")
    if options.install:
        return 0
    if not options.audio.is_file():
        raise Broken(f"there is no file {options.audio}")
    return run_on_private_console(options.audio.resolve(), options.seconds, options.stay)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except Broken as problem:
        sys.exit(f"run: {problem}")
