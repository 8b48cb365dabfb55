"""Cuts: every piece in order, nothing spoken lost or heard twice."""

import random
from itertools import pairwise

import pytest

from speech.cuts import share_out, split_long, widen
from speech.shapes import Span
from speech.vad import piece_seconds


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


CASES = [(seed, longest) for seed in range(20) for longest in (0.0, 6.0, 20.0, 1000.0)]


@pytest.mark.parametrize(("seed", "longest"), CASES)
def test_each_segment_lies_in_exactly_one_piece(seed: int, longest: float) -> None:
    speech, _ = spoken(seed)
    pieces = share_out(speech, longest)
    assert [span for piece in pieces for span in piece["speech"]] == speech
    for piece in pieces:
        edges = piece["speech"][0]["start"], piece["speech"][-1]["end"]
        assert edges == (piece["start"], piece["end"])


@pytest.mark.parametrize(("seed", "longest"), CASES)
def test_only_a_single_segment_makes_a_piece_too_long(seed: int, longest: float) -> None:
    for piece in share_out(spoken(seed)[0], longest):
        assert len(piece["speech"]) == 1 or piece["end"] - piece["start"] <= longest


@pytest.mark.parametrize(("seed", "longest"), CASES)
def test_neighbouring_pieces_are_too_long_together(seed: int, longest: float) -> None:
    for left, right in pairwise(share_out(spoken(seed)[0], longest)):
        assert right["speech"][0]["end"] - left["start"] > longest


def test_no_speech_makes_no_piece() -> None:
    assert share_out([], 6) == []


@pytest.mark.parametrize(
    ("duration", "longest"), [(0, 6), (27, 6), (6000, 6), (12_000, 12), (43_200, 43.2)]
)
def test_long_recordings_have_longer_pieces_not_more(duration: float, longest: float) -> None:
    assert piece_seconds(duration) == longest


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
