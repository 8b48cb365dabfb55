"""Where a process of this machine comes from, by /proc."""

from __future__ import annotations

from pathlib import Path

DEEPEST = 64
_PROC = Path("/proc")


def lineage(pid: int) -> frozenset[int]:
    """The process, its ancestors, and the process groups of all of them; empty where this machine
    shows no such process: it is over, another user's that /proc hides, or the number is one of
    the host's that this container cannot see.
    """
    found: set[int] = set()
    for _ in range(DEEPEST):
        facts = _parent_and_group(pid)
        if facts is None:
            break
        parent, group = facts
        found |= {pid, group}
        if parent in (0, 1):
            break
        pid = parent
    return frozenset(found - {0})


def _parent_and_group(pid: int) -> tuple[int, int] | None:
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name in brackets may hold anything, blanks and brackets too.
    _state, parent, group, *_ = text.rpartition(")")[2].split()
    return int(parent), int(group)
