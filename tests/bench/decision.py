"""What a decision costs: label, choose and filter, in CPU time, and how it grows with rules and with the prompt.

    python -m tests.bench.decision

The facts are those of a real request; no rule asks a detector, so none runs, but where the second table says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from proxy.facts.request_facts import RequestFacts
from routing_rules import Label, Labelled, Rule, RuleBook, TargetState
from tests.fakes.rule_files import rule_book, target

TARGETS = {
    "local": target("ollama", accepts=["*"], model="llama3.2"),
    "cloud": target("openai", "https://api.openai.com/v1", model="gpt-4o-mini"),
}
FLEET = {name: TargetState() for name in TARGETS}
ROUNDS, BEST_OF = 300, 5


def main() -> None:
    """Print both curves."""
    print("rules, 1 kB prompt, no detector")
    for count in (1, 10, 20, 50, 100, 300, 1000):
        print(f"  {count:5} rules   {decision(book(count), 1_000):7.1f} µs")
    print("prompt, 20 rules")
    for size in (100, 1_000, 10_000, 100_000):
        plain, detecting = decision(book(20), size), decision(book(20, secrets=True), size)
        print(f"  {size:7} bytes   {plain:7.1f} µs, with the secrets detector {detecting:9.1f} µs")


def book(count: int, *, secrets: bool = False) -> RuleBook:
    """Make a rule file of so many rules, of which the last matches."""
    rules = [Rule(name=f"rule {at}", use=("cloud", "local"), when=when(at)) for at in range(count - 1)] + [
        Rule(name="the rest", use=("local", "cloud"))
    ]
    labels = (Label(add="private", when={"secrets": True} if secrets else {"header": {"x-team": "hr"}}),)
    return rule_book(TARGETS, tuple(rules), labels)


def when(at: int) -> dict[str, Any]:
    """Make the condition of one rule: a model, a number, a header, in turn."""
    kinds: tuple[dict[str, Any], ...] = (
        {"model": [f"model-{at}-*", f"*-{at}"]},
        {"messages": f">= {100 + at}", "model": "gpt-*"},
        {"header": {"x-team": f"team-{at}"}},
    )
    return kinds[at % len(kinds)]


def decision(rules: RuleBook, size: int) -> float:
    """Return the CPU time of one decision in microseconds: the best of some runs, since machines wander."""
    document = {"model": "gpt-4o", "messages": [{"role": "user", "content": "word " * (size // 5)}]}

    def decide() -> None:
        facts = RequestFacts(
            endpoint="chat", model="gpt-4o", stream=False, headers={"x-team": "search"}, document=document, texts=()
        )
        labels = rules.label(facts, Labelled()).labels
        rules.plan(facts, "gpt-4o", labels, FLEET)

    return min(cpu_time(decide) for _ in range(BEST_OF))


def cpu_time(work: Callable[[], None]) -> float:
    """Return what one call costs on average, in microseconds of this process."""
    began = time.process_time()
    for _ in range(ROUNDS):
        work()
    return (time.process_time() - began) / ROUNDS * 1e6


if __name__ == "__main__":
    main()
