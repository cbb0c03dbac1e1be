"""PCA's flat sheet and an autoencoder's bent one, through the same points."""

from __future__ import annotations

import io
import re
from itertools import pairwise

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from sketch import INK, QUIET, TINT, WIDTH, X_HAT, Drawing, Point
from surfaces import bent_points, fit_plane, fit_sheet, patches, view

from aecourse.plotting import BLUE, VERMILION

STYLE = r' style="[^"]*"'


def plot_sheet(ax: Axes, x: np.ndarray, x_hat: np.ndarray, sheet: np.ndarray, centre: Point, colour: str) -> None:
    """Points, what is lost of each, and the sheet they are restored to, far things first."""
    (tops, depth), (feet, _), (corners, reach) = (view(points, centre) for points in (x, x_hat, sheet))
    reach, lost = reach.mean(axis=1), np.stack([tops, feet], axis=1)
    edges = np.quantile(reach, np.linspace(1, 0, 15))
    edges[0], edges[-1] = np.inf, -np.inf
    for order, (far, near) in enumerate(pairwise(edges)):
        squares = np.flatnonzero((reach <= far) & (reach > near))
        dots = (depth <= far) & (depth > near)
        ax.add_collection(PolyCollection(
            corners[squares[np.argsort(-reach[squares])]], facecolors=TINT[colour], edgecolors=colour, linewidths=0.8,
            alpha=0.65, zorder=order, clip_on=False,
        ))  # fmt: skip
        ax.add_collection(LineCollection(lost[dots], colors=INK, linewidths=1.2, zorder=order, clip_on=False))
        ax.scatter(*tops[dots].T, s=16, color=INK, linewidths=0, zorder=order, clip_on=False)


def pca_plane_vs_sheet() -> None:
    """The same points with the best plane and with the sheet that a small autoencoder found."""
    height = 500
    drawing = Drawing(
        "pca_plane_vs_sheet",
        "PCA lays a flat sheet through the points, an autoencoder can bend it",
        "The same 220 points, scattered around a sheet that is bent like a half-pipe, drawn twice. Left: the best "
        "plane, by PCA, with a long line from many points to their restorations. Right: the curved sheet found by a "
        "small autoencoder runs through the points, and the lines almost vanish.",
        height=height,
    )
    x = bent_points()
    figure = Figure(figsize=(WIDTH / 72, height / 72))
    ax = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))  # a unit of the axes is a pixel of the page
    ax.set_axis_off()
    sides = (
        ("PCA: the best flat sheet", fit_plane, VERMILION, (228, 254)),
        ("autoencoder: a sheet that bends", fit_sheet, BLUE, (672, 254)),
    )
    for name, fit, colour, centre in sides:
        z, decode = fit(x)
        x_hat = decode(z)
        plot_sheet(ax, x, x_hat, patches(z, decode), centre, colour)
        drawing.text((centre[0], 82), name, size=20, weight="bold")
        error = ((x - x_hat) ** 2).sum(axis=1).mean()
        drawing.text((centre[0], 422), f"mean squared distance from *x* to {X_HAT}: {error:.3f}")
        if fit is fit_plane:
            named = view(x, centre)[0][:, 0].argmax()
            for point, word in ((x, "*x*"), (x_hat, X_HAT)):
                a, b = view(point[named], centre)[0]
                drawing.text((a + 9, b + 5), word, size=20, weight="bold", anchor="start")
    drawing.disc((43, 466), 3, fill=INK)
    drawing.text((57, 472), "a point *x*: 3 numbers", anchor="start")
    drawing.line((296, 457), (296, 476), width=1.5)
    drawing.text((308, 472), f"lost between *x* and {X_HAT}", anchor="start")
    drawing.shape([(556, 474), (564, 459), (590, 459), (582, 474)], QUIET, fill="#EEEEEE")
    drawing.text((602, 472), f"the sheet: every {X_HAT} for *k* = 2", anchor="start")
    file = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": drawing.name}):
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    plot = re.search(r'<g id="figure_1">.*</g>', file.getvalue(), re.DOTALL)
    drawing.parts.insert(5, without_repeats(plot[0]))  # under the words
    drawing.save()


def without_repeats(svg: str) -> str:
    """Shorten what matplotlib has drawn: a style that a whole group shares is said once, and paths need few spaces."""
    svg = re.sub(r"\n?([MLCz])\s", r"\1", re.sub(r"\n\s*", "\n", svg))

    def group(found: re.Match) -> str:
        plain, styles = re.sub(STYLE, "", found[2]), set(re.findall(STYLE, found[2]))
        return f"<g{found[1]}{styles.pop()}>{plain}" if len(styles) == 1 else found[0]

    return re.sub(r"<g([^>]*)>((?:\s*<(?:path|use)[^>]*/>)+)", group, svg)
