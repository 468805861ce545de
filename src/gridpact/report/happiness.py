"""How satisfied owners are: the distribution, its mean and least, and what it is made of."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gridpact.coalition.satisfaction import COMFORT_WEIGHT, PAY_WEIGHT, VOLUME_WEIGHT
from gridpact.report import words
from gridpact.report.facts import Facts
from gridpact.report.page import label, number, percent, text
from gridpact.report.svg import Axis, Key, Plot, figure, nice_axis
from gridpact.report.tables import Column, cell, table

BINS = 10


def happiness(facts: Facts, opportunity: Mapping[str, Any]) -> str:
    """Chart and table of one opportunity."""
    rows = facts.members(opportunity)
    score = rows["satisfaction"].to_numpy(dtype=np.float64, na_value=np.nan)
    inside = rows["committed_kw"].to_numpy(dtype=np.float64) > 0
    judged = np.isfinite(score)
    if not judged.any():
        return '<p class="callout">No home had agreed to anything, so there is nothing to be satisfied with.</p>'
    members, willing = score[judged & inside], score[judged & ~inside]
    homes = np.array([facts.place[str(home)] for home in rows["home_id"]], dtype=np.int64)
    sentence = _sentence(members, willing, [label(home) for home in rows["home_id"]], score, inside & judged)
    return (
        f'<p class="callout">{text(sentence)}</p><div class="grid two">{_histogram(members, willing, sentence)}'
        f"{_groups(facts, homes, score, inside, judged, opportunity)}</div>"
    )


def _sentence(
    members: np.ndarray[Any, Any],
    willing: np.ndarray[Any, Any],
    names: list[str],
    score: np.ndarray[Any, Any],
    mine: np.ndarray[Any, Any],
) -> str:
    parts = []
    if len(members):
        least = names[int(np.argmin(np.where(mine, score, np.inf)))]
        parts.append(
            f"{words.counted(len(members), 'member')}: mean {number(float(members.mean()), 2)}, least "
            f"{number(float(members.min()), 2)} ({least})."
        )
    everyone = np.concatenate((members, willing))
    if len(willing):
        parts.append(
            f"With {words.counted(len(willing), 'willing home')} that "
            f"{'was' if len(willing) == 1 else 'were'} left out, "
            f"the mean is {number(float(everyone.mean()), 2)}."
        )
    return " ".join(parts)


def _histogram(members: np.ndarray[Any, Any], willing: np.ndarray[Any, Any], alt: str) -> str:
    edges = np.linspace(0.0, 1.0, BINS + 1)
    inside, outside = (np.histogram(values, edges)[0] for values in (members, willing))
    top = max(int((inside + outside).max()), 1)
    plot = Plot(
        x=Axis(low=0.0, high=1.0, ticks=tuple((float(k) / 5, number(k / 5, 1)) for k in range(6))),
        y=nice_axis(0.0, float(top), count=min(5, top + 1)),
        height=200,
        x_title="satisfaction, 0 to 1",
        y_title="homes",
    )
    for k in range(BINS):
        left, right = float(edges[k]) + 0.008, float(edges[k + 1]) - 0.008
        tip = f"{number(edges[k], 1)} to {number(edges[k + 1], 1)}\n{inside[k]:,} members" + (
            f", {outside[k]:,} willing and left out" if len(willing) else ""
        )
        plot.bar(left, right, 0.0, float(inside[k]), "new")
        if outside[k]:
            plot.bar(left, right, float(inside[k]), float(inside[k] + outside[k]), "leftout")
            plot.bar(left, right, float(inside[k]), float(inside[k] + outside[k]), "over")
        if inside[k] or outside[k]:
            plot.bar(left, right, 0.0, float(inside[k] + outside[k]), "hit", tip)
    keys = [Key(label="Members", css="c-in box")]
    if len(willing):
        keys.append(Key(label="Willing, left out", css="c-leftout stripes"))
    if len(members):
        plot.rule("r-clear", x=float(members.mean()))
        keys.append(Key(label=f"Members' mean, {number(float(members.mean()), 2)}", css="c-text dash"))
    return figure(plot, title="How many homes are how satisfied", alt=alt, keys=keys)


def _groups(
    facts: Facts,
    homes: np.ndarray[Any, Any],
    score: np.ndarray[Any, Any],
    inside: np.ndarray[Any, Any],
    judged: np.ndarray[Any, Any],
    opportunity: Mapping[str, Any],
) -> str:
    """Means by kind of owner, and why: the share of agreed power that was used."""
    agreed = facts.per_home(facts.here(facts.options, opportunity), "quantity_kw")[homes]
    committed = facts.per_home(facts.here(facts.coalition, opportunity), "committed_kw")[homes]
    columns = [
        Column(title="Owner"),
        Column(title="Members", numeric=True),
        Column(title="Mean", numeric=True),
        Column(title="Least", numeric=True),
        Column(title="Left out", numeric=True),
        Column(title="Agreed power used", numeric=True),
    ]
    rows = []
    for k, persona in enumerate(facts.personas.names):
        group = facts.personas.of[homes] == k
        mine, out = group & inside & judged, group & ~inside & judged
        if not (mine | out).any():
            continue
        offered = float(agreed[mine | out].sum())
        used = float(committed[mine].sum()) / offered if offered else None
        mean = float(score[mine].mean()) if mine.any() else None
        least = float(score[mine].min()) if mine.any() else None
        rows.append(
            [
                cell(text(persona), persona),
                cell(f"{int(mine.sum()):,}", float(mine.sum())),
                cell(number(mean, 2), mean),
                cell(number(least, 2), least),
                cell(f"{int(out.sum()):,}", float(out.sum())),
                cell(percent(used), used),
            ]
        )
    shown = table(columns, rows, caption="Satisfaction by kind of owner", css="stacked")
    return f'<div class="card"><h3>By kind of owner</h3>{shown}</div>'


def how_it_is_made() -> str:
    """What a score consists of, in words."""
    weights = f"{PAY_WEIGHT:g} pay + {VOLUME_WEIGHT:g} volume + {COMFORT_WEIGHT:g} comfort"
    return (
        f'<div class="card"><h3>What a score is made of</h3><p class="sub">A score is {weights}. Pay: the '
        "share of what "
        "there was to gain above its private cost that an owner received. Volume: the share of its agreed "
        "power that was "
        "used. Comfort: how much of the battery's margin above the owner's reserve was kept. A part without a subject "
        "drops; a broken preference makes it 0; who is willing and left out has no pay and no volume. Pay is not shown "
        "home by home, because it would give private costs away.</p></div>"
    )
