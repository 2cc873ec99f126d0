"""A configuration narrowed to one target, for `wye serve --only NAME`: to force everything to one place for a while.

Rules keep their conditions, names and rewrites, and labels bind as before: a target that does not accept a label is not
given a request that bears it, and there is no other. The file's tests are about the whole of it and are left out here.
"""

from __future__ import annotations

import msgspec

from proxy.config.schema import Config
from routing_rules import Problem, Rule, RuleError, RuleFile, Target
from routing_rules.names import Use, split
from routing_rules.spelling import nearest


class Narrowed(Config, frozen=True):
    """A configuration of one target. `gone` are the others: conditions may still mention them, nobody asks them."""

    gone: dict[str, Target] = msgspec.field(default_factory=dict)

    @property
    def rules(self) -> RuleFile:
        """The part of it that `routing_rules` reads."""
        return msgspec.structs.replace(super().rules, gone=self.gone)


def only(config: Config, target: str) -> Config:
    """Narrow a configuration to one of its targets. Raises RuleError that names the nearest where there is no such."""
    if target not in config.target:
        raise RuleError([_unknown(target, config)])
    # By name and not as a dictionary of its fields: those are typed structs, and stay as they are.
    whole = {name: getattr(config, name) for name in Config.__struct_fields__}
    narrowed = {
        "target": {target: config.target[target]},
        "alias": _aliases(config, target),
        "rule": tuple(_rule(rule, config, target) for rule in config.rule),
        "test": (),
    }
    before = config.gone if isinstance(config, Narrowed) else {}
    gone = {**before, **{name: other for name, other in config.target.items() if name != target}}
    return Narrowed(**{**whole, **narrowed}, gone=gone)


def _rule(rule: Rule, config: Config, target: str) -> Rule:
    """Keep the candidates of this target, with the models that the rule names; where it has none, the target alone."""
    mine = [use for use in rule.use if (split(use, config.target) or Use(use)).target == target]
    uses = tuple(_under_its_name(use, config) for use in mine) or (target,)
    return msgspec.structs.replace(rule, use=uses, order="in turn", weights={})


def _under_its_name(use: str, config: Config) -> str:
    return str(split(use, config.target) or use)


def _aliases(config: Config, target: str) -> dict[str, str]:
    """Keep every alias, so that whoever asks for one is still answered; one that named another target names none."""
    return {alias: _model(model, config, target) for alias, model in config.alias.items()}


def _model(model: str, config: Config, target: str) -> str:
    use = split(model, config.target)
    if use is None or use.target == target:
        return str(use or model)
    return f"{target}:*" if use.model == "*" else use.model or model


def _unknown(target: str, config: Config) -> Problem:
    return Problem(
        path=(),
        found=f"--only {target!r}",
        expected="the name of a target: " + ", ".join(config.target),
        nearest=nearest(target, config.target),
        file="command line",
    )
