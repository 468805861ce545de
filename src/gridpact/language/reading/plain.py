"""An owner's text made plain for reading: lower case, no accents, no hidden characters, and where each letter stood."""

import unicodedata
from dataclasses import dataclass
from functools import cache

MOST_CHARACTERS = 8_000
"""What is read of a text; the rest is left unread, and said to be."""

_LOOKALIKES = str.maketrans(
    "аеорсухіјѕһԁӏкмтвнАЕОРСУХІЈЅНКМТВοαεινρτυχκ’‘ʼ`´“”„«»‐‑‒–—―−⁄∕٪⁒﹪：，．",
    "aeopcyxijshdlkmtbnAEOPCYXIJSHKMTBoaeivptuxk'''''\"\"\"\"\"-------//%%%:,.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainText:
    """A text as the reader sees it."""

    text: str
    places: tuple[int, ...] | None
    """Where each character stands in what the owner wrote; None: at the same place."""
    cut: bool
    """Whether the text was too long to be read whole."""
    hidden: bool
    """Whether it held characters that turn the writing around or cannot be seen."""

    def place(self, position: int, *, end: bool = False) -> int:
        """Where a position of the plain text is in the owner's; of an end, the place after the last character."""
        if self.places is None:
            return position
        if end:
            return self.places[position - 1] + 1 if position else 0
        return self.places[position]


def make_plain(text: str) -> PlainText:
    """``text`` made plain; never fails, whatever the text holds."""
    cut = len(text) > MOST_CHARACTERS
    if cut:
        text = text[:MOST_CHARACTERS]
    if text.isascii():
        return PlainText(text=text.lower().replace("`", "'"), places=None, cut=cut, hidden="\0" in text)
    letters: list[str] = []
    places: list[int] = []
    hidden = False
    for position, character in enumerate(text):
        plain = character.lower() if character.isascii() else _plain(character)
        if not plain:
            hidden = hidden or unicodedata.category(character) in ("Cf", "Co", "Cn")
            continue
        letters.append(plain)
        places.extend([position] * len(plain))
    return PlainText(text="".join(letters), places=tuple(places), cut=cut, hidden=hidden)


@cache
def _plain(character: str) -> str:
    """One character in plain ones; empty for what is not written, such as a joiner."""
    category = unicodedata.category(character)
    if category in ("Cf", "Mn", "Me", "Co", "Cn"):
        return ""
    if category == "Cs" or category.startswith("Z"):
        return " "
    if category == "Nd":
        return str(unicodedata.digit(character))
    if character in "ßœæøŒÆØ":
        return {"ß": "ss", "œ": "oe", "æ": "ae", "ø": "o"}[character.lower()]
    parts = unicodedata.normalize("NFKD", character.translate(_LOOKALIKES))
    plain = "".join(part for part in parts if not unicodedata.combining(part)).translate(_LOOKALIKES).lower()
    if category == "No" and "/" in plain:
        return f" {plain}"
    return plain
