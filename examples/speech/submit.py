"""Transcribes an audio file on a console: upload, submit, follow, print, score."""

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import cast

import httpx

from speech.console import Console, ConsoleError, Job, TaskRow
from speech.plan import TASKS
from speech.score import report
from speech.shapes import Transcript

HERE = Path(__file__).resolve().parent
RECORDING = HERE / "data" / "sense_and_sensibility.flac"
REFERENCE = RECORDING.with_suffix(".txt")


class Unusable(Exception):
    """What was asked for cannot be done; the text is for the person who asked."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("audio", nargs="?", type=Path, default=RECORDING, help="any audio file")
    parser.add_argument(
        "--url",
        default=os.environ.get("YARDMASTER_URL", "http://127.0.0.1:8000"),
        help="the console (default: $YARDMASTER_URL, or port 8000 here)",
    )
    parser.add_argument(
        "--key",
        default=os.environ.get("YARDMASTER_KEY"),
        help="a key with jobs:read and jobs:write (default: $YARDMASTER_KEY)",
    )
    parser.add_argument("--reference", type=Path, help="what was said, to score the transcript")
    parser.add_argument("--out", type=Path, help="where to put the files (default: out/NAME)")
    return parser.parse_args()


def checked(options: argparse.Namespace) -> argparse.Namespace:
    """The options with what follows from the audio filled in."""
    audio: Path = options.audio
    if not audio.is_file():
        raise Unusable(f"there is no file {audio}")
    if audio.stat().st_size == 0:
        raise Unusable(f"{audio} is empty")
    if not options.key:
        raise Unusable("a key is needed: --key or YARDMASTER_KEY")
    if options.reference is None and audio.resolve() == RECORDING:
        options.reference = REFERENCE
    if options.reference is not None and not options.reference.is_file():
        raise Unusable(f"there is no file {options.reference}")
    if options.out is None:
        options.out = HERE / "out" / audio.stem
    return options


def submit(console: Console, audio: Path) -> Job:
    file_id = console.upload(audio)
    parameters = {"audio": {"file": file_id}, "name": audio.name}
    job = console.submit(f"Transcribe {audio.name}"[:200], TASKS, parameters)
    print(f"{audio.name} is job {job['id']} at {console.url}/console/")
    return job


def follow(console: Console, job: Job) -> list[TaskRow]:
    """Prints each change of a task as it occurs; returns the tasks as they ended."""
    started = time.monotonic()
    first = console.tasks(job["id"])
    keys = {task["id"]: task["key"] for task in first["tasks"]}
    known = dict.fromkeys(keys, "pending")

    def tell(task_id: str, status: str) -> None:
        if status != known.get(task_id):
            known[task_id] = status
            print(f"{time.monotonic() - started:6.1f} s  {keys[task_id]:<16} {status}")

    for task in first["tasks"]:
        tell(task["id"], task["status"])
    for change in console.follow(job["id"], first["seq"]):
        if "key" in change:
            keys[change["id"]] = change["key"]
        tell(change["id"], change["status"])
    ended = console.tasks(job["id"])["tasks"]
    for task in ended:
        keys[task["id"]] = task["key"]
        tell(task["id"], task["status"])
    return ended


def explain(job: Job, tasks: list[TaskRow]) -> str:
    failures = [
        f"{task['key']} failed ({task['error_code']}): {task['error']}"
        for task in tasks
        if task["status"] == "failed" and task["required"]
    ]
    return "\n".join(failures) or f"the job is {job['status']}: {job['error'] or 'no error'}"


def fetch(console: Console, job: Job, tasks: list[TaskRow], folder: Path) -> Transcript:
    """Leaves the transcript's files in `folder` and returns the transcript."""
    merge = next(task for task in tasks if task["key"] == "merge")
    files = console.task_files(job["id"], merge["id"])
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / Path(name).name).write_bytes(content)
    return cast("Transcript", json.loads(files["transcript.json"]))


def show(transcript: Transcript, reference: Path | None) -> None:
    print()
    for segment in transcript["segments"]:
        print(segment["text"])
    if not transcript["segments"]:
        print("No speech was found.")
    print()
    for warning in transcript["warnings"]:
        print(f"warning: {warning}")
    if reference is not None:
        heard = " ".join(word["text"] for word in transcript["words"])
        print(report(reference.read_text(encoding="utf-8"), heard))


def main() -> int:
    options = checked(arguments())
    console = Console(options.url, options.key)
    submitted = submit(console, options.audio)
    tasks = follow(console, submitted)
    job = console.job(submitted["id"])
    if job["status"] != "completed":
        print(f"\n{explain(job, tasks)}", file=sys.stderr)
        return 1
    show(fetch(console, job, tasks, options.out), options.reference)
    print(f"files: {options.out}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except (ConsoleError, Unusable, httpx.InvalidURL) as problem:
        sys.exit(f"submit: {problem}")
