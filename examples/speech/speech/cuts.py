"""Where the audio is cut: pure."""

from speech.shapes import Piece, Span


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


def share_out(speech: list[Span], longest: float) -> list[Piece]:
    """Neighbouring spans together in pieces of at most `longest` seconds, silences included.

    A span that is longer by itself is a piece of its own.
    """
    pieces: list[Piece] = []
    for span in speech:
        if pieces and span["end"] - pieces[-1]["start"] <= longest:
            pieces[-1]["speech"].append(span)
            pieces[-1]["end"] = span["end"]
        else:
            pieces.append(Piece(start=span["start"], end=span["end"], speech=[span]))
    return pieces
