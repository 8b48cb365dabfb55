"""Faults on purpose: what is killed, frozen and cut off, and what must hold afterwards."""
