"""A realtime worker: takes 16 kHz mono 16-bit PCM by WebSocket, answers with what it hears.

The first message is `{"token": …}`, then come binary messages of any length; an empty one ends the
audio. Answers are `{"kind": "partial" | "final", "text": …, "at": seconds}`, then a close.
"""

import argparse
import asyncio
import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from live.ears import Ears, Heard
from yardmaster_worker import Held, Left, Refused, Worker

TOKEN_SECONDS = 10
REFUSED, OVER = 4401, 4408
LONGEST_MESSAGE = 1 << 20


class Transcriber:
    """Serves the sessions of one worker, each decoded on a thread of its own."""

    def __init__(self, worker: Worker, capacity: int) -> None:
        self._worker = worker
        self._threads = ThreadPoolExecutor(capacity)

    async def serve(self, socket: ServerConnection) -> None:
        """One client, from its token to its last word."""
        try:
            async with asyncio.timeout(TOKEN_SECONDS):
                first = await socket.recv()
            with self._worker.hold(_token(first)) as held:
                await self._converse(socket, held)
        except Refused as problem:
            await socket.close(REFUSED, str(problem)[:120])
        except TimeoutError:
            await socket.close(REFUSED, "no token came")
        except ConnectionClosed:
            return

    async def _converse(self, socket: ServerConnection, held: Held) -> None:
        talk = asyncio.create_task(self._listen(socket))
        over = asyncio.create_task(held.over.wait())
        try:
            await asyncio.wait({talk, over}, return_when=asyncio.FIRST_COMPLETED)
            if talk.done():
                talk.result()
            else:
                await socket.close(OVER, "the session is over")
        finally:
            for task in (talk, over):
                task.cancel()

    async def _listen(self, socket: ServerConnection) -> None:
        loop = asyncio.get_running_loop()
        ears = await loop.run_in_executor(self._threads, Ears)
        async for message in socket:
            if not isinstance(message, bytes):
                await socket.close(1003, "audio comes in binary messages")
                return
            if not message:
                break
            await _say(socket, await loop.run_in_executor(self._threads, ears.hear, message))
        await _say(socket, await loop.run_in_executor(self._threads, ears.end))


async def _say(socket: ServerConnection, found: list[Heard]) -> None:
    for heard in found:
        await socket.send(json.dumps(asdict(heard)))


def _token(message: str | bytes) -> str:
    try:
        token = json.loads(message)["token"]
    except (ValueError, KeyError, TypeError) as error:
        raise Refused("the first message has to be a token") from error
    return str(token)


def _told(name: str, drain: bool) -> None:
    print(f"{name}: {'drains' if drain else 'takes sessions again'}", flush=True)


async def main(options: argparse.Namespace) -> None:
    """Until SIGTERM, or until the console wants it no more."""
    endpoint = f"ws://{options.host}:{options.port}"
    async with Worker(
        options.console,
        os.environ["YARDMASTER_WORKER_KEY"],
        options.name,
        endpoint=endpoint,
        models=["en"],
        capacity=options.capacity,
        on_drain=partial(_told, options.name),
    ) as worker:
        transcriber = Transcriber(worker, options.capacity)
        async with serve(
            transcriber.serve, options.host, options.port, max_size=LONGEST_MESSAGE
        ) as server:
            print(f"{options.name}: {options.capacity} places at {endpoint}", flush=True)
            await _until_told(server, worker)


async def _until_told(server: Server, worker: Worker) -> None:
    stop = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set_result, None)
    stays = asyncio.create_task(worker.stays())
    await asyncio.wait({stop, stays}, return_when=asyncio.FIRST_COMPLETED)
    server.close()
    if stays.done():
        stays.result()
    stays.cancel()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("--console", required=True, metavar="URL")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--capacity", type=int, default=2)
    try:
        asyncio.run(main(parser.parse_args()))
    except Left as problem:
        raise SystemExit(f"server: {problem}") from problem
