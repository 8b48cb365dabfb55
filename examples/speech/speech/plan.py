"""The tasks of a job, the same for every recording: how many pieces there are, `vad` finds out."""

from typing import NotRequired, TypedDict

from speech.shapes import MOST_PIECES


class Map(TypedDict):
    """One instance for each element of the list at `path` in the output of `over`."""

    over: str
    path: str
    max: int


class TaskSubmission(TypedDict):
    key: str
    engine_id: str
    depends_on: list[str]
    map: NotRequired[Map]
    required: NotRequired[bool]


TASKS: list[TaskSubmission] = [
    {"key": "prepare", "engine_id": "speech.prepare", "depends_on": []},
    {"key": "vad", "engine_id": "speech.vad", "depends_on": ["prepare"]},
    {
        "key": "transcribe",
        "engine_id": "speech.transcribe",
        "depends_on": ["prepare", "vad"],
        "map": {"over": "vad", "path": "segments", "max": MOST_PIECES},
    },
    {
        "key": "polish",
        "engine_id": "speech.polish",
        "depends_on": ["transcribe"],
        "required": False,
    },
    {
        "key": "merge",
        "engine_id": "speech.merge",
        "depends_on": ["prepare", "transcribe", "polish"],
    },
]
"""prepare → vad → transcribe, once for each piece → polish, which may fail → merge."""
