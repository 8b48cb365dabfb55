"""Sessions of PostgreSQL whose client stopped in the middle of a transaction."""

from __future__ import annotations

from django.db import connection

# The server's own time-out for them is not enough. Between the statements of a pipeline a session
# counts as active, and a flush that comes after a pipeline's end disarms the time-out: locks would
# last for as long as the client is frozen. COPY waits for its client by nature.
_END = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user
  AND application_name = current_setting('application_name') AND pid <> pg_backend_pid()
  AND xact_start IS NOT NULL AND state <> 'idle' AND wait_event = 'ClientRead'
  AND state_change < clock_timestamp() - make_interval(secs => %s) AND query NOT ILIKE 'copy %%'
"""


def end_frozen_sessions(seconds: float) -> int:
    """End the console's sessions that said nothing for so long in a transaction; how many."""
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_END, [seconds])
        (ended,) = cursor.fetchone()
    return int(ended)
