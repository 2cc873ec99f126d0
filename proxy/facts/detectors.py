"""Searches that a rule file brings along: regexes for `matches`, whole words for `contains`, compiled once.

RE2 takes time linear in the text, and up to the size of the pattern for each letter of it, so large patterns do not
load. `^` and `$` are the borders of a line of the view. Patterns are spelled as the view is: one with an accent written
as a letter of its own, or with a full-width letter, means the plain one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

import re2

from proxy.facts.letters import normalise
from proxy.facts.names import parse
from proxy.facts.secrets import SecretSearch
from routing_rules import Complexity, Secrets
from routing_rules.patterns import compiled

# Writing without spaces has no words to find the borders of, and Korean puts its particles right behind the word.
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_BORDER = rf"(?:[^\p{{L}}\p{{M}}\p{{N}}_]|[{_UNSPACED}])"
_HAS_NO_BORDER = re2.compile(rf"[^\p{{L}}\p{{M}}\p{{N}}_]|[{_UNSPACED}]")

AS_IT_COMES, DEFAULT_SCORE = Secrets(), Complexity()


class Detectors:
    """The compiled searches of a rule file, by the names of the facts that ask for them.

    `own` are detectors that the file has changed, by the name of their fact; any other is as it comes with wye.
    `complexity` is how that score comes about.
    """

    def __init__(
        self, names: Iterable[str] = (), secrets: Secrets = AS_IT_COMES, complexity: Complexity = DEFAULT_SCORE
    ) -> None:
        """Compile what the names ask for, other names are ignored. Raises ValueError with the engine's reason."""
        self.complexity = complexity
        self.own: dict[str, SecretSearch] = {"secrets": _search(secrets)} if secrets != AS_IT_COMES else {}
        asked = [name for one in names if (name := parse(one)) is not None]
        self._patterns = {
            (name.family, name.argument): compiled(_pattern(name.family, name.argument))
            for name in asked
            if name.family in _PATTERNS
        }

    def search(self, family: str, argument: str, text: str) -> bool:
        """Say whether a text has the pattern (`matches`) or the words (`contains`). KeyError: none such."""
        return self._patterns[family, argument].search(text) is not None


def _search(secrets: Secrets) -> SecretSearch:
    own = {name: compiled(_as_written(pattern)) for name, pattern in secrets.patterns.items()}
    return SecretSearch(own, [compiled(_as_written(pattern)) for pattern in secrets.ignore])


def _pattern(family: str, argument: str) -> str:
    return _PATTERNS[family](argument)


def _as_written(pattern: str) -> str:
    """Spell a pattern as the view is spelled; what would become an operator on the way stays as it is."""
    return "(?m)" + unicodedata.normalize("NFC", "".join(map(_letter, pattern)))


def _letter(letter: str) -> str:
    plain = normalise(letter)
    return plain if not plain or (plain.isalnum() and len(plain) == 1) else letter


def _whole_words(words: str) -> str:
    """Make a pattern for words, whatever their case; any space between them is as good as another."""
    spelled = normalise(words).split()
    if not spelled:
        raise ValueError("no words")
    text = "".join(spelled)
    before = "" if _HAS_NO_BORDER.match(text[0]) else rf"(?:^|{_BORDER})"
    after = "" if _HAS_NO_BORDER.match(text[-1]) else rf"(?:$|{_BORDER})"
    # RE2 folds letter by letter, and `ß` in capitals is two.
    body = "|".join(r"\s+".join(map(re2.escape, form)) for form in (spelled, [word.upper() for word in spelled]))
    return rf"(?i){before}(?:{body}){after}"


_PATTERNS = {"matches": _as_written, "contains": _whole_words}
