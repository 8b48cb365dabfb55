"""The tests, and what they start for themselves."""
