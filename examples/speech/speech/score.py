"""Word error rate against a reference text."""

import re

import jiwer

SPOKEN = {"mr": "mister", "mrs": "missus", "dr": "doctor"}


def normalised(text: str) -> str:
    """Lower case, no punctuation, abbreviations as they are spoken: one spelling for both sides."""
    words = re.findall(r"[\w']+", text.lower())
    return " ".join(SPOKEN.get(word, word) for word in words)


def word_error_rate(reference: str, heard: str) -> float:
    return float(jiwer.wer(normalised(reference), normalised(heard)))


def report(reference: str, heard: str) -> str:
    """The rate and what it is made of, as one line."""
    measured = jiwer.process_words(normalised(reference), normalised(heard))
    total = measured.hits + measured.substitutions + measured.deletions
    return (
        f"word error rate {measured.wer:.1%}: of {total} words {measured.substitutions} heard "
        f"wrong, {measured.deletions} missed; {measured.insertions} added"
    )
