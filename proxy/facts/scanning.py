r"""Patterns that are searched for in the bytes of a text: in linear time, and while other threads run.

A pattern counts bytes, so letters beyond ASCII are `[\x80-\xff]+`: classes of Unicode letters make an engine so large
that it forgets what it has worked out. RE2 is silent when it does.
"""

from __future__ import annotations

from typing import Any

import re2


def scan(pattern: str) -> Any:
    """Compile a pattern for bytes in UTF-8."""
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.log_errors = False
    return re2.compile(pattern.encode("latin-1"), options)
