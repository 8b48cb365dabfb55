"""Speech to text in five stages, each a command engine."""
