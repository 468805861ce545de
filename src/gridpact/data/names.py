"""Names that users give: of homes and opportunities, which end in files for people, and of profiles and tariffs.

A profile's or tariff's name may end in ``@`` and the time zone whose clock it follows.
"""

import unicodedata

MOST_LETTERS = 128
"""Letters in the name of a home, meter, car or opportunity."""
_FORMULA = "=+-@"
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def why_unusable(name: str) -> str | None:
    """Why ``name`` cannot name a home, meter, car or opportunity, as the rest of a sentence; None if it can.

    Ledgers are opened in spreadsheets, which run a cell that begins with ``=``, ``+``, ``-`` or ``@`` as a formula.

    >>> why_unusable("=1+1")
    "begins with '=', which a spreadsheet runs as a formula; begin it with a letter or digit"
    >>> why_unusable("Flat 3/12, Elm St")
    """
    first = name.lstrip()[:1]
    if first and unicodedata.normalize("NFKC", first)[:1] in _FORMULA:
        return f"begins with {first!r}, which a spreadsheet runs as a formula; begin it with a letter or digit"
    if not name.isprintable() and any(unicodedata.category(letter) in _UNSEEN for letter in name):
        return "holds characters that are not seen, such as tabs, line breaks or marks of direction; leave them out"
    if len(name) > MOST_LETTERS:
        return f"has {len(name)} letters; use at most {MOST_LETTERS}"
    return None


def split_zone(name: str) -> tuple[str, str | None]:
    """``name`` without its clock, and the clock's IANA zone if it carries one.

    >>> split_zone("time_of_use@America/Denver")
    ('time_of_use', 'America/Denver')
    """
    bare, _, clock = name.partition("@")
    return bare, clock or None
