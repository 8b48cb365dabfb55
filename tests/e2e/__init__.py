"""A real console and a real browser."""
