import pytest

from proxy.config.fileless import from_environment, has_openai_key
from routing_rules import RuleError, Target, compile_rules

KEY = {"OPENAI_API_KEY": "hunter2"}


def test_with_both_the_private_first_rules_decide() -> None:
    config = from_environment(KEY, ["llama3.2"])
    assert [rule.name for rule in config.rule] == [
        "whoever asks for speed is answered here",
        "whoever asks for quality is answered by the cloud",
        "small models are answered here",
        "big models go to the cloud",
        "everything else stays here",
    ]
    assert [(label.add, label.why) for label in config.label] == [
        ("private", "a password, key or token was found in the text"),
        ("private", "it holds images, audio or files, which no detector can read"),
    ]
    assert not config.target["cloud"].admits(frozenset({"private"}))
    assert config.target["local"].admits(frozenset({"private"}))
    compile_rules(config.rules)


def test_the_cloud_is_openai_as_its_own_variables_describe_it() -> None:
    environ = {"OPENAI_ORG_ID": "org-1", "OPENAI_PROJECT_ID": "p", "OPENAI_MODEL": "gpt-4o", **KEY}
    config = from_environment({**environ, "OPENAI_BASE_URL": "http://localhost:8000/v1"}, None)
    assert config.target == {
        "cloud": Target(
            kind="openai",
            url="https://api.openai.com/v1",
            key="env:OPENAI_API_KEY",
            organization="org-1",
            project="p",
            model="gpt-4o",
        )
    }
    assert "hunter2" not in repr(config)


def test_only_a_cloud_takes_all_and_nothing_is_labelled() -> None:
    config = from_environment(KEY, None)
    assert [(rule.name, rule.use) for rule in config.rule] == [("everything goes to the cloud", ("cloud",))]
    assert config.label == ()


def test_only_an_ollama_takes_all() -> None:
    config = from_environment({"OLLAMA_MODEL": "qwen3", "OPENAI_API_KEY": " "}, [])
    assert [(rule.name, rule.use) for rule in config.rule] == [("everything stays here", ("local",))]
    assert config.target["local"] == Target(
        kind="ollama", url="http://127.0.0.1:11434/v1", accepts=("*",), model="qwen3"
    )


@pytest.mark.parametrize(
    ("host", "address", "accepts"),
    [
        ("localhost", None, ("*",)),
        ("0.0.0.0", None, ("*",)),
        ("192.168.1.5", None, ("*",)),
        ("8.8.8.8", None, ()),
        ("ollama.com", None, ()),
        ("ollama", None, ()),
        ("ollama", "10.0.0.7", ("*",)),
        ("ollama", "8.8.8.8", ()),
    ],
)
def test_an_ollama_may_be_given_labels_only_where_it_is_surely_near(
    host: str, address: str | None, accepts: tuple[str, ...]
) -> None:
    config = from_environment({"OLLAMA_HOST": host}, ["llama3.2"], address)
    assert config.target["local"].accepts == accepts


def test_with_nobody_to_ask_it_says_what_to_set() -> None:
    with pytest.raises(RuleError) as raised:
        from_environment({"OLLAMA_HOST": "gpu:1"}, None)
    for word in ("OPENAI_API_KEY", "http://gpu:1/v1", "OLLAMA_HOST", "wye init"):
        assert word in str(raised.value)


def test_a_variable_that_no_header_can_carry_is_refused() -> None:
    with pytest.raises(RuleError, match="organization"):
        from_environment({"OPENAI_ORG_ID": "a\nb", **KEY}, None)


@pytest.mark.parametrize(("environ", "has"), [(KEY, True), ({}, False), ({"OPENAI_API_KEY": ""}, False)])
def test_a_key_that_is_empty_is_none(environ: dict[str, str], has: bool) -> None:
    assert has_openai_key(environ) is has
