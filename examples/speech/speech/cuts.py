"""Where the audio is cut: pure, so that every task finds the same cuts by itself."""

from itertools import pairwise

from speech.shapes import Span


def widen(speech: list[Span], duration: float, margin: float) -> list[Span]:
    """The same segments with up to `margin` of silence on each side, never overlapping."""
    edges = [0.0, *(edge for span in speech for edge in (span["start"], span["end"])), duration]
    widened = []
    for index, span in enumerate(speech):
        before, after = edges[2 * index], edges[2 * index + 3]
        left = span["start"] - before if index == 0 else (span["start"] - before) / 2
        right = after - span["end"] if index == len(speech) - 1 else (after - span["end"]) / 2
        widened.append(
            Span(start=span["start"] - min(margin, left), end=span["end"] + min(margin, right))
        )
    return widened


def split_long(span: Span, levels: list[float], level_seconds: float, longest: float) -> list[Span]:
    """The span in pieces of at most `longest` seconds, parted at the quietest moments.

    `levels` is the loudness of each `level_seconds` from the start of the span.
    """
    pieces = []
    start, end = span["start"], span["end"]
    while end - start > longest:
        first = round((start + longest / 2 - span["start"]) / level_seconds)
        last = int((start + longest - span["start"]) / level_seconds)
        quietest = min(range(first, max(last, first + 1)), key=lambda at: levels[at])
        cut = span["start"] + (quietest + 0.5) * level_seconds
        pieces.append(Span(start=start, end=cut))
        start = cut
    return [*pieces, Span(start=start, end=end)]


def silences_between(speech: list[Span]) -> list[Span]:
    return [Span(start=left["end"], end=right["start"]) for left, right in pairwise(speech)]


def cut_time(silences: list[Span], duration: float, boundary: int, parts: int) -> float:
    """Boundary number `boundary` of `parts` pieces: the middle of a silence, nearest to even.

    Where silences are too few, boundaries fall together and the piece between them is empty.
    """
    even = duration * boundary / parts
    if boundary in (0, parts):
        return even
    middles = [(silence["start"] + silence["end"]) / 2 for silence in silences]
    return min(middles, key=lambda middle: abs(middle - even), default=duration)


def piece(silences: list[Span], duration: float, part: int, parts: int) -> Span:
    """Piece number `part`, counted from 0, of the audio cut into `parts`."""
    return Span(
        start=cut_time(silences, duration, part, parts),
        end=cut_time(silences, duration, part + 1, parts),
    )


def speech_within(speech: list[Span], bounds: Span) -> list[Span]:
    return [span for span in speech if bounds["start"] <= span["start"] < bounds["end"]]
