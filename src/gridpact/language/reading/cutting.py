"""A plain text cut into pieces: clocks, numbers, words, signs."""

import re
from collections.abc import Iterator

_TOKEN = re.compile(
    r"(?P<clock>\d{1,2}(?::|h(?=\d\d))\d{2}(?!\d))"
    r"|(?P<hclk>\d{1,2}\s?h(?![a-z0-9']))"
    r"|(?P<home>\b(?:h|home|house|hogar|haus|huis|maison|casa)(?:[-_#]\s?|\s#)\d+\b|\bh\d{2,4}\b|\bhome \d+'s\b)"
    r"|(?P<num>\d+(?:[.,]\d+)*)"
    r"|(?P<ampm>[ap]\.\s?m\b\.?)"
    r"|(?P<v2g>v2[ghx]\b)"
    r"|(?P<word>[^\W\d_]+(?:'[^\W\d_]+)*)"
    r"|(?P<sym>\S|\n)"
)


def cut(text: str) -> Iterator[tuple[str, str, int, int]]:
    """Kind, text and place of every piece of a plain text."""
    for match in _TOKEN.finditer(text):
        yield match.lastgroup or "sym", match.group(), match.start(), match.end()
