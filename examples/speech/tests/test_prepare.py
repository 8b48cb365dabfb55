"""Prepare: any audio in, 16 kHz mono WAV out; anything else fails for good and says why."""

import random
import wave
from collections.abc import Callable
from pathlib import Path

import pytest
from attempts import Attempts, Outcome

from speech.audio import RATE

SECOND = random.Random(1).randbytes(2 * 44_100)


def prepare(attempts: Attempts, audio: Path) -> Outcome:
    return attempts.run(
        "speech.prepare",
        parameters={"audio": {"file": "f1"}, "name": audio.name},
        files={"f1": audio},
    )


@pytest.mark.parametrize(
    ("name", "codec", "rate", "layout"),
    [
        ("a.flac", "flac", 16_000, "mono"),
        ("a.mp3", "libmp3lame", 44_100, "stereo"),
        ("a.ogg", "libopus", 48_000, "mono"),
        ("a.m4a", "aac", 44_100, "stereo"),
        ("a.wav", "pcm_s16le", 44_100, "stereo"),
        ("a.wav", "pcm_u8", 8_000, "mono"),
        ("a.webm", "libopus", 48_000, "stereo"),
    ],
)
def test_any_format_becomes_16_khz_mono(
    attempts: Attempts,
    make_audio: Callable[..., Path],
    name: str,
    codec: str,
    rate: int,
    layout: str,
) -> None:
    seconds = 3
    channels = 2 if layout == "stereo" else 1
    audio = make_audio(name, codec, bytes(2 * channels * rate * seconds), rate=rate, layout=layout)
    outcome = prepare(attempts, audio)
    assert outcome.exit_code == 0, outcome.errors
    assert outcome.output["duration_seconds"] == pytest.approx(seconds, abs=0.1)
    with wave.open(str(outcome.files["audio.wav"])) as wav:
        assert (wav.getnchannels(), wav.getsampwidth(), wav.getframerate()) == (1, 2, RATE)
        assert wav.getnframes() / RATE == outcome.output["duration_seconds"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (random.Random(2).randbytes(50_000), "no audio format is recognised"),
        (b"It is a truth universally acknowledged.\n" * 500, "no audio format is recognised"),
        (b"RIFF", "no audio format is recognised"),
    ],
)
def test_a_file_that_is_no_audio_fails_for_good(
    attempts: Attempts, tmp_path: Path, content: bytes, reason: str
) -> None:
    audio = tmp_path / "broken.mp3"
    audio.write_bytes(content)
    outcome = prepare(attempts, audio)
    assert outcome.exit_code == 65
    assert outcome.output is None
    assert outcome.errors.splitlines()[-1].startswith("broken.mp3 cannot be used: ")
    assert reason in outcome.errors


def test_a_recording_without_samples_fails_for_good(
    attempts: Attempts, make_audio: Callable[..., Path]
) -> None:
    audio = make_audio("a.wav", "pcm_s16le", SECOND)
    audio.write_bytes(audio.read_bytes()[:78])
    outcome = prepare(attempts, audio)
    assert outcome.exit_code == 65
    assert "holds no sound" in outcome.errors


def test_a_cut_off_recording_is_used_with_a_warning(
    attempts: Attempts, recording: Path, tmp_path: Path
) -> None:
    audio = tmp_path / "half.flac"
    audio.write_bytes(recording.read_bytes()[: recording.stat().st_size // 2])
    outcome = prepare(attempts, audio)
    assert outcome.exit_code == 0, outcome.errors
    assert "announces 27.2 s" in " ".join(outcome.output["warnings"])


def test_a_list_that_names_other_files_is_not_followed(attempts: Attempts, tmp_path: Path) -> None:
    audio = tmp_path / "list.mp3"
    audio.write_text("ffconcat version 1.0\nfile data/sense_and_sensibility.flac\n")
    assert prepare(attempts, audio).exit_code == 65


def test_a_missing_file_reference_fails_for_good(attempts: Attempts) -> None:
    outcome = attempts.run("speech.prepare", parameters={"audio": "some.mp3"})
    assert outcome.exit_code == 65
    assert "'some.mp3' is not a file reference" in outcome.errors


def test_progress_is_reported(attempts: Attempts, recording: Path) -> None:
    lines = prepare(attempts, recording).log.splitlines()
    assert "::progress 1.0" in lines
