"""Axes with round ticks, and drawings that stay inside their frame."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridpact.report.svg import Axis, Plot, figure, nice_axis

FINITE = st.floats(-1e7, 1e7, allow_nan=False).map(lambda value: round(value, 4))


@given(low=FINITE, width=st.floats(1e-3, 1e7), count=st.integers(3, 9))
def test_ticks_are_what_they_say_and_cover_the_values(low: float, width: float, count: int) -> None:
    high = low + width
    axis = nice_axis(low, high, count=count)
    slack = 1e-12 * max(abs(low), abs(high)) + 1e-9 * width
    assert axis.low <= low + slack
    assert axis.high >= high - slack
    assert 2 <= len(axis.ticks) <= 2 * count + 2
    for value, words in axis.ticks:
        assert float(words.replace(",", "").replace("−", "-")) == pytest.approx(value, abs=1e-9 + 1e-6 * abs(value))


def test_a_tick_of_two_and_a_half_keeps_its_digit() -> None:
    assert [words for _, words in nice_axis(0.0, 10.0, count=5).ticks] == ["0.0", "2.5", "5.0", "7.5", "10.0"]


def test_an_axis_of_one_value_has_room() -> None:
    assert nice_axis(3.0, 3.0).low < 3.0 < nice_axis(3.0, 3.0).high
    assert nice_axis(0.0, 0.0).high > 0


def plot() -> Plot:
    return Plot(x=Axis(low=0.0, high=10.0, ticks=((0.0, "0"), (10.0, "10"))), y=nice_axis(0.0, 4.0), height=100)


def test_a_label_at_the_right_end_stays_at_its_tick_where_it_has_room() -> None:
    narrow = Plot(x=Axis(low=0.0, high=1010.0, ticks=((0.0, "0"), (1000.0, "1,000"))), y=nice_axis(0.0, 4.0))
    assert 'x="99.01%" text-anchor="middle"' in narrow.svg()[0]
    wide = Plot(x=Axis(low=0.0, high=1000.0, ticks=((0.0, "0"), (1000.0, "1,000,000"))), y=nice_axis(0.0, 4.0))
    assert 'x="100%" text-anchor="end"' in wide.svg()[0]


def test_bars_are_cut_at_the_frame() -> None:
    drawing = plot()
    drawing.bar(-5.0, 25.0, -1.0, 99.0, "bar")
    assert drawing.marks == ['<rect class="bar" x="0%" y="0" width="100%" height="100"/>']


def test_lines_have_gaps_where_values_are_missing() -> None:
    drawing = plot()
    drawing.steps(np.array([0.0, 2.0, 4.0, 6.0]), np.array([1.0, np.nan, 2.0]), "l-planned")
    path = re.findall(r'd="([^"]*)"', drawing.stretched[0])[0]
    assert path.count("M") == 2
    assert "nan" not in path


def test_a_figure_says_in_words_what_it_shows() -> None:
    html = figure(plot(), title="A <b>", alt='says "it"')
    assert 'role="img" aria-label="says &quot;it&quot;"' in html
    assert "A &lt;b&gt;" in html
    assert 'aria-hidden="true"' in html
