"""The HTML page around a report: one file, no network, nothing executable but one script named by digest."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from typing import Any

NONE = "–"
"""What stands where there is no number."""
_JSON_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One chapter of the report."""

    key: str
    """Fragment of its address, plain letters."""
    short: str
    """Its name in the list of contents."""
    title: str
    says: str
    """One sentence: what it shows and why that matters. Plain text."""
    body: str
    """HTML."""


def text(value: object) -> str:
    """``value`` as HTML text, safe in elements and in quoted attributes. What cannot be shown becomes a space."""
    return escape(_shown(str(value)), quote=True)


def name(value: object) -> str:
    """A name given by a user as HTML, its reading direction kept to itself."""
    return f"<bdi>{text(value)}</bdi>"


def label(value: object, most: int = 40) -> str:
    """A name given by a user as plain text of bounded length on one line, for a chart or a list. Not yet HTML."""
    plain = "".join(character if character.isprintable() else " " for character in str(value))
    return plain if len(plain) <= most else plain[: most - 1] + "…"


def _shown(value: str) -> str:
    """Without control characters and lone surrogates, which no document may hold."""
    return "".join(" " if character < " " and character not in "\n\t" or "\ud800" <= character <= "\udfff"
                   else character for character in value)  # fmt: skip


def number(value: float | None, digits: int = 2, unit: str = "") -> str:
    """``value`` with thousands separators and unit; a dash where there is none."""
    if value is None or value != value:
        return NONE
    shown = f"{value:,.{digits}f}"
    if float(shown.replace(",", "")) == 0.0:
        shown = shown.lstrip("-")
    return f"{shown} {unit}".rstrip().replace("-", "−")


def percent(fraction: float | None) -> str:
    """A fraction as a percentage; a dash where there is none."""
    return NONE if fraction is None or fraction != fraction else f"{number(100 * fraction, 1)}%"


def inert_json(content: object) -> str:
    """``content`` as JSON that cannot end the script element around it."""
    return json.dumps(content, ensure_ascii=True, allow_nan=False, separators=(",", ":")).translate(_JSON_ESCAPES)


def details(summary: str, body: str, *, css: str = "") -> str:
    """A fold; ``summary`` is plain text, ``body`` HTML."""
    return f'<details class="{css}"><summary>{text(summary)}</summary>{body}</details>'


def document(*, title: str, head: str, sections: Sequence[Section], foot: str, data: Mapping[str, Any]) -> str:
    """The whole file.

    Args:
        title: plain text.
        head: HTML of the page's header.
        sections: chapters in reading order.
        foot: HTML of the footer.
        data: what the page's script reads, by name.
    """
    assets = resources.files("gridpact.report")
    style = _slim(assets.joinpath("report.css").read_text(encoding="utf-8"))
    script = assets.joinpath("report.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
    contents = "".join(f'<li><a href="#{section.key}">{text(section.short)}</a></li>' for section in sections)
    chapters = "\n".join(
        f'<section id="{section.key}" aria-labelledby="{section.key}-title">'
        f'<h2 id="{section.key}-title">{text(section.title)}</h2>'
        f'<p class="says">{text(section.says)}</p>{section.body}</section>'
        for section in sections
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{text(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        '<a class="skip" href="#main">Skip to the report</a>\n'
        f'{_PATTERNS}\n{head}\n<div class="frame">'
        f'<nav aria-label="Contents"><ol>{contents}</ol></nav>\n'
        f'<main id="main" tabindex="-1">\n{_NOSCRIPT}\n{chapters}\n</main></div>\n{foot}\n'
        f'<script type="application/json" id="data">{inert_json(data)}</script>\n'
        f"<script>{script}</script>\n</body>\n</html>\n"
    )


_NOSCRIPT = (
    "<noscript><p class='callout'>JavaScript is off. All text, tables and charts of the whole fleet are here; "
    "reading values off a chart, choosing a home, sorting and searching need it.</p></noscript>"
)
# Fills that do not depend on colour: stripes in the page's own background over any colour.
_PATTERNS = (
    '<svg class="defs" width="0" height="0" aria-hidden="true" focusable="false"><defs>'
    '<pattern id="stripes" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect class="stripe" width="2.6" height="6"/></pattern>'
    '<pattern id="dots" width="5" height="5" patternUnits="userSpaceOnUse">'
    '<circle class="stripe" cx="2.5" cy="2.5" r="1.3"/></pattern>'
    "</defs></svg>"
)


def _slim(style: str) -> str:
    """A style sheet without comments and indentation."""
    bare = re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)
    return "\n".join(line.strip() for line in bare.splitlines() if line.strip()) + "\n"
