"""Polish, merge, subtitles and score."""

import json
import re
from itertools import pairwise

import pytest
from attempts import Attempts, Outcome

from speech.plan import TASKS
from speech.polish import write_sentence
from speech.score import normalised, report, word_error_rate
from speech.shapes import Word
from speech.srt import LINE_CHARACTERS, cues, render, timestamp
from speech.words import by_pause


def words(text: str, start: float = 0.0, seconds: float = 0.4) -> list[Word]:
    return [
        Word(text=word, start=start + at * seconds, end=start + (at + 1) * seconds, confidence=1.0)
        for at, word in enumerate(text.split())
    ]


PREPARED = Outcome(0, {"duration_seconds": 9.0, "codec": "flac", "warnings": []}, {}, "", "")
FIRST = words("i met mister dashwood")
SECOND = words("he was not ill disposed", start=4.0)
HEARD = [{"start": 0, "end": 4, "words": FIRST}, {"start": 4, "end": 9, "words": SECOND}]
PIECES = {"transcribe": Outcome(0, HEARD, {}, "", "")}


def test_sentences_end_at_pauses() -> None:
    assert by_pause([*FIRST, *SECOND]) == [FIRST, SECOND]


def test_a_sentence_gets_a_capital_a_stop_and_its_abbreviations() -> None:
    assert write_sentence(["and", "i", "met", "mr", "dash"]) == ["And", "I", "met", "Mr.", "dash."]
    assert write_sentence(["mister"]) == ["Mr."]


def test_polish_and_merge_write_sentences_in_time(attempts: Attempts) -> None:
    polished = attempts.run("speech.polish", upstream=PIECES)
    merged = attempts.run(
        "speech.merge", upstream={"prepare": PREPARED, **PIECES, "polish": polished}
    )
    assert merged.output["text"] == "I met Mr. dashwood. He was not ill disposed."
    assert merged.output["polished"] is True
    assert merged.files["transcript.txt"].read_text() == (
        "I met Mr. dashwood.\nHe was not ill disposed.\n"
    )


def test_merge_uses_the_words_as_heard_where_polish_failed(attempts: Attempts) -> None:
    merged = attempts.run("speech.merge", upstream={"prepare": PREPARED, **PIECES, "polish": None})
    assert merged.output["text"] == "i met mister dashwood he was not ill disposed"
    assert merged.output["polished"] is False
    assert (merged.output["words"], merged.output["segments"]) == (9, 2)


def test_the_json_keeps_the_words_as_heard(attempts: Attempts) -> None:
    polished = attempts.run("speech.polish", upstream=PIECES)
    merged = attempts.run(
        "speech.merge", upstream={"prepare": PREPARED, **PIECES, "polish": polished}
    )
    transcript = json.loads(merged.files["transcript.json"].read_text())
    assert [word["text"] for word in transcript["words"][:3]] == ["i", "met", "mister"]


def test_a_senseless_pause_fails_for_good(attempts: Attempts) -> None:
    outcome = attempts.run("speech.polish", config={"pause_seconds": 0}, upstream=PIECES)
    assert outcome.exit_code == 65
    assert "pause_seconds" in outcome.errors


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "00:00:00,000"), (59.9996, "00:01:00,000"), (3725.5, "01:02:05,500")],
)
def test_timestamps_are_srt_timestamps(seconds: float, shown: str) -> None:
    assert timestamp(seconds) == shown


def test_subtitles_are_numbered_short_and_in_order() -> None:
    shown = cues(words("and mister john dashwood had then leisure to consider how much " * 6))
    text = render(shown)
    blocks = text.split("\n\n")
    assert [block.split("\n")[0] for block in blocks] == [
        str(number) for number in range(1, len(shown) + 1)
    ]
    for block in blocks:
        _, times, *lines = block.rstrip("\n").split("\n")
        assert re.fullmatch(r"\d\d:\d\d:\d\d,\d{3} --> \d\d:\d\d:\d\d,\d{3}", times)
        assert 1 <= len(lines) <= 2
        assert all(len(line) <= LINE_CHARACTERS for line in lines)
    assert all(cue["start"] < cue["end"] for cue in shown)
    assert all(left["end"] <= right["start"] for left, right in pairwise(shown))


def test_no_words_make_no_subtitles() -> None:
    assert render([]) == ""


def test_a_plan_names_only_tasks_before_it() -> None:
    known: set[str] = set()
    for task in TASKS:
        assert set(task["depends_on"]) <= known
        assert task["key"] not in known
        known.add(task["key"])


def test_a_piece_without_speech_fails_for_good(attempts: Attempts) -> None:
    outcome = attempts.run("speech.transcribe", config={"item": {"start": 0, "end": 1}})
    assert outcome.exit_code == 65
    assert "config.item must be a piece of speech" in outcome.errors


def test_the_score_knows_abbreviations_and_ignores_case_and_stops() -> None:
    assert normalised("And Mr. Dashwood, had") == "and mister dashwood had"
    assert word_error_rate("mister dashwood had", "Mr. Dashwood, had.") == 0
    assert word_error_rate("a b c d", "a x c") == 0.5
    assert report("a b c d", "").startswith("word error rate 100.0%")
