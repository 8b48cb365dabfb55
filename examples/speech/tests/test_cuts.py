"""Cuts: every piece in order, nothing spoken lost or heard twice."""

import random

import pytest

from speech.cuts import cut_time, piece, silences_between, speech_within, split_long, widen
from speech.shapes import Span


def spoken(seed: int) -> tuple[list[Span], float]:
    """Random speech segments, some of them touching, and the length of the audio."""
    chance = random.Random(seed)
    at = chance.choice([0.0, chance.uniform(0, 3)])
    speech = []
    for _ in range(chance.randrange(12)):
        end = at + chance.uniform(0.1, 15)
        speech.append(Span(start=at, end=end))
        at = end + chance.choice([0.0, chance.uniform(0.05, 2)])
    return speech, at + chance.uniform(0.1, 3)


CASES = [(seed, parts) for seed in range(20) for parts in (1, 2, 5, 20)]


@pytest.mark.parametrize(("seed", "parts"), CASES)
def test_pieces_follow_each_other_and_cover_the_audio(seed: int, parts: int) -> None:
    speech, duration = spoken(seed)
    silences = silences_between(speech)
    pieces = [piece(silences, duration, part, parts) for part in range(parts)]
    edges = [0.0, *(bounds["end"] for bounds in pieces)]
    assert [bounds["start"] for bounds in pieces] == edges[:-1]
    assert edges == sorted(edges)
    assert edges[-1] == pytest.approx(duration)


@pytest.mark.parametrize(("seed", "parts"), CASES)
def test_each_segment_lies_in_exactly_one_piece(seed: int, parts: int) -> None:
    speech, duration = spoken(seed)
    silences = silences_between(speech)
    pieces = [piece(silences, duration, part, parts) for part in range(parts)]
    found = [span for bounds in pieces for span in speech_within(speech, bounds)]
    assert found == speech
    for bounds in pieces:
        for span in speech_within(speech, bounds):
            assert span["end"] <= bounds["end"]


def test_a_cut_is_the_middle_of_the_silence_nearest_to_even() -> None:
    silences = [Span(start=4, end=5), Span(start=9.5, end=10.5), Span(start=14, end=16)]
    assert [cut_time(silences, 20, boundary, 3) for boundary in range(4)] == [0, 4.5, 15, 20]


def test_without_a_silence_the_first_piece_holds_everything() -> None:
    assert piece([], 30, 0, 3) == Span(start=0, end=30)
    assert piece([], 30, 2, 3) == Span(start=30, end=30)


def test_widened_segments_take_at_most_half_of_a_silence() -> None:
    speech = [Span(start=0.05, end=1), Span(start=1.1, end=2), Span(start=4, end=5)]
    edges = [(round(span["start"], 3), round(span["end"], 3)) for span in widen(speech, 5.02, 0.1)]
    assert edges == [(0, 1.05), (1.05, 2.1), (3.9, 5.02)]


def test_a_long_segment_is_parted_where_it_is_quietest() -> None:
    levels = [9.0] * 300
    levels[80] = levels[205] = 1.0
    parts = split_long(Span(start=10, end=40), levels, 0.1, 15)
    assert [round(part["end"], 2) for part in parts] == [18.05, 30.55, 40]


@pytest.mark.parametrize("seconds", [15.0, 15.01, 22.5, 300.0])
def test_no_part_of_a_long_segment_is_too_long(seconds: float) -> None:
    levels = [random.Random(1).random() for _ in range(int(seconds / 0.1) + 1)]
    parts = split_long(Span(start=0, end=seconds), levels, 0.1, 15)
    assert all(0 < part["end"] - part["start"] <= 15.1 for part in parts)
    assert [part["start"] for part in parts] == [0, *(part["end"] for part in parts[:-1])]
