"""Plays one case: the real application, built from the file's text, asked in process, with upstreams on sockets."""

from __future__ import annotations

import asyncio
import gc
import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from unittest import mock

import httpx
from hypothesis import strategies as st

from proxy.app import build
from proxy.config.load import decode_config
from proxy.reload.loaded import Loaded
from proxy.telemetry.events import AttemptFailed, Event
from tests.fakes.asgi import running
from tests.privacy.faults import Habits, Upstreams, habits
from tests.privacy.oracle import BROKEN, Answered, Judge, Violation
from tests.privacy.requests import Json, Request, said, sequences
from tests.privacy.rule_files import PORT, RuleFile, rule_files, scripts
from tests.privacy.sinks import ENVIRONMENT_PROXY, SINKS, Segment, Sinks
from tests.privacy.watch import Script, Watch, watching

PATH = "/v1/chat/completions"
_TOO_LONG_S = 30.0
_PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


@dataclass(frozen=True)
class Case:
    """A rule file, what names resolve to, how upstreams behave, and what is asked."""

    file: RuleFile
    scripts: dict[str, Script]
    habits: Habits
    requests: tuple[Request, ...]

    def __str__(self) -> str:
        asked = "\n".join(f"{request}\n  {json.dumps(request.body([]))}" for request in self.requests)
        return f"{self.file.text}\n\nnames: {self.scripts}\nupstreams: {self.habits}\n{asked}"


@dataclass(frozen=True)
class Played:
    """What came of a case."""

    violations: tuple[Violation, ...]
    answers: tuple[Answered, ...]
    acted: Counter[str]
    reused: int
    judge: Judge
    segments: tuple[Segment, ...]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw a case."""
    file = draw(rule_files())
    names = tuple(target.name for target in file.targets)
    with_openai = any(target.kind == "openai" for target in file.targets)
    return Case(file, draw(scripts()), draw(habits(names)), draw(sequences(names, with_openai=with_openai)))


@contextmanager
def stage() -> Iterator[asyncio.Runner]:
    """Hold one plain asyncio loop for many cases."""
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        yield runner


def play(runner: asyncio.Runner, case: Case) -> Played:
    """Play a case. Raises RuleError where the loader refuses the file."""
    decode_config(case.file.text.replace(PORT, "1"), "case.toml")
    try:
        return runner.run(_play(case))
    finally:
        gc.unfreeze()  # the application freezes what it made; here one follows the other


async def _play(case: Case) -> Played:
    upstreams = Upstreams(case.habits)
    listening = [address for address in SINKS if address not in case.habits.silent]
    with watching(case.scripts) as watch:
        async with Sinks(listening, upstreams) as sinks:
            upstreams.port = sinks.port
            with _proxy_variables(sinks.port):
                answers, broken = await _asked(case, sinks.port, watch)
    judge = Judge(case.file, case.scripts, answers)
    violations = (
        *broken,
        *judge.arrivals(sinks.segments),
        *judge.connections(watch.connected, sinks.port),
        *judge.lookups(watch.asked),
        *judge.told(),
    )
    return Played(violations, tuple(answers), upstreams.acted, sinks.reused, judge, tuple(sinks.segments))


@contextmanager
def _proxy_variables(port: int) -> Iterator[None]:
    place = f"http://{ENVIRONMENT_PROXY}:{port}"
    with mock.patch.dict(os.environ, {**dict.fromkeys(_PROXY_VARIABLES, place), "NO_PROXY": ""}):
        yield


async def _asked(case: Case, port: int, watch: Watch) -> tuple[list[Answered], list[Violation]]:
    """Ask all there is to ask, wave after wave; what wye did wrong on the way is a violation too."""
    events: list[Event] = []
    config = decode_config(case.file.text.replace(PORT, str(port)), "case.toml")
    answers: list[Answered] = []
    wye = build(Loaded(config), "wye-case", events.append)
    try:
        async with (
            asyncio.timeout(_TOO_LONG_S),
            running(wye) as client,
        ):
            await _until_listed(client)
            for wave in sorted({request.wave for request in case.requests}):
                watch.wave = wave
                asked = [request for request in case.requests if request.wave == wave]
                answers += await asyncio.gather(*(_ask(client, one, answers) for one in asked))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what the property looks for
        return answers, [Violation(BROKEN, f"{type(error).__name__}: {error}")]
    return [_with_failed(answer, events) for answer in answers], []


async def _until_listed(client: httpx.AsyncClient) -> None:
    """Wait until all targets were asked for their models: the merged list waits for that."""
    answer = await client.get("/v1/models")
    assert answer.status_code == httpx.codes.OK, answer.text


async def _ask(client: httpx.AsyncClient, request: Request, before: list[Answered]) -> Answered:
    quoted = next((one for one in before if one.request.number == request.quotes and one.whole), None)
    earlier = _turn(quoted) if quoted else []
    body = json.dumps(request.body(earlier)).encode()
    answer = await client.post(PATH + request.query, content=body, headers=request.sent_headers)
    return Answered(request, quoted is not None, answer.status_code, dict(answer.headers), answer.content)


def _turn(answer: Answered) -> list[Json]:
    """An earlier turn as the next one quotes it: what was said, and the reply if it came in one piece."""
    turn: list[Json] = [{"role": "user", "content": said(answer.request.number)}]
    if not answer.request.stream:
        turn.append({"role": "assistant", "content": json.loads(answer.body)["choices"][0]["message"]["content"]})
    return turn


def _with_failed(answer: Answered, events: list[Event]) -> Answered:
    own = answer.headers.get("x-wye-id")
    failed = [event.target for event in events if isinstance(event, AttemptFailed) and event.id == own]
    return Answered(answer.request, answer.quoted, answer.status, answer.headers, answer.body, tuple(failed))
