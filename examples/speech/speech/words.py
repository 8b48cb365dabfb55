"""The words of all pieces, and sentences by the pauses between them."""

from speech.shapes import Segment, Transcribed, Word

PAUSE_SECONDS = 0.5


def words_of(pieces: list[Transcribed]) -> list[Word]:
    """All words; the pieces come in time."""
    return [word for heard in pieces for word in heard["words"]]


def by_pause(words: list[Word], pause: float = PAUSE_SECONDS) -> list[list[Word]]:
    """Groups that end where nobody speaks for `pause` seconds."""
    groups: list[list[Word]] = []
    for word in words:
        if not groups or word["start"] - groups[-1][-1]["end"] >= pause:
            groups.append([])
        groups[-1].append(word)
    return groups


def as_segment(words: list[Word]) -> Segment:
    text = " ".join(word["text"] for word in words)
    return {"start": words[0]["start"], "end": words[-1]["end"], "text": text}
