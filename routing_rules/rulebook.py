"""A rule file, compiled: first the labels of a request, then the plan for it.

The order is the promise of this package. Labels are computed first and for every request, whatever model it names;
then the first rule whose condition holds gives the candidates; then every candidate whose target does not accept
every label is struck out. A client that names a target outright skips the choosing and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import chain

import msgspec

from routing_rules.conditions import Check, Condition
from routing_rules.errors import Problem, RuleError
from routing_rules.exemptions import strictly
from routing_rules.facts import COUNTED, RULES_ONLY, Bounds, Facts, FactValue, Fleet, Situation, TargetState
from routing_rules.grammar import Grammar
from routing_rules.lint import lint
from routing_rules.names import NAMED_BY_CLIENT, Use, split, upstream_model
from routing_rules.ordering import looked_at, ordered
from routing_rules.plan import Candidate, Labelled, Labels, Plan, Struck
from routing_rules.rewrite import NO_REWRITE, Rewrite
from routing_rules.spec import FromTemplate, Label, Order, Rule, RuleFile, Target
from routing_rules.spellings import Respelt, Spellings


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
    order: Order = "in turn"
    weights: Mapping[str, float] = {}


class Asked(msgspec.Struct, frozen=True):
    """What a client asked for, once aliases and prefixes are read: a target it named, and a model."""

    named: Use | None
    model: str | None
    by_alias: bool


class RuleBook(msgspec.Struct, frozen=True):
    """The rules in force: labels and plans for requests, from facts alone.

    `facts` are the names that conditions and orders ask for; `looks_live` says that some of them only rules may look
    at; `checks` are those whose answer may lie between bounds. `spellings` are there where a label asks for the model.
    """

    targets: Mapping[str, Target]
    aliases: Mapping[str, str]
    labels: tuple[CompiledLabel, ...]
    rules: tuple[CompiledRule, ...]
    direct: bool
    facts: frozenset[str]
    looks_live: bool
    spellings: Spellings | None = None
    checks: frozenset[Check] = frozenset()

    def recorded(self, facts: Iterable[str]) -> RuleBook:
        """Return this rule book for requests of which these facts are recorded, whether rules look at them or not."""
        live = any(name.partition(".")[0] in RULES_ONLY for name in facts)
        return msgspec.structs.replace(self, looks_live=self.looks_live or live)

    def leaves_open(self, fact: str, value: FactValue) -> bool:
        """Say whether a value is not exact enough for some condition on it: its limit lies between the bounds."""
        return isinstance(value, Bounds) and any(
            check.holds(value) is None for check in self.checks if check.fact == fact
        )

    def label(self, facts: Facts, brought: Labelled) -> Labelled:
        """Add to the labels that a request brought all that the file's conditions add; unknown adds too."""
        found, seen = brought, self.seen_by_labels(facts)
        for label in self.labels:
            outcome = label.condition.decide(seen)
            if outcome is not False:
                why = label.why if outcome else f"could not be decided, so it binds: {label.why}"
                found = found.with_label(label.name, why)
        return found

    def seen_by_labels(self, facts: Facts) -> Facts:
        """Give labels the model by all its names; rules look at the name that the client sent."""
        return Respelt(facts, self.spellings) if self.spellings else facts

    def plan(
        self,
        facts: Facts,
        asked: str | None,
        labels: Labels,
        fleet: Fleet,
        forced: str | None = None,
        draw: float = 0.0,
        seen: Facts | None = None,
    ) -> Plan:
        """Choose the candidates for a request that asked for a model (or none), and strike out whom labels forbid.

        `draw` is the chance of this request, from 0 to 1, for rules that weigh their candidates. `seen` is what rules
        look at in place of the labels and the fleet as they are now, for a request that was recorded.
        """
        wish = self.read(asked, forced)
        if wish.named is not None:
            if not (self.direct or wish.by_alias):
                return self._refused(wish.named, labels)
            return self._filter(NAMED_BY_CLIENT, (wish.named,), wish.model, labels, fleet, NO_REWRITE)
        situation = seen or self.situation(facts, labels, fleet)
        rule = self._choose(situation)
        uses = ordered(rule.use, rule.order, rule.weights, situation, draw)
        return self._filter(rule.name, uses, wish.model, labels, fleet, rule.rewrite)

    def _choose(self, situation: Facts) -> CompiledRule:
        for rule in self.rules:
            if rule.condition.decide(situation):
                return rule
        raise AssertionError("a rule file whose last rule has a condition does not load")

    def read(self, asked: str | None, forced: str | None) -> Asked:
        """Read a client's model name, and the target that it forces: an alias first, then `target:model`."""
        aliased = self.aliases.get(asked) if asked is not None else None
        model = aliased or asked
        named = split(model or "", self.targets)
        if named is not None:
            model = None if named.model == "*" else named.model
        if forced is not None and (named is None or named.target != forced):
            named = Use(forced)
        return Asked(named, model, bool(aliased) and forced is None)

    def situation(self, facts: Facts, labels: Labels, fleet: Fleet) -> Facts:
        """Give rules more to look at than labels have, where one of them does look at it."""
        return Situation(facts, labels, fleet, partial(self._model_at, facts, fleet)) if self.looks_live else facts

    def _model_at(self, facts: Facts, fleet: Fleet, candidate: str) -> str | None:
        """Return the upstream's model that a request would ask a candidate for; None where that cannot be said."""
        use = split(candidate, self.targets) or Use(candidate)
        if use.target not in self.targets:
            return None
        asked = facts.value("model")
        wish = self.read(asked if isinstance(asked, str) else None, None)
        return upstream_model(use, wish.model, self.targets[use.target], fleet.get(use.target, TargetState()))

    def _refused(self, named: Use, labels: Labels) -> Plan:
        struck = Struck(named.target, "direct", "may not be named by clients here ([server] direct)")
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


def compile_rules(file: RuleFile, offered: Callable[[str], bool] = lambda _: True) -> RuleBook:
    """Compile a rule file. Raises RuleError with every problem in it.

    `offered` says whether whoever computes the facts has one of a name: a condition on any other does not load.
    """
    problems: list[Problem] = lint(file)
    grammar = Grammar(file.fact, (*file.target, *file.gone), problems, offered)
    grammar.facts()
    labels = tuple(_label(label, at, grammar) for at, label in enumerate(file.label))
    rules = tuple(_rule(rule, at, file, grammar) for at, rule in enumerate(file.rule))
    if problems:
        raise RuleError(problems)
    by_model = any("model" in label.condition.names() for label in labels)
    conditions = [*(label.condition for label in labels), *(rule.condition for rule in rules)]
    asked = (condition.names() for condition in conditions)
    facts = frozenset(chain(*asked, *(looked_at(rule.use, rule.order) for rule in rules)))
    return RuleBook(
        targets=file.target,
        aliases=file.alias,
        labels=labels,
        rules=rules,
        direct=file.direct == "allow",
        facts=facts,
        checks=frozenset(check for condition in conditions for check in condition.checks() if check.fact in COUNTED),
        looks_live=any(name.partition(".")[0] in RULES_ONLY for name in facts),
        spellings=Spellings(file.target, file.alias) if by_model else None,
    )


def _label(label: Label, at: int, grammar: Grammar) -> CompiledLabel:
    condition = strictly(grammar.label(label.when, ("label", at, "when")))
    return CompiledLabel(label.add, condition, label.why or ("its condition holds" if label.when else "always"))


def _rule(rule: Rule, at: int, file: RuleFile, grammar: Grammar) -> CompiledRule:
    rewrite = Rewrite(
        set=rule.set,
        default=rule.default,
        drop=rule.drop,
        hash=rule.hash,
        prepend=_text(rule.prompt.prepend, file),
        append=_text(rule.prompt.append, file),
    )
    uses = tuple(split(use, file.target) or Use(use) for use in rule.use)
    condition = grammar.rule(rule.when, ("rule", at, "when"))
    return CompiledRule(rule.name, condition, uses, rewrite, rule.order, rule.weights)


def _text(text: str | FromTemplate | None, file: RuleFile) -> str:
    return file.template.get(text.template, "") if isinstance(text, FromTemplate) else text or ""
