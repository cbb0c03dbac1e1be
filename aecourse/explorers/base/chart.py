"""Small charts as inline SVG, drawn in under a millisecond and sharp at every size: lines, and two histograms."""

from __future__ import annotations

import html
import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np

from aecourse.plotting import BLACK

WIDTH, HEIGHT = 380, 270
LEFT, RIGHT, TOP, BOTTOM = 62, 12, 32, 46  # margins around the plotted area
DASHES = ("none", "9 3", "2 3", "9 3 2 3", "5 5")  # in turn, so that no line is known by its colour alone
BINS = 48
TITLE_LENGTH = 36  # letters that fit, bold and of 15 pixels, in the widest font of browsers; a longer title is smaller
LEGEND_TOP = 56  # room for the title and the names of the groups


def svg_curve(
    series: Mapping[str, tuple[str, Sequence[float], Sequence[float]]],
    *,
    title: str,
    x_label: str,
    y_label: str,
    x_log: bool = False,
    points: Sequence[tuple[float, float, str]] = (),
    marked_x: float | None = None,
    x_range: tuple[float, float] | None = None,
    legend_low: bool = False,
    legend_left: bool = False,
) -> str:
    """Lines over a logarithmic y axis, as the text of an <svg> element; a series of one point is a dot.

    An axis on which a number is 0 or below becomes linear, and "(log scale)" is left out of its label.

    Parameters
    ----------
    series : {name: (colour, xs, ys)}, all numbers finite
    x_log : whether the x axis is logarithmic too
    points : (x, y, colour) to mark with a disc
    marked_x : where to draw a vertical line, e.g. at the slider's position
    x_range : smallest and largest x; default what the series span
    legend_low : put the legend into the lower left corner and not the upper right
    legend_left : put it into the upper left corner
    """
    xs = [x for _, series_x, _ in series.values() for x in series_x] or [1, 2]
    ys = [y for _, _, series_y in series.values() for y in series_y] + [y for _, y, _ in points] or [0.01, 0.1]
    x_low, x_high = x_range or (min(xs), max(xs))
    if x_high <= x_low:
        x_high = x_low + 1
    x_log, y_log = x_log and x_low > 0, min(ys) > 0
    x_label, y_label = axis_label(x_label, log=x_log), axis_label(y_label, log=y_log)
    scale = math.log10 if y_log else float
    y_low, y_high = scale(min(ys)), scale(max(ys))
    margin = 0.06 if y_log else 0.05 * (y_high - y_low) or 1
    y_low, y_high = y_low - margin, y_high + margin

    def across(x: float) -> float:
        share = math.log(x / x_low) / math.log(x_high / x_low) if x_log else (x - x_low) / (x_high - x_low)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def down(y: float) -> float:
        return TOP + (y_high - scale(y)) / (y_high - y_low) * (HEIGHT - TOP - BOTTOM)

    parts = chart_frame(title, x_label, y_label)
    for y in log_ticks(10**y_low, 10**y_high) if y_log else linear_ticks(y_low, y_high):
        parts.append(f'<path class="grid" d="M{LEFT} {down(y):.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{down(y) + 4:.1f}" text-anchor="end">{y:g}</text>')
    for x in _powers_of_two(x_low, x_high) if x_log else _whole_ticks(x_low, x_high):
        parts.append(f'<path class="grid" d="M{across(x):.1f} {TOP}V{HEIGHT - BOTTOM}"/>')
        parts.append(f'<text x="{across(x):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{x:g}</text>')
    if marked_x is not None:
        parts.append(f'<path class="now" d="M{across(marked_x):.1f} {TOP}V{HEIGHT - BOTTOM}"/>')
    legend_x = LEFT + 12 if legend_low or legend_left else WIDTH - 150
    legend_y = HEIGHT - BOTTOM - 18 * len(series) + 4 if legend_low else TOP + 14
    for (name, (colour, series_x, series_y)), dashes in zip(series.items(), itertools.cycle(DASHES), strict=False):
        colour = "currentColor" if colour == BLACK else colour  # on a dark page black is white
        look = f'stroke="{colour}" stroke-dasharray="{dashes}"'
        path = " ".join(f"{across(x):.1f},{down(y):.1f}" for x, y in zip(series_x, series_y, strict=True))
        parts.append(f'<polyline points="{path}" {look}/>')
        if len(series_x) == 1:
            x, y = path.split(",")
            parts.append(f'<circle cx="{x}" cy="{y}" r="4" fill="{colour}"/>')
        parts.append(f'<path d="M{legend_x} {legend_y - 4}h22" {look} stroke-width="3"/>')
        parts.append(f'<text x="{legend_x + 28}" y="{legend_y}">{html.escape(name)}</text>')
        legend_y += 18
    for x, y, colour in points:
        parts.append(f'<circle cx="{across(x):.1f}" cy="{down(y):.1f}" r="6" fill="{colour}" stroke="{BLACK}"/>')
    return "".join(parts) + "</svg>"


def log_bins(scores: np.ndarray, *, bins: int = BINS) -> np.ndarray:
    """Edges of equally wide bins of log score that hold all scores, or of score if one is 0 or below; → (bins + 1,)."""
    if scores.min() <= 0:
        margin = 0.001 * (scores.max() - scores.min()) or 1
        return np.linspace(scores.min(), scores.max() + margin, bins + 1)
    return np.geomspace(scores.min() * 0.999, scores.max() * 1.001, bins + 1)


def svg_histogram(
    groups: Mapping[str, tuple[str, np.ndarray]],
    edges: np.ndarray,
    *,
    title: str,
    x_label: str,
    y_label: str,
    threshold: float,
    threshold_label: str = "alarm →",
) -> str:
    """Shares of each group by score, over a logarithmic score axis, as the text of an <svg> element.

    If the bins begin at 0 or below, the axis is linear and "(log scale)" is left out of its label.

    Parameters
    ----------
    groups : {name: (colour, share of the group in each bin (bins,))}
    edges : (bins + 1,), ends of the bins, rising, as `log_bins` makes them
    threshold : where the dashed line stands; scores to its right raise an alarm
    """
    log = edges[0] > 0
    scale = np.log if log else np.asarray
    low, high = scale(edges[0]), scale(edges[-1])
    top = max(float(shares.max()) for _, shares in groups.values()) * 1.12

    def across(score: float) -> float:
        place = (scale(np.clip(score, edges[0], edges[-1])) - low) / (high - low)
        return LEFT + float(place) * (WIDTH - LEFT - RIGHT)

    def down(share: float) -> float:
        return LEGEND_TOP + (1 - share / top) * (HEIGHT - LEGEND_TOP - BOTTOM)

    ground = HEIGHT - BOTTOM
    parts = chart_frame(title, axis_label(x_label, log=log), y_label, top=LEGEND_TOP)
    step = next(step for step in (1, 2, 5, 10, 20, 50) if 100 * top / step <= 6)
    for percent in range(0, int(100 * top) + 1, step):
        y = down(percent / 100)
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{percent} %</text>')
    for tick in (log_ticks if log else linear_ticks)(edges[0], edges[-1]):
        parts.append(f'<path class="grid" d="M{across(tick):.1f} {LEGEND_TOP}V{ground}"/>')
        parts.append(f'<text x="{across(tick):.1f}" y="{ground + 16}" text-anchor="middle">{tick:g}</text>')
    for (colour, shares), dashes in zip(groups.values(), itertools.cycle(DASHES), strict=False):
        steps = "".join(
            f"L{across(left):.1f} {down(share):.1f}H{across(right):.1f}"
            for left, right, share in zip(edges[:-1], edges[1:], shares, strict=True)
        )
        outline = f"M{LEFT} {ground}{steps}V{ground}Z"
        look = f'fill="{colour}" fill-opacity=".28" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"'
        parts.append(f'<path d="{outline}" {look}/>')
    line = across(threshold)
    parts.append(f'<path class="now" d="M{line:.1f} {LEGEND_TOP}V{ground}"/>')
    anchor, shift = ("start", 5) if line < WIDTH - 90 else ("end", -5)
    place = f'x="{line + shift:.1f}" y="{LEGEND_TOP + 12}" text-anchor="{anchor}"'
    parts.append(f"<text {place}>{html.escape(threshold_label)}</text>")
    for i, ((name, (colour, _)), dashes) in enumerate(zip(groups.items(), itertools.cycle(DASHES), strict=False)):
        x = LEFT + 130 * i
        look = f'fill="{colour}" fill-opacity=".28" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"'
        parts.append(f'<rect x="{x}" y="32" width="18" height="10" {look}/>')
        parts.append(f'<text x="{x + 24}" y="42">{html.escape(name)}</text>')
    return "".join(parts) + "</svg>"


def chart_frame(title: str, x_label: str, y_label: str, *, top: float = TOP) -> list[str]:
    """The opening of an <svg> element with the words around a plotted area that begins at `top`."""
    size = 15 * min(1, TITLE_LENGTH / max(1, len(title)))
    return [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(title)}" class="aecourse-curve">',
        f'<text x="{LEFT}" y="18" class="title" style="font-size:{size:.1f}px">{html.escape(title)}</text>',
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">{html.escape(x_label)}</text>',
        f'<text transform="translate(14 {(top + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">'
        f"{html.escape(y_label)}</text>",
    ]


def log_ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten between low and high; only the powers if the range is wide."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1,) if high / low > 2000 else (1, 2, 5)
    ticks = [step * 10.0**decade for decade in decades for step in steps if low <= step * 10.0**decade <= high]
    return ticks or [low, high]


def linear_ticks(low: float, high: float) -> list[float]:
    """The multiples of 1, 2 or 5 times a power of ten between low and high, at most ten of them."""
    rough = (high - low) / 9
    decade = 10.0 ** math.floor(math.log10(rough))
    step = next(step * decade for step in (1, 2, 5, 10) if step * decade >= rough)
    return [step * i for i in range(math.ceil(low / step), math.floor(high / step) + 1)]


def axis_label(label: str, *, log: bool) -> str:
    """A label, without "(log scale)" if its axis has become linear."""
    return label if log else label.removesuffix(" (log scale)")


def _powers_of_two(low: float, high: float) -> list[int]:
    return [2**p for p in range(20) if low <= 2**p <= high]


def _whole_ticks(low: float, high: float) -> list[int]:
    step = max(1, math.ceil((high - low) / 8))
    return list(range(math.ceil(low), math.floor(high) + 1, step))
