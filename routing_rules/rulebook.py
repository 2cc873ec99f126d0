"""A rule file, compiled: first the labels of a request, then the plan for it.

The order is the promise of this package. Labels are computed first and for every request, whatever model it names;
then the first rule whose condition holds gives the candidates; then every candidate whose target does not accept
every label is struck out. A client that names a target outright skips the choosing and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from routing_rules.conditions import Condition, compile_condition
from routing_rules.errors import Problem, RuleError
from routing_rules.facts import Facts, Fleet, TargetState
from routing_rules.lint import lint
from routing_rules.names import Use, split, upstream_model
from routing_rules.plan import Candidate, Labelled, Labels, Plan, Struck
from routing_rules.rewrite import NO_REWRITE, Rewrite
from routing_rules.spec import RuleFile, Target

NAMED_BY_CLIENT = "named by the client"


class CompiledLabel(msgspec.Struct, frozen=True):
    """A `[[label]]`, ready to ask."""

    name: str
    condition: Condition
    why: str


class CompiledRule(msgspec.Struct, frozen=True):
    """A `[[rule]]`, ready to ask."""

    name: str
    condition: Condition
    use: tuple[Use, ...]
    rewrite: Rewrite


class RuleBook(msgspec.Struct, frozen=True):
    """The rules in force: labels and plans for requests, from facts alone. `facts` are the names that they ask for."""

    targets: Mapping[str, Target]
    aliases: Mapping[str, str]
    labels: tuple[CompiledLabel, ...]
    rules: tuple[CompiledRule, ...]
    boundary: Mapping[str, tuple[str, ...]]
    direct: bool
    facts: frozenset[str]

    def label(self, facts: Facts, brought: Labelled) -> Labelled:
        """Add to the labels that a request brought all that the file's conditions add; unknown adds too."""
        found = brought
        for label in self.labels:
            outcome = label.condition.decide(facts)
            if outcome is not False:
                why = label.why if outcome else f"could not be decided, so it binds: {label.why}"
                found = found.with_label(label.name, why)
        return found

    def plan(self, facts: Facts, asked: str | None, labels: Labels, fleet: Fleet, forced: str | None = None) -> Plan:
        """Choose the candidates for a request that asked for a model (or none), and strike out whom labels forbid."""
        aliased = self.aliases.get(asked) if asked is not None else None
        asked = aliased or asked
        named = split(asked or "", self.targets)
        if named is not None:
            asked = None if named.model == "*" else named.model
        if forced is not None and (named is None or named.target != forced):
            named = Use(forced)
        if named is not None and not (self.direct or (aliased and forced is None)):
            return self._refused(named, labels)
        if named is not None:
            return self._filter(NAMED_BY_CLIENT, (named,), asked, labels, fleet, NO_REWRITE)
        rule = next(rule for rule in self.rules if rule.condition.decide(facts))
        return self._filter(rule.name, rule.use, asked, labels, fleet, rule.rewrite)

    def _refused(self, named: Use, labels: Labels) -> Plan:
        struck = Struck(named.target, "direct", "clients may not name targets here ([server] direct)")
        return Plan(rule=NAMED_BY_CLIENT, labels=labels, candidates=(), struck=(struck,))

    def _filter(
        self, rule: str, uses: tuple[Use, ...], asked: str | None, labels: Labels, fleet: Fleet, rewrite: Rewrite
    ) -> Plan:
        judged = [self._judge(use, asked, labels, fleet.get(use.target, TargetState())) for use in uses]
        candidates = tuple(dict.fromkeys(one for one in judged if isinstance(one, Candidate)))
        struck = tuple(one for one in judged if isinstance(one, Struck))
        return Plan(rule=rule, labels=labels, candidates=candidates, struck=struck, rewrite=rewrite)

    def _judge(self, use: Use, asked: str | None, labels: Labels, state: TargetState) -> Candidate | Struck:
        target = self.targets[use.target]
        if not target.admits(labels):
            return Struck(use.target, "labels", f"does not accept {', '.join(sorted(labels - set(target.accepts)))}")
        model = upstream_model(use, asked, target, state)
        if model is None:
            return Struck(use.target, "no_model", "has no model of that name and none of its own")
        return Candidate(use.target, model)


def compile_rules(file: RuleFile) -> RuleBook:
    """Compile a rule file. Raises RuleError with every problem in it."""
    problems: list[Problem] = lint(file)
    labels = tuple(
        CompiledLabel(
            label.add,
            compile_condition(label.when, ("label", at, "when"), problems),
            label.why or "its condition holds",
        )
        for at, label in enumerate(file.label)
    )
    rules = tuple(
        CompiledRule(
            rule.name,
            compile_condition(rule.when, ("rule", at, "when"), problems),
            tuple(split(use, file.target) or Use(use) for use in rule.use),
            Rewrite(set=rule.set, default=rule.default, drop=rule.drop),
        )
        for at, rule in enumerate(file.rule)
    )
    if problems:
        raise RuleError(problems)
    conditions = [*(label.condition for label in labels), *(rule.condition for rule in rules)]
    return RuleBook(
        targets=file.target,
        aliases=file.alias,
        labels=labels,
        rules=rules,
        boundary=file.boundary,
        direct=file.direct == "allow",
        facts=frozenset(check.fact for condition in conditions for check in condition.checks),
    )
