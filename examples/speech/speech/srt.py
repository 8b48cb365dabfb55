"""SubRip subtitles."""

from math import ceil
from textwrap import wrap

from speech.shapes import Segment, Word
from speech.words import as_segment

LINE_CHARACTERS = 42
CUE_CHARACTERS = 66  # even with a long word too many, wrapped at words, it fits on two lines
CUE_SECONDS = 7.0


def cues(sentence: list[Word]) -> list[Segment]:
    """A sentence in as few cues as are short enough to read, of about the same length."""
    whole = as_segment(sentence)
    characters = len(whole["text"])
    count = max(
        ceil(characters / CUE_CHARACTERS), ceil((whole["end"] - whole["start"]) / CUE_SECONDS)
    )
    groups: list[list[Word]] = [[] for _ in range(count)]
    at = 0
    for word in sentence:
        groups[at * count // characters].append(word)
        at += len(word["text"]) + 1
    return [as_segment(group) for group in groups if group]


def timestamp(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02},{rest % 1000:03}"


def render(shown: list[Segment]) -> str:
    blocks = (
        f"{number}\n{timestamp(cue['start'])} --> {timestamp(cue['end'])}\n"
        + "\n".join(wrap(cue["text"], LINE_CHARACTERS))
        + "\n"
        for number, cue in enumerate(shown, start=1)
    )
    return "\n".join(blocks)
