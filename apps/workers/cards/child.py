"""Running the child that asks the driver, for a few seconds at most."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress

from django.conf import settings

from apps.workers.cards import reasons
from apps.workers.cards.reading import NVML, Reading

SECONDS = 5.0
KILL_SECONDS = 0.5
_KEPT = ("PATH", "LD_LIBRARY_PATH", "LANG", "HOME", "NVIDIA_", "CUDA_")
"""What of our environment the child needs; it gets no secret."""


class Reader:
    """Reads the cards of this machine, one child at a time."""

    def __init__(self) -> None:
        self._stuck: subprocess.Popen[bytes] | None = None

    def read(self) -> Reading:
        """What the driver says, within a little more than `SECONDS`."""
        if self._stuck is not None and self._stuck.poll() is None:
            detail = "A former reading still hangs in the driver and cannot be killed."
            return Reading(NVML, reason=reasons.TIMEOUT, detail=detail)
        self._stuck = None
        # Not as a context manager: its end would wait for a child that cannot be killed.
        child = subprocess.Popen(
            [sys.executable, "-m", "apps.workers.cards.reader"],
            cwd=settings.BASE_DIR,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            return self._listen(child)
        finally:
            if child.stdout is not None:
                child.stdout.close()

    def _listen(self, child: subprocess.Popen[bytes]) -> Reading:
        try:
            said, _ = child.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            self._kill(child)
            detail = f"The driver did not answer within {SECONDS:g} s."
            return Reading(NVML, reason=reasons.TIMEOUT, detail=detail)
        try:
            return Reading.of(json.loads(said))
        except (ValueError, KeyError, TypeError):
            detail = f"The reading ended with {child.returncode}."
            return Reading(NVML, reason=reasons.UNKNOWN, detail=detail)

    def _kill(self, child: subprocess.Popen[bytes]) -> None:
        """One that sleeps inside the driver ends whenever the driver lets it."""
        child.kill()
        with suppress(subprocess.TimeoutExpired):
            child.wait(KILL_SECONDS)
            return
        self._stuck = child


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(_KEPT)}
