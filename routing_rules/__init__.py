"""Rules for requests: facts in, plan out.

The model on one page. A **rule file** names *targets* (who can answer, and which labels each accepts), *labels* (words
that bind a request, added by conditions), and *rules* (which targets to use when conditions hold). For one request:

1. `RuleBook.label` adds labels. They are only ever added, and whatever cannot be decided adds its label too.
2. `RuleBook.plan` walks the rules from top to bottom; the first that matches gives the candidates in order. A client
   that names a target outright (`cloud:gpt-4o`) skips this step and no other.
3. Every candidate whose target does not accept *every* label is struck out, with the reason.
4. What is left is the `Plan`: candidates in order, and the rewrite.

Nothing here does I/O, reads a clock or throws dice: facts, states and chance are arguments, so a table of
(facts, fleet) → plan is a complete test.
"""

from routing_rules.errors import Path, Problem, RuleError
from routing_rules.facts import UNKNOWN, Bounds, Facts, FactValue, Fleet, TargetState
from routing_rules.plan import NO_LABELS, Candidate, Labelled, Labels, Plan, Struck
from routing_rules.rewrite import Rewrite
from routing_rules.rulebook import RuleBook, compile_rules
from routing_rules.spec import Complexity, Expect, Given, Label, Queue, Rule, RuleFile, Secrets, Target, Timeouts, Trial

__all__ = [
    "NO_LABELS",
    "UNKNOWN",
    "Bounds",
    "Candidate",
    "Complexity",
    "Expect",
    "FactValue",
    "Facts",
    "Fleet",
    "Given",
    "Label",
    "Labelled",
    "Labels",
    "Path",
    "Plan",
    "Problem",
    "Queue",
    "Rewrite",
    "Rule",
    "RuleBook",
    "RuleError",
    "RuleFile",
    "Secrets",
    "Struck",
    "Target",
    "TargetState",
    "Timeouts",
    "Trial",
    "compile_rules",
]
