"""Speech to text while one speaks: a WebSocket server, and a client that streams a recording."""
