"""What the stages hand to each other, as JSON. Times are seconds from the start of the audio."""

from typing import TypedDict

MOST_PIECES = 2000


class Span(TypedDict):
    start: float
    end: float


class Prepared(TypedDict):
    """Output of `prepare`; the audio itself is the stored file `audio.wav`."""

    duration_seconds: float
    codec: str
    warnings: list[str]


class Piece(TypedDict):
    """What one `transcribe` hears: from the start of its first speech to the end of its last."""

    start: float
    end: float
    speech: list[Span]


class Voice(TypedDict):
    """Output of `vad`: all speech in order, at most MOST_PIECES pieces of it."""

    duration_seconds: float
    segments: list[Piece]


class Word(TypedDict):
    text: str
    start: float
    end: float
    confidence: float


class Transcribed(TypedDict):
    """Output of one `transcribe`: its piece of the audio and the words heard in it."""

    start: float
    end: float
    words: list[Word]


class Polished(TypedDict):
    """Output of `polish`: the same words in the same order, written out, by sentence."""

    sentences: list[list[str]]


class Segment(TypedDict):
    start: float
    end: float
    text: str


class Transcript(TypedDict):
    """The file `transcript.json`; `words` are as heard, `text` and `segments` as polished."""

    duration_seconds: float
    polished: bool
    text: str
    segments: list[Segment]
    words: list[Word]
    warnings: list[str]


class Merged(TypedDict):
    """Output of `merge`, small whatever the length: the words with times are in the files."""

    text: str
    words: int
    segments: int
    duration_seconds: float
    polished: bool
    warnings: list[str]
