from pathlib import Path

import pytest

from proxy.cli.configured import configuration
from proxy.doctor.ask import Answer
from routing_rules import RuleError
from tests.fakes.asked import FakeAsk, listing

TEXT = '[target.a]\nkind = "compatible"\nurl = "http://a/v1"\n[[rule]]\nname = "all"\nuse = ["a"]\n'


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
async def test_a_file_wins_and_nobody_is_asked(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text(TEXT)
    ask = FakeAsk()
    found, source = await configuration(file, {"OPENAI_API_KEY": "x", "WYE_PORT": "9"}, tmp_path, ask)
    config = found.config
    assert (list(config.target), config.server.port, source, ask.asked) == (["a"], 9, file, [])


@pytest.mark.anyio
async def test_without_a_file_it_looks_around(tmp_path: Path) -> None:
    answer = Answer(status=200, body=listing("m").body, address="10.0.0.1")
    environ = {"OLLAMA_HOST": "ollama", "WYE_LOG_LEVEL": "debug"}
    found, source = await configuration(None, environ, tmp_path, FakeAsk({"models": answer}))
    config = found.config
    assert (config.target["local"].accepts, config.log.level, source) == (("*",), "debug", None)


@pytest.mark.anyio
async def test_with_nothing_around_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="OPENAI_API_KEY"):
        await configuration(None, {}, tmp_path, FakeAsk())
