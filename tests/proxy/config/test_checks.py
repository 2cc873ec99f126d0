from datetime import date
from typing import Any

import pytest

from proxy.config.checks import check_config, check_server
from proxy.config.schema import Config, Server
from routing_rules import Label, Rule, Target


@pytest.mark.parametrize(
    "server",
    [Server(), Server(host="::1", port=0), Server(host="localhost"), Server(host="0.0.0.0", open=True, port=65535)],
)
def test_a_sound_server_has_no_problem(server: Server) -> None:
    assert list(check_server(server)) == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com", "::ffff:8.8.8.8"])
def test_to_listen_beyond_loopback_must_be_asked_for(host: str) -> None:
    (problem,) = check_server(Server(host=host))
    assert problem.path == ("server", "host")
    assert f"binding to {host} without keys needs [server] open = true" in problem.expected


@pytest.mark.parametrize("host", ["", "[::1]", "localhost/", "a b"])
def test_a_host_must_be_one_that_can_be_listened_on(host: str) -> None:
    (problem,) = check_server(Server(host=host, open=True))
    assert "without brackets or port" in problem.expected


@pytest.mark.parametrize(
    ("server", "key"), [(Server(port=-1), "port"), (Server(port=65536), "port"), (Server(workers=0), "workers")]
)
def test_numbers_have_their_bounds(server: Server, key: str) -> None:
    assert [problem.path for problem in check_server(server)] == [("server", key)]


def test_a_boundary_holds_networks_and_host_patterns() -> None:
    (problem,) = check_config(Config(boundary={"private": ("10.0.0.0/8", "10.0.0", "*.internal")}))
    assert (problem.path, problem.found) == (("boundary", "private"), "'10.0.0'")


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), date(2026, 1, 1), [date(2026, 1, 1)], {"a": float("inf")}]
)
def test_a_rewrite_sets_only_what_json_can_hold(value: Any) -> None:
    rule = Rule(name="r", use=("a",), set={"x": value}, default={"y": value})
    assert [problem.path for problem in check_config(Config(rule=(rule,)))] == [
        ("rule", 0, "set", "x"),
        ("rule", 0, "default", "y"),
    ]


def test_targets_are_checked_too() -> None:
    (problem,) = check_config(Config(target={"a": Target(kind="compatible", url="nowhere")}))
    assert problem.path == ("target", "a", "url")


def test_a_boundary_for_a_label_that_nobody_bears_is_a_misspelling() -> None:
    label = Label(add="finance", when={})
    (problem,) = check_config(
        Config(label=(label,), boundary={"finance": (), "financ": ("10.0.0.0/8",), "private": ()})
    )
    assert problem.path == ("boundary", "financ")
    assert problem.nearest == "finance"
