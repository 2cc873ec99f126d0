"""Letters that look like Latin ones, and what they look like.

Written by hand after Unicode's `confusables.txt` (UTS #39), for text that is already in NFKC: full-width, mathematical,
circled and superscript letters are plain by then. It holds what passes for a Latin letter at a glance in Cyrillic,
Greek, Armenian, Cherokee, Coptic, Lisu, and in Latin itself (small capitals, hooks and strokes), the digits of every
script, and the dashes that an editor puts where a hyphen was.
"""

# ruff: noqa: RUF001 - that they are ambiguous is what this table is about

from __future__ import annotations

import unicodedata

_LOOKS: dict[str, str] = {
    "a": "аɑαᴀⲁ",
    "b": "Ьвьβƀɓʙᏼƅᖯ",
    "c": "сςϲᴄⲥƈȼↄ",
    "d": "ԁɗđᴅɖժ",
    "e": "еєεҽɛᴇⲉɇҿ",
    "f": "ƒꜰẝϝք",
    "g": "ɡɢǥɠցԍ",
    "h": "һнħɦʜհԧ",
    "i": "іιıɩɪɨӏᎥⲓ",
    "j": "јʝɉᴊյϳ",
    "k": "кκƙᴋқҝҟӄ",
    "l": "ŀłʟɫɭƚ",
    "m": "мᴍɱⲙ",
    "n": "пηɴɲƞոռղ",
    "o": "оοσøᴏօⲟөɵჿ",
    "p": "рρᴘƥþⲣᵽ",
    "q": "ԛɋգզʠ",
    "r": "гʀɾɍᴦⲅɽ",
    "s": "ѕꜱʂƽꮪ",
    "t": "тτᴛŧƭⲧȶ",
    "u": "υᴜսцʉʋ",
    "v": "ѵνᴠⱱᶌ",
    "w": "ѡωᴡաԝɯⱳ",
    "x": "хχⲭҳ",
    "y": "уγʏүɏƴỿყ",
    "z": "ᴢȥƶʐⱬ",
    "A": "АΑᎪꓮⲀ",
    "B": "ВΒᏴꓐⲂƁ",
    "C": "СᏟꓚⲤϹƇ",
    "D": "ᎠꓓĐƊƉ",
    "E": "ЕΕᎬꓰⲈЄƐ",
    "F": "ꓝϜƑ",
    "G": "ԌᏀꓖƓ",
    "H": "НΗᎻꓧⲎҤ",
    "I": "ІΙꓲⲒӀƖ",
    "J": "ЈᎫꓙ",
    "K": "КΚᏦꓗⲔҚƘ",
    "L": "ᏞꓡŁⳐ",
    "M": "МΜᎷꓟⲘ",
    "N": "ΝꓠⲚƝ",
    "O": "ОΟꓳⲞØՕƟ",
    "P": "РΡᏢꓑⲢƤÞ",
    "Q": "Ԛ",
    "R": "ᎡᏒꓣƦ",
    "S": "ЅՏᏕᏚꓢ",
    "T": "ТΤᎢꓔⲦŦƬ",
    "U": "ՍꓴƱ",
    "V": "ѴᏙꓦƲ",
    "W": "ԜᎳꓪᏔ",
    "X": "ХΧꓫⲬ",
    "Y": "УΥҮꓬⲨƳ",
    "Z": "ΖᏃꓜƵ",
    "-": "‐‒–−˗⁃➖",
    ":": "։׃∶ː꞉˸",
    "=": "᐀⹀꓿",
    "/": "∕⁄╱⧸",
    "_": "ˍ",
    "ss": "ßẞ",
    "ae": "æӕ",
    "oe": "œ",
}


def _table() -> dict[int, str]:
    looks = {ord(letter): latin for latin, letters in _LOOKS.items() for letter in letters if not letter.isascii()}
    # Squared, white on black, and the flags' letters: NFKC leaves these as they are.
    for first in (0x1F150, 0x1F170, 0x1F1E6):
        looks |= {first + place: chr(ord("A") + place) for place in range(26)}
    digits = (letter for letter in map(chr, range(0x80, 0x1FBFA)) if unicodedata.category(letter) == "Nd")
    return looks | {ord(letter): str(unicodedata.decimal(letter)) for letter in digits}


CONFUSABLES: dict[int, str] = _table()
