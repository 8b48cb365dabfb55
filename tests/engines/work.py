"""Engine functions of the system tests. Each run leaves one line in the journal."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from apps.tasks.engines.context import PermanentError, TaskCancelled, TaskContext


def act(context: TaskContext) -> Any:
    """Fail as often as told, sleep as long as told, then return what is told or seen."""
    config = context.config
    note(context)
    context.log(f"attempt {context.attempt}")
    for line in range(config.get("lines", 0)):
        context.log(f"line {line + 1}")
    if "say" in config:
        for stream in (sys.stdout, sys.stderr):
            stream.write(f"{config['say']}\n")
    if config.get("die"):
        os.kill(os.getpid(), signal.SIGKILL)
    deadline = time.monotonic() + config.get("seconds", 0)
    while time.monotonic() < deadline:
        time.sleep(0.02)
    if config.get("final"):
        raise PermanentError("told to fail for good", code=config.get("code", ""))
    if context.attempt <= config.get("fail_times", 0):
        raise RuntimeError(f"told to fail {config['fail_times']} times")
    return _result(context)


def _result(context: TaskContext) -> Any:
    for name, text in context.config.get("leave", {}).items():
        (context.output_folder / name).write_text(text, encoding="utf-8")
    if "read" in context.config:
        return {
            key: {name: path.read_text(encoding="utf-8") for name, path in named.items()}
            for key, named in context.input_files.items()
        }
    if "echo" in context.config:
        return {
            "inputs": context.inputs,
            "parameters": context.parameters,
            "files": {
                name: path.read_text(encoding="utf-8") for name, path in context.files.items()
            },
        }
    return context.config.get("output", {"key": context.key})


def ignore_signals(context: TaskContext) -> None:
    """Goes on whatever it is told."""
    note(context)
    while True:
        try:
            time.sleep(60)
        except TaskCancelled:
            context.log("not listening", level="warning")


def note(context: TaskContext) -> None:
    """One line for this run, whole or not at all."""
    journal = os.environ.get("YARD_JOURNAL")
    if journal is None:
        return
    line = f"{context.task_id} {context.attempt} {os.getpid()}\n".encode()
    descriptor = os.open(Path(journal), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, line)
    finally:
        os.close(descriptor)
