"""The face over the domain apps: API, page, commands. It owns no tables."""
