"""The tasks of one job, planned from the length of the audio."""

from typing import NotRequired, TypedDict

SECONDS_PER_PART = 6.0
MOST_PARTS = 1000


class TaskSubmission(TypedDict):
    key: str
    engine_id: str
    depends_on: list[str]
    config: NotRequired[dict[str, int]]
    required: NotRequired[bool]


def part_count(seconds: float | None) -> int:
    """One part where the length is not known: then `prepare` finds out what the file is."""
    if seconds is None:
        return 1
    return min(max(1, round(seconds / SECONDS_PER_PART)), MOST_PARTS)


def plan_tasks(parts: int) -> list[TaskSubmission]:
    """prepare → vad → one transcribe per part → polish, which may fail → merge."""
    transcribes: list[TaskSubmission] = [
        {
            "key": f"transcribe-{part + 1:0{len(str(parts))}}",
            "engine_id": "speech.transcribe",
            "depends_on": ["prepare", "vad"],
            "config": {"part": part, "parts": parts},
        }
        for part in range(parts)
    ]
    heard = [task["key"] for task in transcribes]
    return [
        {"key": "prepare", "engine_id": "speech.prepare", "depends_on": []},
        {"key": "vad", "engine_id": "speech.vad", "depends_on": ["prepare"]},
        *transcribes,
        {"key": "polish", "engine_id": "speech.polish", "depends_on": heard, "required": False},
        {
            "key": "merge",
            "engine_id": "speech.merge",
            "depends_on": ["prepare", *heard, "polish"],
        },
    ]
