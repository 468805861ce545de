"""The HTML page around a report: one file, no network, nothing executable but two scripts named by digest."""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from typing import Any

Figure = dict[str, Any]
"""A Plotly figure as plain data. A colour ``"@name"`` stands for the page's CSS variable ``--name``."""

NONE = "–"
"""What stands where there is no number."""
_JSON_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One entry of a chart's legend."""

    label: str
    colour: str
    """Name of a CSS variable without its dashes."""
    mark: str = "box"
    """box, hatch, line, dash or dot."""


class Charts:
    """Collects figures while sections are written; ids follow the order, so the bytes do too."""

    def __init__(self) -> None:
        self._figures: list[Figure] = []

    def add(self, figure: Figure, *, title: str, alt: str, keys: Sequence[Key] = (), note: str = "") -> str:
        """HTML of a chart with heading, legend and note (plain text); ``alt`` says in words what it shows."""
        number = len(self._figures)
        self._figures.append(figure)
        legend = "".join(
            f'<li><i class="{key.mark}" style="--c:var(--{key.colour})"></i>{text(key.label)}</li>' for key in keys
        )
        return (
            f"<figure><figcaption><h3>{text(title)}</h3>"
            + (f'<ul class="key">{legend}</ul>' if legend else "")
            + f'</figcaption><div class="chart" id="chart-{number}" role="img" aria-label="{text(alt)}"></div>'
            + (f'<p class="note">{text(note)}</p>' if note else "")
            + "</figure>"
        )

    def script_json(self) -> str:
        """Every figure as JSON that is inert inside a script element."""
        data = json.dumps(self._figures, ensure_ascii=True, allow_nan=False, sort_keys=True, separators=(",", ":"))
        return "".join(_JSON_ESCAPES.get(character, character) for character in data)


def text(value: object) -> str:
    """``value`` as HTML text, safe in elements and in quoted attributes."""
    return escape(str(value), quote=True)


def name(value: object) -> str:
    """A name given by a user as HTML, its reading direction kept to itself."""
    return f"<bdi>{text(value)}</bdi>"


def label(value: object, most: int = 40) -> str:
    """A name given by a user as text inside a figure: Plotly's own markup is switched off, long names are cut."""
    plain = "".join(character if character.isprintable() else " " for character in str(value))
    return escape(plain if len(plain) <= most else plain[: most - 1] + "…", quote=False)


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


def document(*, title: str, body: str, charts: Charts) -> str:
    """The whole file."""
    from plotly.offline import get_plotlyjs

    assets = resources.files("gridpact.report")
    style = assets.joinpath("report.css").read_text(encoding="utf-8")
    # Nothing can close the script early, whatever a later plotly.js contains.
    library = get_plotlyjs().replace("</script", "<\\/script")
    drawing = assets.joinpath("report.js").read_text(encoding="utf-8")
    scripts = " ".join(_digest(script) for script in (library, drawing))
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src {scripts}; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{text(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n{body}\n"
        f'<script type="application/json" id="figures">{charts.script_json()}</script>\n'
        f"<script>{library}</script>\n<script>{drawing}</script>\n</body>\n</html>\n"
    )


def _digest(script: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() + "'"
