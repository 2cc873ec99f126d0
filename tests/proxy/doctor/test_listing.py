import pytest

from proxy.doctor.ask import Answer
from proxy.doctor.listing import Found, find_ollama, first_chat_model, listed_models
from tests.fakes.asked import FakeAsk, listing


@pytest.mark.parametrize(
    ("answer", "models"),
    [
        (listing("a", "b"), ("a", "b")),
        (listing(), ()),
        (Answer(status=200, body=b'{"object":"list","data":null}'), ()),
        (Answer(status=200, body=b'{"data":[{"id":"a"},{"id":5},{}]}'), ("a",)),
        (Answer(status=200, body=b'{"models":[]}'), None),
        (Answer(status=200, body=b"<html>"), None),
        (Answer(status=404, body=b'{"data":[]}'), None),
    ],
)
def test_a_list_is_read_and_anything_else_is_none(answer: Answer, models: tuple[str, ...] | None) -> None:
    assert listed_models(answer) == models


@pytest.mark.parametrize(
    ("models", "first"),
    [
        (("nomic-embed-text:latest", "llama3.2:latest"), "llama3.2:latest"),
        (("text-embedding-3-small", "whisper-1", "tts-1", "dall-e-3", "gpt-4o"), "gpt-4o"),
        (("omni-moderation-latest",), None),
        ((), None),
    ],
)
def test_the_first_model_to_try_is_one_that_can_chat(models: tuple[str, ...], first: str | None) -> None:
    assert first_chat_model(models) == first


@pytest.mark.anyio
async def test_an_ollama_that_answers_is_found_with_its_address() -> None:
    answer = Answer(status=200, body=listing("a").body, address="127.0.0.1")
    ask = FakeAsk({"models": answer})
    assert await find_ollama(ask, "http://localhost:11434/v1", 1.0) == Found(("a",), "127.0.0.1")
    assert ask.asked[0].url == "http://localhost:11434/v1/models"


@pytest.mark.parametrize("answers", [{}, {"models": Answer(status=200, body=b"hello")}])
@pytest.mark.anyio
async def test_nobody_or_somebody_else_is_no_ollama(answers: dict[str, Answer]) -> None:
    assert await find_ollama(FakeAsk(answers), "http://localhost:11434/v1", 1.0) is None
