"""Many streams at once through a real wye for a while: none lost, none mixed up, memory flat.

    python -m tests.soak.streams --streams 200 --seconds 60

Each stream asks for a text of its own and checks every piece that comes back; the upstream paces its events. Prints
one line a run and exits with 1 when a stream was lost or mixed up.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections import Counter
from pathlib import Path

import httptools
import msgspec

from tests.fakes.server import Request, Wire
from tests.fakes.upstream import SSE, FakeOpenAI
from tests.wye_process import Wye, one_target

EVENTS = 20
PAUSE_S = 0.1


async def paced(request: Request, wire: Wire) -> None:
    """Answer with events that each repeat the word that was asked, one every 100 ms."""
    word = request.json()["messages"][0]["content"]
    await wire.start(200, SSE)
    for at in range(EVENTS):
        await wire.write(_event({"content": f"{word}:{at} "}, None))
        await asyncio.sleep(PAUSE_S)
    await wire.write(_event({}, "stop"))
    await wire.write(b"data: [DONE]\n\n")
    await wire.end()


def _event(delta: dict[str, str], finish: str | None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return b"data: " + msgspec.json.encode(chunk) + b"\n\n"


async def run(port: int, streams: int, seconds: float) -> Counter[str]:
    """Keep this many streams open for this long; count how they ended."""
    ends: Counter[str] = Counter()
    until = time.monotonic() + seconds
    await asyncio.gather(*(_one_after_another(port, f"s{at}", until, ends) for at in range(streams)))
    return ends


async def _one_after_another(port: int, name: str, until: float, ends: Counter[str]) -> None:
    turn = 0
    while time.monotonic() < until:
        turn += 1
        ends[await _stream(port, f"{name}t{turn}")] += 1


async def _stream(port: int, word: str) -> str:
    """Read one stream; say `whole`, `lost` or `mixed up`."""
    body = msgspec.json.encode({"model": "m", "stream": True, "messages": [{"role": "user", "content": word}]})
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(body)}\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head.encode() + b"connection: close\r\n\r\n" + body)
    answer = _Body()
    parser = httptools.HttpResponseParser(answer)
    try:
        while data := await reader.read(65536):
            parser.feed_data(data)
    except OSError:
        return "lost"
    finally:
        writer.close()
    return _judge(bytes(answer.body), word)


class _Body:
    def __init__(self) -> None:
        self.body = bytearray()

    def on_body(self, data: bytes) -> None:
        self.body += data


def _judge(body: bytes, word: str) -> str:
    events = [line[6:] for line in body.split(b"\n") if line.startswith(b"data: ")]
    if not events or events[-1] != b"[DONE]":
        return "lost"
    deltas = [msgspec.json.decode(event)["choices"][0]["delta"].get("content", "") for event in events[:-1]]
    return "whole" if "".join(deltas) == "".join(f"{word}:{at} " for at in range(EVENTS)) else "mixed up"


def resident_kb(pid: int) -> int:
    """Return the memory of a process that is its own and in use, in kB."""
    rows = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return int(next(row for row in rows if row.startswith("VmRSS")).split()[1])


def soak(streams: int, seconds: float) -> tuple[Counter[str], int, int]:
    """Run once to warm up, then for real; return the ends and the memory before and after, in kB."""
    with FakeOpenAI(models=["m"], script=paced) as upstream, Wye(one_target(upstream.base_url)) as wye:
        asyncio.run(run(wye.port, streams, 1))
        before = resident_kb(wye.process.pid)
        ends = asyncio.run(run(wye.port, streams, seconds))
        return ends, before, resident_kb(wye.process.pid)


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60)
    given = parser.parse_args()
    ends, before, after = soak(given.streams, given.seconds)
    print(f"{given.streams} streams for {given.seconds:.0f} s: {dict(ends)}; memory {before} kB -> {after} kB")
    return 0 if set(ends) == {"whole"} else 1


if __name__ == "__main__":
    sys.exit(main())
