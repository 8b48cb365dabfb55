"""Stage 2: where someone speaks, shared out in pieces."""

import wave
from array import array
from pathlib import Path

from pocketsphinx import Endpointer

from speech.audio import RATE, read_pcm
from speech.cuts import share_out, split_long, widen
from speech.protocol import Progress, Task, log, run
from speech.shapes import MOST_PIECES, Span, Voice

MARGIN_SECONDS = 0.1  # the endpointer cuts close; word beginnings are heard better with some air
LONGEST_SECONDS = 15.0
LEVEL_SECONDS = 0.1
PIECE_SECONDS = 6.0


def find_speech(path: Path) -> list[Span]:
    """Speech as pocketsphinx's endpointer sees it; the last frame, even a full one, ends it."""
    endpointer = Endpointer(sample_rate=RATE)
    frame_samples = endpointer.frame_bytes // 2
    speech = []
    progress = Progress()
    with wave.open(str(path), "rb") as wav:
        total = wav.getnframes()
        for position in range(0, total, frame_samples):
            pcm = wav.readframes(frame_samples)
            last = position + frame_samples >= total
            heard = endpointer.end_stream(pcm) if last else endpointer.process(pcm)
            if heard is not None and not endpointer.in_speech:
                end = min(endpointer.speech_end, total / RATE)
                speech.append(Span(start=endpointer.speech_start, end=end))
            progress(position / total)
    return speech


def levels(pcm: bytes) -> list[float]:
    """Mean square of each LEVEL_SECONDS."""
    samples = array("h", pcm)
    step = round(LEVEL_SECONDS * RATE)
    blocks = (samples[at : at + step] for at in range(0, len(samples), step))
    return [sum(sample * sample for sample in block) / len(block) for block in blocks]


def split_where_quiet(path: Path, span: Span) -> list[Span]:
    if span["end"] - span["start"] <= LONGEST_SECONDS:
        return [span]
    return split_long(span, levels(read_pcm(path, span)), LEVEL_SECONDS, LONGEST_SECONDS)


def piece_seconds(duration: float) -> float:
    """Two neighbouring pieces are longer than this together: so there are never too many."""
    return max(PIECE_SECONDS, 2 * duration / MOST_PIECES)


def rounded(span: Span) -> Span:
    return Span(start=round(span["start"], 3), end=round(span["end"], 3))


def vad(task: Task) -> Voice:
    path = task.input_files["prepare"]["audio.wav"]
    duration: float = task.inputs["prepare"]["duration_seconds"]
    wide = widen(find_speech(path), duration, MARGIN_SECONDS)
    speech = [rounded(part) for span in wide for part in split_where_quiet(path, span)]
    segments = share_out(speech, piece_seconds(duration))
    seconds = sum(span["end"] - span["start"] for span in speech)
    log(f"{seconds:.2f} s of speech in {len(segments)} pieces, of {duration:.2f} s")
    return {"duration_seconds": duration, "segments": segments}


if __name__ == "__main__":
    run(vad)
