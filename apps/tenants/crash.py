"""Crash points: named moments at which a process under test kills itself."""

from __future__ import annotations

import os
import signal
import threading

from django.conf import settings

POINTS = {
    "submit.before_commit": "The job is written and not committed.",
    "submit.after_commit": "The job is committed; no bell was rung and no answer given.",
    "submit.before_answer": "The bells are rung; the answer is not given.",
    "register.before": "A worker is about to register.",
    "register.after": "A worker has registered and holds nothing yet.",
    "claim.before": "A worker is about to claim.",
    "claim.after_commit": "Tasks are claimed; no engine has seen them.",
    "report.before": "An engine has done its work; nothing of it is in the database.",
    "settle.before_commit": "Results are written and not committed.",
    "settle.after_commit": "Results are committed; nobody was told of the work they set free.",
    "sweep.middle": "Silent workers are declared offline; their tasks are not taken back.",
    "hand_back.before": "A worker that leaves is about to hand back what it holds.",
    "bulk.middle": "One job of a bulk action is done and committed; others are left.",
}
"""Each name with what is true at that moment. `tests/fault` dies at every one of them."""

_passes: dict[str, int] = {}
_lock = threading.Lock()


def point(name: str) -> None:
    """Nothing, unless test settings allow crashes and `FAULT_POINT=name[:nth]` names this pass."""
    if not getattr(settings, "CRASH_POINTS", False):
        return
    if name not in POINTS:
        message = f"{name} is no crash point."
        raise ValueError(message)
    wanted, _, nth = os.environ.get("FAULT_POINT", "").partition(":")
    if name != wanted:
        return
    with _lock:
        _passes[name] = _passes.get(name, 0) + 1
        if _passes[name] == int(nth or 1):
            os.kill(os.getpid(), signal.SIGKILL)
