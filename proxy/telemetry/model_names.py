"""Models' names as they may be written down: a client may have sent anything in their place, even a key.

Withheld is what does not look like a name, and what looks like a key: a vendor's prefix, a token in parts, or a run of
letters and digits that no model is called by.
"""

from __future__ import annotations

import re

WITHHELD = "(withheld)"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}")
_KEY = re.compile(
    r"""(?x)
    (?:^|[:/@])(?:
        (?i:sk|pk|rk|ak|xai|gsk|pplx|nvapi|glpat|xox[a-z]|key|token|bearer)[-_][A-Za-z0-9_-]{8,}
      | (?:gh[a-z]|github_pat|hf|r8|fw|tgp|csk|dop_v1|npm|pypi)[-_][A-Za-z0-9_-]{16,}
      | (?:AKIA|ASIA)[0-9A-Z]{16} | AIza[0-9A-Za-z_-]{30,} | eyJ[A-Za-z0-9_-]{8,}
    )
    | [0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}      # the form of a UUID
    | (?=[A-Za-z]*[0-9][A-Za-z]*[0-9])[A-Za-z0-9]{24,} # a long run with two digits in it, at the least
    """
)


def as_name(model: str) -> str:
    """Return a model's name as it may be written down, `(withheld)` for what is none or may be a key."""
    return model if _NAME.fullmatch(model) and not _KEY.search(model) else WITHHELD
