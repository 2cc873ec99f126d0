"""Rules that change again and again under requests: none fails, and each is answered by one file from end to end.

    python -m tests.soak.reload --requests 10000 --reloads 100 --workers 2

File number k has the rule `v<k>`, the target `t<k>`, the label `l<k>`, and sets the field `seed` to k, which the
upstream repeats: an answer that has two different numbers saw half a file. Prints one line and exits with 1 when a
request failed or was mixed up.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import msgspec

from tests.fakes.server import Request, Wire
from tests.fakes.upstream import SSE, FakeOpenAI
from tests.soak.streams import resident_kb
from tests.wye_process import Wye

CLIENTS = 4
PAUSE_S = 0.02
_NUMBERS = re.compile(r"(?:v|t|l)(\d+)")


def file_number(number: int, url: str) -> str:
    """Write one of the files."""
    return f"""
[target.t{number}]
kind = "openai"
url = "{url}"
accepts = ["*"]
model = "m"
[[label]]
add = "l{number}"
[[rule]]
name = "v{number}"
use = ["t{number}"]
set = {{ seed = {number} }}
"""


async def repeat(request: Request, wire: Wire) -> None:
    """Answer with the seed that the rule has set, whole or as two events."""
    asked = request.json()
    seed, head = str(asked["seed"]), {"id": "c", "created": 1, "model": "m"}
    if not asked.get("stream"):
        choice = {"index": 0, "message": {"role": "assistant", "content": seed}, "finish_reason": "stop"}
        await wire.reply(200, {**head, "object": "chat.completion", "choices": [choice]})
        return
    await wire.start(200, SSE)
    for delta, finish in (({"content": seed}, None), ({}, "stop")):
        event = {
            **head,
            "object": "chat.completion.chunk",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        }
        await wire.write(b"data: " + msgspec.json.encode(event) + b"\n\n")
    await wire.write(b"data: [DONE]\n\n")
    await wire.end()


def write(file: Path, text: str, how: int) -> None:
    """Change a file as editors do: by rename, in place, or in place in two steps."""
    if how == 0:
        other = file.with_suffix(".new")
        other.write_text(text, encoding="utf-8")
        other.rename(file)
    elif how == 1:
        file.write_text(text, encoding="utf-8")
    else:
        with file.open("w", encoding="utf-8") as opened:
            opened.write(text[: len(text) // 2])
            opened.flush()
            time.sleep(0.05)
            opened.write(text[len(text) // 2 :])


async def ask(client: httpx.AsyncClient, stream: bool) -> str:
    """Send one request; say `whole`, `mixed up`, or what kept it from being answered."""
    body = {"model": "m", "messages": [{"role": "user", "content": "hello"}], "stream": stream}
    try:
        answer = await client.post("/chat/completions", json=body)
    except httpx.HTTPError as error:
        return type(error).__name__
    if answer.status_code != 200:
        return str(answer.status_code)
    return judge(answer)


def judge(answer: httpx.Response) -> str:
    """Say whether an answer is whole and all of one file."""
    said: list[Any] = []
    if answer.headers["content-type"].startswith("text/event-stream"):
        events = [line[6:] for line in answer.text.splitlines() if line.startswith("data: ")]
        if events[-1:] != ["[DONE]"]:
            return "cut"
        said = [msgspec.json.decode(event)["choices"][0]["delta"].get("content") for event in events[:-1]]
    else:
        said = [answer.json()["choices"][0]["message"]["content"]]
    names = " ".join(answer.headers[f"x-wye-{name}"] for name in ("rule", "target", "labels"))
    numbers = _NUMBERS.findall(names)
    return "whole" if len(numbers) == 3 and {*numbers} == {one for one in said if one} else "mixed up"


class Run:
    """A wye whose file changes while clients ask."""

    def __init__(self, wye: Wye, upstream: FakeOpenAI, workers: int, seed: int) -> None:
        self.ends: Counter[str] = Counter()
        self.waits_s: list[float] = []
        self._wye, self._upstream, self._workers = wye, upstream, workers
        self._file = Path(wye.folder.name) / "wye.toml"
        self._dice = random.Random(seed)

    async def __call__(self, requests: int, reloads: int) -> None:
        """Change the file this often, and send at least so many requests, spread over all changes."""
        async with httpx.AsyncClient(base_url=self._wye.base_url, timeout=30, trust_env=False) as client:
            for number in range(1, reloads + 1):
                wanted = requests * number // reloads
                reloading = asyncio.ensure_future(asyncio.to_thread(self._reload, number))
                asking = [self._ask(client, reloading, wanted) for _ in range(CLIENTS)]
                await asyncio.gather(reloading, *asking)

    def _reload(self, number: int) -> None:
        started = time.monotonic()
        write(self._file, file_number(number, self._upstream.base_url), self._dice.randrange(3))
        reached: set[int] = set()

        def everywhere(event: dict[str, Any]) -> bool:
            if event["event"] == "rules.reloaded" and event["targets"] == [f"t{number}"]:
                reached.add(event["process"])
            return len(reached) == self._workers

        self._wye.wait_for(everywhere, 20)
        self.waits_s.append(time.monotonic() - started)

    async def _ask(self, client: httpx.AsyncClient, reloading: asyncio.Future[None], wanted: int) -> None:
        while not reloading.done() or self.ends.total() < wanted:
            self.ends[await ask(client, self._dice.random() < 0.3)] += 1
            await asyncio.sleep(self._dice.random() * 2 * PAUSE_S)


def soak(requests: int, reloads: int, workers: int = 1, seed: int = 1) -> tuple[Run, int, int]:
    """Run; return how it went, and the memory of the first process after two reloads and at the end, in kB."""
    with FakeOpenAI(models=["m"], script=repeat) as upstream:
        arguments = ("--workers", str(workers))
        with Wye(file_number(0, upstream.base_url), *arguments) as wye:
            asyncio.run(Run(wye, upstream, workers, seed)(requests // 20, 2))
            before = resident_kb(wye.process.pid)
            run = Run(wye, upstream, workers, seed + 1)
            asyncio.run(run(requests, reloads))
            return run, before, resident_kb(wye.process.pid)


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--reloads", type=int, default=100)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    started = time.monotonic()
    run, before, after = soak(given.requests, given.reloads, given.workers, given.seed)
    print(
        f"{run.ends.total()} requests over {given.reloads} reloads, {given.workers} workers, "
        f"{time.monotonic() - started:.0f} s: {dict(run.ends)}; a change is in force after "
        f"{sum(run.waits_s) / len(run.waits_s):.2f} s, at most {max(run.waits_s):.2f} s; "
        f"memory {before} kB -> {after} kB"
    )
    return 0 if set(run.ends) == {"whole"} else 1


if __name__ == "__main__":
    sys.exit(main())
