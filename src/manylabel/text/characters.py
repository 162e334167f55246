"""What Python knows of every code point, as arrays that compiled loops can read.

The tables are made from the running interpreter's own ``re`` and ``str.lower``, so they agree with it whatever
version of Unicode it has.
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np

CODE_POINTS = 0x110000
ASCII = 0x80

WORD = 1  # \w
SPACE = 2  # \s
UNSPACED = 4  # of a script that puts no spaces between words

# Characters whose lower case depends on their neighbours or is longer than one character: str.lower has to do these.
CAPITAL_SIGMA = "\u03a3"
DOTTED_CAPITAL_I = "\u0130"

# First and last code points of the scripts that put no spaces between words. Han, kana and the main scripts of
# mainland South-East Asia; not Korean (spaces) and not Tibetan (a mark between syllables, which is no word character).
_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19DF),  # Tai Le, New Tai Lue
    (0x1A20, 0x1AAF),  # Tai Tham
    (0x2E80, 0x2FDF),  # radicals
    (0x3005, 0x3007),  # iteration mark, closing mark, zero
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x31F0, 0x31FF),  # Katakana extensions
    (0x3400, 0x4DBF),  # Han extension A
    (0x4E00, 0x9FFF),  # Han
    (0xA980, 0xA9FF),  # Javanese, Myanmar extended B
    (0xAA60, 0xAA7F),  # Myanmar extended A
    (0xF900, 0xFAFF),  # Han compatibility
    (0xFF66, 0xFF9D),  # half-width Katakana
    (0x1AFF0, 0x1B16F),  # Kana extensions
    (0x20000, 0x3FFFF),  # Han extensions B and later
)


@cache
def classes(ascii_only: bool = False) -> np.ndarray:
    """The bits WORD, SPACE and UNSPACED of each code point.

    Args:
        ascii_only: only the first 128, which need no noticeable time (all of them: about 0.1 s, once a process).

    Returns:
        Read-only uint8 ``[128]`` or ``[0x110000]``.
    """
    text = _every_character(ASCII if ascii_only else CODE_POINTS)
    table = np.zeros(len(text), np.uint8)
    for pattern, bit in ((r"\w+", WORD), (r"\s+", SPACE)):
        for run in re.finditer(pattern, text):
            table[run.start() : run.end()] |= bit
    for first, last in _UNSPACED:
        table[first : last + 1] |= UNSPACED
    table.setflags(write=False)
    return table


@cache
def folding(lowercase: bool, ascii_only: bool = False) -> np.ndarray:
    """The code point that stands for each code point: its lower case, or itself.

    Capital sigma and the dotted capital I are not served: texts that hold them go through ``str.lower`` first.

    Returns:
        Read-only uint32 ``[128]`` or ``[0x110000]``.
    """
    text = _every_character(ASCII if ascii_only else CODE_POINTS)
    if lowercase:
        # The dotted I would shift everything after it by one place.
        text = text.replace(DOTTED_CAPITAL_I, "i").lower()
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _every_character(stop: int) -> str:
    return np.arange(stop, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")
