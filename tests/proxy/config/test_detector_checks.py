import pytest

from proxy.config.detector_checks import check_detectors
from proxy.config.load import decode_config
from routing_rules import Complexity, Problem, RuleError, Secrets
from routing_rules.scores import DEFAULT_WEIGHTS

FILE = """\
[target.local]
kind = "ollama"
url = "http://localhost:11434/v1"
[[rule]]
name = "all"
use = ["local"]
"""


def problems(complexity: Complexity | None = None, secrets: Secrets | None = None) -> list[Problem]:
    return list(check_detectors(complexity or Complexity(), secrets or Secrets()))


def test_every_feature_may_have_a_weight_and_any_pattern_of_re2_a_name() -> None:
    secrets = Secrets(patterns={"badge": r"\bACME-\d{6}\b"}, ignore=("(?i)changeme|example",))
    assert problems(Complexity(weights=dict.fromkeys(DEFAULT_WEIGHTS, 0.5)), secrets) == []


def test_a_feature_that_does_not_exist_is_refused_with_the_nearest() -> None:
    (problem,) = problems(Complexity(weights={"reasonning": 1}))
    assert (problem.path, problem.nearest) == (("complexity", "weights", "reasonning"), "reasoning")


@pytest.mark.parametrize("weight", [float("inf"), float("nan")])
def test_a_weight_is_finite(weight: float) -> None:
    (problem,) = problems(Complexity(weights={"terms": weight}))
    assert problem.expected == "a finite number"


def test_the_articles_own_weights_are_not_changed() -> None:
    (problem,) = problems(Complexity(scorer="article", weights={"terms": 1}))
    assert 'scorer = "default"' in problem.expected


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("hunter2(", "does not compile"),
        ("(?=hunter2)", "does not compile"),
        ("", "finds something in every text"),
        ("a?", "every text"),
    ],
)
def test_a_pattern_must_compile_and_must_not_find_nothing(pattern: str, found: str) -> None:
    (problem,) = problems(secrets=Secrets(patterns={"own": pattern}))
    assert problem.path == ("secrets", "patterns", "own")
    assert found in problem.found
    assert "hunter2" not in str(problem)
    (ignored,) = problems(secrets=Secrets(ignore=("x", pattern)))
    assert ignored.path == ("secrets", "ignore", 1)


def test_a_file_says_on_which_line_it_is_and_never_what_a_pattern_holds() -> None:
    text = FILE + "[secrets]\npatterns = { own = 'hunter2(' }\nignore = 'hunter2'\n"
    with pytest.raises(RuleError) as raised:
        decode_config(text, "wye.toml")
    assert [(problem.line, problem.path) for problem in raised.value.problems] == [
        (8, ("secrets", "patterns", "own")),
        (9, ("secrets", "ignore")),
    ]
    assert "hunter2" not in str(raised.value)
