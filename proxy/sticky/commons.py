"""What everybody says and is therefore nobody's: import lines, licences, greetings, the phrases of models.

A list of them can only be short. Apps keep standing instructions where they leave no trace: in a system message.
"""

from __future__ import annotations

import re

_IMPORTED = r"[\w.*]+( as \w+)?(, ?[\w.]+( as \w+)?)*"
_CODE = re.compile(
    rf"from [\w.]+ import \(?{_IMPORTED}\)?|import (static |type )?{_IMPORTED};?"
    r"|(im|ex)port (type )?[\w*{},$ ]+ from ['\"][\w@./-]+['\"];?|#include [<\"][\w./+-]+[>\"]"
    r"|using (namespace )?[\w.:]+( = [\w.:<>]+)?;|use [\w:{}, *]*::[\w:{}, *]*;|package [\w.]+;?"
    r"|#!/[\w/.-]+( [\w.-]+)?|<!doctype [^>]*>|<meta (charset|name=\"viewport\")[^>]*>|<\?xml [^>]*\?>"
)
_HINTS = ("import ", "export ", "#include", "using ", "use ", "package ", "#!", "<!doctype", "<meta", "<?xml")
_LICENCES = (
    *(b"licensedundertheapachelicense", b"youmaynotusethisfileexcept", b"youmayobtainacopyofthelicense"),
    *(b"unlessrequiredbyapplicablelaw", b"distributedunderthelicenseisdistributed", b"withoutwarrantiesorconditions"),
    *(
        b"permissionisherebygranted",
        b"thesoftwareisprovidedasis",
        b"theabovecopyrightnotice",
        b"httpwwwapacheorglicenses",
    ),
    *(b"thisprogramisfreesoftware", b"redistributionanduseinsource"),
)
_PHRASES = (
    *(
        b"letmeknowif",
        b"ifyouhaveany",
        b"ifyouneed",
        b"ifyoudlike",
        b"ifyouwouldlike",
        b"ifyouwant",
        b"isthereanything",
    ),
    *(b"feelfreeto", b"pleaseletmeknow", b"pleasefeelfree", b"pleaseprovide", b"couldyouprovide", b"couldyouplease"),
    *(b"imsorrybut", b"iamsorrybut", b"imsorryfor", b"sorrybuti", b"iapologize", b"imunableto", b"icanthelpwith"),
    *(b"asanai", b"asalanguagemodel", b"asalargelanguagemodel", b"imanai", b"imjustan", b"hellohowcani", b"hihowcani"),
    *(b"howcanihelp", b"howcaniassist", b"howmayi", b"whatcanihelp", b"whatwouldyoulike", b"yourewelcome"),
    *(b"certainlyhere", b"surehere", b"ofcoursehere", b"ihopethishelps"),
)
_LONGEST = 90  # letters of a phrase; with more there is something of its own in it
_GREETING = re.compile(
    r"(\W|\b(hi|hello|hey|hallo|good|morning|afternoon|evening|day|night|thanks|thank|you|ok|okay|yes|no|please|sure"
    r"|great|continue|go|on|next|more|try|retry|again|why|bye|test|testing|ping|how|are|there)\b)*"
)


def without_code(text: str) -> str:
    """Return a text, in lower case, without lines that say only what a program is made of: imports and their kin."""
    if not any(hint in text for hint in _HINTS):
        return text
    return "\n".join(line for line in text.split("\n") if not _CODE.fullmatch(line.strip().lstrip("> +|\t")))


def is_licence(letters: bytes) -> bool:
    """Say whether letters are part of a licence as it stands above code."""
    return letters.startswith(_LICENCES)


def is_phrase(letters: bytes) -> bool:
    """Say whether a model says this to everybody."""
    return len(letters) <= _LONGEST and letters.startswith(_PHRASES)


def is_greeting(text: str) -> bool:
    """Say whether a text, in lower case, only greets, agrees or asks for more."""
    return _GREETING.fullmatch(text) is not None
