from datetime import date
from typing import Any

import pytest

from proxy.config.checks import check_config, check_server
from proxy.config.schema import Config, FactsLog, Server
from routing_rules import Expect, Given, Label, Rule, Target, Trial


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


@pytest.mark.parametrize(
    "config",
    [
        Config(server=Server(timezone="Europe/Berlin", hash_key="env:KEY")),
        Config(server=Server(hash_key="file:/run/secrets/key")),
        Config(facts_log=FactsLog(path="facts.jsonl", fields=("model", "header.x-team", "secrets@user", "pii.email"))),
    ],
)
def test_a_clock_a_key_and_a_log_that_are_sound_have_no_problem(config: Config) -> None:
    assert list(check_config(config)) == []


@pytest.mark.parametrize(
    ("zone", "nearest"),
    [
        ("Europe/Berln", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("Europe", None),
        ("", None),
        ("../etc/passwd", None),
        ("/etc/localtime", None),
        ("a\0b", None),
    ],
)
def test_a_time_zone_must_be_one_that_is_known(zone: str, nearest: str | None) -> None:
    (problem,) = check_config(Config(server=Server(timezone=zone)))
    assert problem.path == ("server", "timezone")
    assert nearest is None or problem.nearest == nearest


def test_a_literal_hash_key_is_refused_without_repeating_it() -> None:
    (problem,) = check_config(Config(server=Server(hash_key="hunter2")))
    assert problem.path == ("server", "hash_key")
    assert "hunter2" not in str(problem)


@pytest.mark.parametrize(
    ("log", "path", "nearest"),
    [
        (FactsLog(path=""), ("path",), None),
        (FactsLog(path="a\0b"), ("path",), None),
        (FactsLog(fields=("model", "modle")), ("fields", 1), "model"),
        (FactsLog(fields=("complexity",)), ("fields", 0), None),
        (FactsLog(fields=("header.Authorization",)), ("fields", 0), None),
        (FactsLog(fields=("matches:a",)), ("fields", 0), "matches"),
    ],
)
def test_a_facts_log_writes_facts_that_there_are_and_no_key(log: FactsLog, path: Any, nearest: str | None) -> None:
    (problem,) = check_config(Config(facts_log=log))
    assert (problem.path, problem.nearest) == (("facts_log", *path), nearest)


def test_a_test_sends_only_what_json_can_hold() -> None:
    day = date(2026, 1, 1)
    given = Given(body={"x": day}, messages=({"content": day},))
    assert [
        one.path for one in check_config(Config(test=(Trial(name="t", given=given, expect=Expect(body={"y": day})),)))
    ] == [
        ("test", 0, "given", "body", "x"),
        ("test", 0, "given", "messages"),
        ("test", 0, "expect", "body", "y"),
    ]
