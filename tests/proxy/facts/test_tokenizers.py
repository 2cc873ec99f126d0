from __future__ import annotations

import pytest

from proxy.facts.tokenizers import tokenizer_of


@pytest.mark.parametrize(
    ("model", "said"),
    [
        *(
            (name, "o200k_base")
            for name in ("gpt-4o", "gpt-4o-mini-2024-07-18", "GPT-4.1", "gpt-5-nano", "o1", "o3-mini")
        ),
        *((name, "o200k_base") for name in ("o4-mini", "chatgpt-4o-latest", "ft:gpt-4o-mini:acme::x")),
        *(
            (name, "cl100k_base")
            for name in ("gpt-4", "gpt-4-turbo", "gpt-3.5-turbo", "gpt-35-turbo", "ft:gpt-3.5-turbo:a")
        ),
        *(
            (name, "o200k_base, as an estimate")
            for name in ("llama3.2", "smollm2:135m", "mistral", "gpt-oss:20b", "", None)
        ),
    ],
)
def test_openais_models_have_their_table_and_all_others_an_estimate(model: str | None, said: str) -> None:
    assert str(tokenizer_of(model)) == said
