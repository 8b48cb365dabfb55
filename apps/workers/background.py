"""What Celery carries for the cards: the broadcast that asks for samples, and their upkeep."""

from __future__ import annotations

from celery import shared_task

from apps.workers.cards import rollups, sampler
from apps.workers.transitions import take_tick

__all__ = ["fold_cards", "sample_cards"]

FOLD_SECONDS = 60.0


@shared_task(name="cards.sample")
def sample_cards() -> None:
    """Every worker process hears it; one of each machine looks at its cards."""
    sampler.hear()


@shared_task(name="cards.fold")
def fold_cards() -> None:
    """Sum up the samples and remove old ones, once per period."""
    if take_tick("cards", FOLD_SECONDS):
        rollups.fold()
