"""A realtime worker's side of a Yardmaster console: heartbeats, sessions, tokens.

Copy this folder, or write the like in another language: it is one request, `PUT /workers/NAME`.
"""

from yardmaster_worker.tokens import Refused, Ticket
from yardmaster_worker.worker import Held, Left, Worker

__all__ = ["Held", "Left", "Refused", "Ticket", "Worker"]
