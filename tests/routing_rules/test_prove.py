from __future__ import annotations

from typing import Any

import pytest

from routing_rules import Label, Rule, RuleFile, Target, compile_rules
from routing_rules.prove import LabelProof, Sink, host_of, is_private_name, port_of, prove
from tests.fakes.rule_files import target

SECRETS = (Label(add="private", when={"secrets": True}, why="a secret"),)


def proved(
    targets: dict[str, Target],
    labels: tuple[Label, ...] = SECRETS,
    addresses: dict[str, tuple[str, ...]] | None = None,
    **more: Any,
) -> LabelProof:
    rules = more.pop("rule", (Rule(name="all", use=tuple(targets)),))
    file = RuleFile(target=targets, rule=rules, label=labels, **more)
    proofs = prove(file, compile_rules(file), lambda host: (addresses or {}).get(host, ()))
    return next(proof for proof in proofs if proof.label == labels[0].add)


def at(url: str, kind: str = "compatible", accepts: tuple[str, ...] = ("*",)) -> Target:
    return target(kind, url, accepts=accepts, model="m")


@pytest.mark.parametrize(
    ("url", "verdict"),
    [
        ("http://127.0.0.1:8080/v1", "inside"),
        ("http://[::1]:8080/v1", "inside"),
        ("http://localhost:8080/v1", "inside"),
        ("http://10.1.2.3/v1", "inside"),
        ("http://8.8.8.8/v1", "outside"),
        ("https://api.openai.com/v1", "outside"),
        ("http://ollama:11434/v1", "checked at send"),
        ("http://gpu.internal/v1", "checked at send"),
        ("http://gpu.example.com/v1", "outside"),
    ],
)
def test_a_target_that_accepts_a_label_is_held_against_its_boundary(url: str, verdict: str) -> None:
    proof = proved({"t": at(url)})
    assert [sink.verdict for sink in proof.sinks] == [verdict]
    assert proof.holds is (verdict != "outside")


def test_a_target_that_does_not_accept_the_label_is_no_sink() -> None:
    proof = proved({"local": at("http://127.0.0.1/v1"), "cloud": at("https://api.openai.com/v1", accepts=("hr",))})
    assert [sink.name for sink in proof.sinks] == ["local"]


@pytest.mark.parametrize(
    ("addresses", "verdict"),
    [(("10.0.0.9",), "inside"), (("10.0.0.9", "8.8.8.8"), "outside"), (("8.8.8.8",), "outside")],
)
def test_a_name_is_judged_by_all_its_addresses_where_they_are_known(addresses: tuple[str, ...], verdict: str) -> None:
    proof = proved({"t": at("http://gpu.example.com/v1")}, addresses={"gpu.example.com": addresses})
    assert [sink.verdict for sink in proof.sinks] == [verdict]


@pytest.mark.parametrize(
    ("boundary", "url", "verdict"),
    [
        (("10.0.0.0/8",), "http://10.1.1.1/v1", "inside"),
        (("10.0.0.0/8",), "http://127.0.0.1/v1", "outside"),
        (("10.0.0.0/8",), "http://localhost/v1", "outside"),
        (("gpu.example.com",), "http://gpu.example.com/v1", "checked at send"),
        (("8.8.8.8",), "http://8.8.8.8/v1", "inside"),
        ((), "http://127.0.0.1/v1", "outside"),
    ],
)
def test_the_boundary_of_the_file_counts(boundary: tuple[str, ...], url: str, verdict: str) -> None:
    proof = proved({"t": at(url)}, boundary={"private": boundary})
    assert [sink.verdict for sink in proof.sinks] == [verdict]


def test_every_way_to_a_sink_is_said() -> None:
    targets = {"local": at("http://127.0.0.1/v1"), "other": at("http://127.0.0.2/v1")}
    rules = (Rule(name="mini", use=("local:m",), when={"model": "x"}), Rule(name="rest", use=("other", "local")))
    proof = proved(targets, rule=rules, alias={"fast": "local:m", "slow": "gpt"})
    ways = {sink.name: sink.ways for sink in proof.sinks}
    assert ways["local"] == ("rule 'mini'", "rule 'rest'", "alias 'fast'", "named by a client")
    assert ways["other"] == ("rule 'rest'", "named by a client")


def test_a_target_that_nothing_leads_to_is_no_sink() -> None:
    targets = {"local": at("http://127.0.0.1/v1"), "spare": at("http://8.8.8.8/v1")}
    rules = (Rule(name="rest", use=("local",)),)
    assert proved(targets, rule=rules, direct="deny").holds
    assert not proved(targets, rule=rules).holds
    assert not proved(targets, rule=rules, direct="deny", alias={"s": "spare:m"}).holds


def test_ollamas_own_cloud_is_listed_as_closed() -> None:
    sinks = proved({"local": at("http://127.0.0.1:11434/v1", "ollama")}).sinks
    assert [(sink.kind, sink.verdict) for sink in sinks] == [("target", "inside"), ("ollama cloud", "closed")]


@pytest.mark.parametrize(
    ("when", "promise"),
    [
        ({"model": "hr-*"}, "guaranteed"),
        ({"header": {"x-team": "hr"}}, "guaranteed"),
        (None, "guaranteed"),
        ({"secrets": True}, "detected, not guaranteed"),
        ({"pii": ["email"]}, "detected, not guaranteed"),
        ({"any": [{"model": "hr"}, {"matches": ["x"], "scope": "user"}]}, "detected, not guaranteed"),
    ],
)
def test_a_label_that_rests_on_detectors_is_not_guaranteed(when: Any, promise: str) -> None:
    proof = proved({"t": at("http://127.0.0.1/v1")}, (Label(add="private", when=when),))
    assert proof.promise == promise


def test_each_way_that_a_label_is_added_is_spelt_and_says_how_sure_it_is() -> None:
    labels = (
        Label(add="private", when={"header": {"x-team": "hr"}}, why="the HR team"),
        Label(add="private", when={"none": [{"stream": True, "secrets": True}, "long"]}),
        Label(add="private"),
    )
    proof = proved({"t": at("http://127.0.0.1/v1")}, labels, fact={"long": {"prompt_tokens": "> 9"}})
    assert [(one.when, one.why, one.detected) for one in proof.adding] == [
        ('header.x-team "hr"', "the HR team", False),
        ("not ((stream true and secrets true) or long)", "its condition holds", True),
        ("always", "always", False),
    ]


def test_what_its_requests_never_reach_is_listed_as_closed() -> None:
    targets = {
        "local": at("http://127.0.0.1/v1"),
        "cloud": at("https://api.openai.com/v1", accepts=("hr",)),
        "spare": at("http://8.8.8.8/v1"),
    }
    proof = proved(targets, rule=(Rule(name="all", use=("local", "cloud")),), direct="deny")
    assert [(one.name, one.address, one.verdict, one.why) for one in proof.closed] == [
        ("cloud", "api.openai.com", "closed", "does not accept it"),
        ("spare", "8.8.8.8", "closed", "no rule, alias or client leads to it"),
    ]


def test_a_label_that_only_callers_add_is_proved_too() -> None:
    file = RuleFile(target={"t": at("http://8.8.8.8/v1")}, rule=(Rule(name="all", use=("t",)),))
    (proof,) = prove(file, compile_rules(file))
    assert (proof.label, proof.promise, proof.holds) == ("private", "brought by the caller", False)


def test_a_sink_says_why() -> None:
    (sink,) = proved({"t": at("http://8.8.8.8/v1")}).sinks
    assert sink == Sink(
        "t", "target", "8.8.8.8", "outside", "8.8.8.8 lies in no network of the boundary",
        ("rule 'all'", "named by a client"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://Local.Host:1/v1", "local.host"),
        ("https://[FE80::1]:1/v1", "fe80::1"),
        ("http://10.0.0.1/v1", "10.0.0.1"),
        ("http://a.b", "a.b"),
    ],
)
def test_the_host_of_a_url(url: str, host: str) -> None:
    assert host_of(url) == host


@pytest.mark.parametrize(
    ("url", "port"),
    [("http://a:11434/v1", "11434"), ("https://[fe80::1]:1/v1", "1"), ("https://[fe80::1]/v1", ""), ("http://a.b", "")],
)
def test_the_port_of_a_url(url: str, port: str) -> None:
    assert port_of(url) == port


@pytest.mark.parametrize(
    ("name", "private"),
    [("ollama", True), ("x.svc", True), ("a.b.com", False), ("X.Local.", True), ("127.1", False), ("0x7f", False)],
)
def test_private_names(name: str, private: bool) -> None:
    assert is_private_name(name) is private
