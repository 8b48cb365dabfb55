"""The whole chain, each task in a process of its own, on real speech and on silence."""

import json
import random
from array import array
from collections.abc import Callable
from pathlib import Path

from attempts import Attempts

from speech.plan import TASKS
from speech.score import word_error_rate

# Measured: 0.257. The model is small and old; what counts here is that nothing is lost.
HIGHEST_WORD_ERROR_RATE = 0.35
PIECES_OF_THE_RECORDING = 5


def test_the_recording_is_transcribed_in_pieces(attempts: Attempts, recording: Path) -> None:
    done = attempts.chain(TASKS, recording)
    transcript = json.loads(done["merge"].files["transcript.json"].read_text())
    words = transcript["words"]
    reference = recording.with_suffix(".txt").read_text()
    heard = " ".join(word["text"] for word in words)
    assert word_error_rate(reference, heard) <= HIGHEST_WORD_ERROR_RATE
    assert len(done["transcribe"].output) == PIECES_OF_THE_RECORDING
    assert all(piece["words"] for piece in done["transcribe"].output)
    seconds = done["prepare"].output["duration_seconds"]
    assert all(word["start"] < word["end"] <= seconds for word in words)
    assert words == sorted(words, key=lambda word: word["start"])
    assert len(transcript["segments"]) >= 5
    assert done["merge"].files["transcript.srt"].read_text().startswith("1\n00:00:00,")


def test_silence_gives_an_empty_transcript(
    attempts: Attempts, make_audio: Callable[..., Path]
) -> None:
    silent = make_audio("silent.wav", "pcm_s16le", bytes(2 * 16_000 * 12))
    done = attempts.chain(TASKS, silent)
    assert done["transcribe"].output == []
    assert done["merge"].output["text"] == ""
    assert done["merge"].output["words"] == 0
    assert done["merge"].files["transcript.srt"].read_text() == ""


def test_a_hissing_silence_gives_an_empty_transcript(
    attempts: Attempts, make_audio: Callable[..., Path]
) -> None:
    chance = random.Random(1)
    hiss = array("h", (round(chance.gauss(0, 100)) for _ in range(16_000 * 6)))
    done = attempts.chain(TASKS, make_audio("hiss.wav", "pcm_s16le", hiss.tobytes()))
    assert done["merge"].output["text"] == ""


def test_long_speech_without_a_pause_is_still_shared_out(
    attempts: Attempts, make_audio: Callable[..., Path]
) -> None:
    chance = random.Random(1)
    noise = array("h", (round(chance.gauss(0, 5000)) for _ in range(16_000 * 40)))
    audio = make_audio("noise.wav", "pcm_s16le", noise.tobytes())
    done = attempts.chain(TASKS[:2], audio)
    assert len(done["vad"].output["segments"]) >= 3
