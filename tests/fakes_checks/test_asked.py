import pytest

from proxy.doctor.ask import Unreachable
from tests.fakes.asked import STREAM, FakeAsk


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
async def test_it_answers_by_path_and_remembers() -> None:
    ask = FakeAsk({"completions": STREAM})
    assert await ask("POST", "http://a/v1/chat/completions?x=1", {"a": "b"}, b"[1]", 1.0) == STREAM
    assert ask.asked[0].body == [1]
    with pytest.raises(Unreachable):
        await ask("GET", "http://a/v1/models", {}, None, 1.0)
