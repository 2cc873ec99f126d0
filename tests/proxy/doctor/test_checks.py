import asyncio
from typing import Any

import pytest

from proxy.doctor.ask import Answer, Unreachable
from proxy.doctor.checks import examine, examine_all
from proxy.doctor.report import Finding, TargetReport
from routing_rules import Target
from tests.fakes.asked import STREAM, FakeAsk, error, listing

Answers = dict[str, Answer | Unreachable | float]
GOOD: Answers = {"models": listing("gpt-4o-mini", "gpt-4o"), "completions": STREAM}


async def examined(answers: Answers, environ: dict[str, str] | None = None, **keys: Any) -> TargetReport:
    defaults = {"kind": "openai", "url": "https://api/v1", "key": "env:KEY", "model": "gpt-4o"}
    target = Target(**{**defaults, **keys})
    return await examine("cloud", target, {"KEY": "hunter2"} if environ is None else environ, FakeAsk(answers), 1.0)


def outcomes(report: TargetReport) -> str:
    return " ".join(f"{finding.check}:{finding.outcome}" for finding in report.findings)


def failure(report: TargetReport) -> Finding:
    (finding,) = [finding for finding in report.findings if finding.outcome == "failed"]
    assert not report.usable
    return finding


@pytest.mark.anyio
async def test_a_target_in_order_passes_every_check() -> None:
    report = await examined(GOOD)
    assert outcomes(report) == "secret:ok reach:ok key:ok models:ok stream:ok"
    assert report.usable


@pytest.mark.anyio
async def test_a_target_without_key_that_wants_none_is_in_order() -> None:
    report = await examined(
        {"models": listing("llama3.2:latest"), "completions": STREAM}, kind="ollama", key=None, model="llama3.2"
    )
    assert outcomes(report) == "secret:skipped reach:ok key:skipped models:ok stream:ok"


@pytest.mark.anyio
async def test_a_missing_secret_is_named_and_nothing_is_asked_in_its_place() -> None:
    report = await examined(GOOD, environ={})
    assert outcomes(report) == "secret:failed reach:ok key:skipped models:skipped stream:skipped"
    assert failure(report).mend == "set KEY in the environment of wye"


@pytest.mark.anyio
async def test_a_missing_secret_file_is_named() -> None:
    assert failure(await examined(GOOD, key="file:/nowhere/key")).mend == "put the key into /nowhere/key"


@pytest.mark.parametrize(
    ("unreachable", "mend"),
    [
        (Unreachable("no such host", "name"), "check the host"),
        (Unreachable("connection refused", "refused"), "check the port"),
        (Unreachable("certificate has expired", "tls"), "check the certificate"),
        (Unreachable("silence", "time"), "firewall"),
        (Unreachable("garbage"), "OpenAI's API"),
    ],
)
@pytest.mark.anyio
async def test_a_target_that_cannot_be_reached_says_at_which_step(unreachable: Unreachable, mend: str) -> None:
    report = await examined({"models": unreachable})
    assert outcomes(report) == "secret:ok reach:failed key:skipped models:skipped stream:skipped"
    assert failure(report).says == unreachable.reason
    assert mend in failure(report).mend


@pytest.mark.anyio
async def test_an_ollama_that_does_not_run_is_to_be_started() -> None:
    report = await examined({}, kind="ollama", key=None)
    assert "ollama serve" in failure(report).mend


@pytest.mark.anyio
async def test_a_wrong_key_is_a_failure_of_the_key_alone() -> None:
    report = await examined({**GOOD, "models": error(401, "Incorrect API key provided: hunter2")})
    assert outcomes(report) == "secret:ok reach:ok key:failed models:skipped stream:skipped"
    assert failure(report).mend == "put a valid key behind env:KEY"
    assert "hunter2" not in str(report)


@pytest.mark.anyio
async def test_a_key_that_may_not_list_models_may_still_chat() -> None:
    report = await examined({**GOOD, "models": error(403)})
    assert outcomes(report) == "secret:ok reach:ok key:ok models:skipped stream:ok"


@pytest.mark.anyio
async def test_a_key_that_may_neither_list_nor_chat_is_a_failure() -> None:
    report = await examined({"models": error(403), "completions": error(403)})
    assert outcomes(report) == "secret:ok reach:ok key:failed models:skipped stream:skipped"
    assert failure(await examined({"models": error(403)}, model=None)).check == "key"


@pytest.mark.anyio
async def test_a_target_that_wants_a_key_and_has_none_is_told_so() -> None:
    report = await examined({**GOOD, "models": error(401)}, key=None)
    assert failure(report).says == "it asks for a key (401)"


@pytest.mark.parametrize(
    ("keys", "models", "mend"),
    [
        ({"model": "gpt-9"}, listing("gpt-4o"), "set `model` to one of: gpt-4o"),
        ({"kind": "ollama", "model": "llama3.2"}, listing("qwen3:latest"), "`ollama pull llama3.2`"),
        ({"kind": "ollama", "model": None}, listing(), "pull one: `ollama pull llama3.2`"),
        ({}, error(500), "OpenAI's API"),
    ],
)
@pytest.mark.anyio
async def test_a_model_that_is_not_there_says_how_to_get_it(keys: dict[str, Any], models: Answer, mend: str) -> None:
    finding = failure(await examined({**GOOD, "models": models}, **keys))
    assert finding.check == "models"
    assert mend in finding.mend


@pytest.mark.anyio
async def test_a_server_that_lists_no_models_is_tried_all_the_same() -> None:
    report = await examined({**GOOD, "models": error(404)})
    assert outcomes(report) == "secret:ok reach:ok key:ok models:skipped stream:ok"


@pytest.mark.anyio
async def test_without_a_model_of_its_own_the_first_that_can_chat_is_tried() -> None:
    ask = FakeAsk({**GOOD, "models": listing("text-embedding-3-small", "gpt-4o")})
    await examine("cloud", Target(kind="openai", url="https://api/v1"), {}, ask, 1.0)
    assert ask.asked[1].body["model"] == "gpt-4o"


@pytest.mark.anyio
async def test_where_the_configuration_maps_models_the_upstreams_name_is_tried() -> None:
    ask = FakeAsk({**GOOD, "models": error(404)})
    target = Target(kind="openai", url="https://azure/{model}", model="gpt-4o", models={"gpt-4o": "deployed"})
    report = await examine("azure", target, {}, ask, 1.0)
    assert ask.asked[1].url == "https://azure/deployed/chat/completions"
    assert report.usable


@pytest.mark.parametrize(
    ("answer", "says", "mend"),
    [
        (error(429, "You exceeded your quota"), "gpt-4o: 429 You exceeded your quota", "billing"),
        (error(404, "no such\nmodel"), "gpt-4o: 404 no such model", "check `model`"),
        (error(400), "gpt-4o: 400 no", "check `model` and `query`"),
        (Answer(status=502, body=b"<html>"), "gpt-4o: 502", "server's log"),
        (Answer(status=200, headers={"content-type": "application/json"}), "not as a stream", "OpenAI's API"),
        (Answer(status=200, headers={"content-type": "text/event-stream"}), "without any event", "server's log"),
        (Unreachable("broke off"), "gpt-4o: broke off", "OpenAI's API"),
    ],
)
@pytest.mark.anyio
async def test_a_stream_that_fails_says_why(answer: Answer | Unreachable, says: str, mend: str) -> None:
    finding = failure(await examined({**GOOD, "completions": answer}))
    assert finding.check == "stream"
    assert says in finding.says
    assert mend in finding.mend


@pytest.mark.anyio
async def test_a_model_that_takes_too_long_says_how_to_wait_longer() -> None:
    target = Target(kind="ollama", url="http://host/v1", model="a")
    report = await examine("local", target, {}, FakeAsk({"models": listing("a"), "completions": 60.0}), 0.05)
    assert "--timeout 60s" in failure(report).mend


@pytest.mark.anyio
async def test_all_targets_are_examined_at_the_same_time() -> None:
    targets = {str(number): Target(kind="ollama", url="http://host/v1") for number in range(20)}
    async with asyncio.timeout(2):
        reports = await examine_all(targets, {}, FakeAsk({"models": 60.0}), 0.2)
    assert [report.target for report in reports] == list(targets)
    assert not any(report.usable for report in reports)
