"""Two groups of scores on one axis as inline SVG, with the threshold between them."""

from __future__ import annotations

import html
import itertools
from collections.abc import Mapping

import numpy as np

from aecourse.widgets.curve import (
    BOTTOM,
    DASHES,
    HEIGHT,
    LEFT,
    RIGHT,
    WIDTH,
    axis_label,
    chart_frame,
    linear_ticks,
    log_ticks,
)

BINS = 48
TOP = 56  # room for the title and the names of the groups


def log_bins(scores: np.ndarray, *, bins: int = BINS) -> np.ndarray:
    """edges of equally wide bins of log score that hold all scores, or of score if one is 0 or below; → (bins + 1,)"""
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
    """shares of each group by score, over a logarithmic score axis, as the text of an <svg> element

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
        return TOP + (1 - share / top) * (HEIGHT - TOP - BOTTOM)

    ground = HEIGHT - BOTTOM
    parts = chart_frame(title, axis_label(x_label, log=log), y_label, top=TOP)
    step = next(step for step in (1, 2, 5, 10, 20, 50) if 100 * top / step <= 6)
    for percent in range(0, int(100 * top) + 1, step):
        y = down(percent / 100)
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{percent} %</text>')
    for tick in (log_ticks if log else linear_ticks)(edges[0], edges[-1]):
        parts.append(f'<path class="grid" d="M{across(tick):.1f} {TOP}V{ground}"/>')
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
    parts.append(f'<path class="now" d="M{line:.1f} {TOP}V{ground}"/>')
    anchor, shift = ("start", 5) if line < WIDTH - 90 else ("end", -5)
    parts.append(
        f'<text x="{line + shift:.1f}" y="{TOP + 12}" text-anchor="{anchor}">{html.escape(threshold_label)}</text>'
    )
    for i, ((name, (colour, _)), dashes) in enumerate(zip(groups.items(), itertools.cycle(DASHES), strict=False)):
        x = LEFT + 130 * i
        look = f'fill="{colour}" fill-opacity=".28" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"'
        parts.append(f'<rect x="{x}" y="32" width="18" height="10" {look}/>')
        parts.append(f'<text x="{x + 24}" y="42">{html.escape(name)}</text>')
    return "".join(parts) + "</svg>"
