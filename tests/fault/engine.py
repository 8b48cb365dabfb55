"""Engine functions of the fault suite. Each run leaves one line in the effect log."""

from __future__ import annotations

import os
import resource
import select
import signal
import time
from typing import Any

from apps.tasks.engines.context import TaskCancelled, TaskContext


def work(context: TaskContext) -> Any:
    """Note the run, then die, hog memory, sleep, fail or finish as the config says."""
    config = context.config
    note(context)
    if context.attempt <= config.get("die_times", 0):
        os.kill(os.getpid(), signal.SIGKILL)
    if "hog_bytes" in config:
        resource.setrlimit(resource.RLIMIT_AS, (config["hog_bytes"] // 2,) * 2)
        bytearray(config["hog_bytes"])
    # Not time.sleep, which libfaketime breaks.
    select.select([], [], [], config.get("seconds", 0))
    if context.attempt <= config.get("fail_times", 0):
        raise RuntimeError("told to fail")
    return {"key": context.key}


def ignore_signals(context: TaskContext) -> None:
    """Goes on whatever it is told."""
    note(context)
    while True:
        try:
            time.sleep(60)
        except TaskCancelled:
            context.log("not listening", level="warning")


def note(context: TaskContext) -> None:
    """`task_id attempt pid seconds`, on the machine's monotonic clock: whole or not at all."""
    line = f"{context.task_id} {context.attempt} {os.getpid()} {time.monotonic():.3f}\n"
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    descriptor = os.open(os.environ["YARD_JOURNAL"], flags, 0o600)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)
