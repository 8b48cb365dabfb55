"""Engines: what they are, and how their child processes are run."""
