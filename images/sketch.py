"""The marks that the course's diagrams are made of: text, arrows, trapezoids, codes and digits on an SVG page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np

from aecourse.plotting import BLUE, GREEN, ORANGE, VERMILION

FONTS = "Arial, Helvetica, 'Liberation Sans', 'DejaVu Sans', 'Noto Sans CJK SC', sans-serif"
WIDTH = 900  # of every page, in pixels
INK, QUIET, GHOST = "#222222", "#595959", "#8C8C8C"
RUST, FOREST = "#A84300", "#00543E"  # vermilion and green, dark enough for words
TINT = {BLUE: "#D9EAF5", GREEN: "#D6EFE7", ORANGE: "#FCF0D6", VERMILION: "#FBE5D9", GHOST: "#FFFFFF"}
SHADES = ("#66C4A8", "#F2FBF8", GREEN, "#B2E2D3")  # four code numbers of different size
X_HAT = "*x\u0302*"
DASHES = ' stroke-dasharray="7 5"'

Point = tuple[float, float]


def markup(text: str) -> str:
    """*stars* around a symbol make it slanted, everything else is plain text."""
    return re.sub(r"\*(.+?)\*", r'<tspan font-style="italic">\1</tspan>', escape(text))


class Drawing:
    """An SVG picture that grows from the back to the front; coordinates are pixels of a 900 wide page.

    A slide shrinks or enlarges it into a box 1220 wide and 480 to 578 high; no letter there is under 18 pixels.
    """

    def __init__(self, name: str, heading: str, description: str, *, height: int, size: int = 18) -> None:
        self.name, self.size = name, size
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="{WIDTH}" '
            f'height="{height}" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="{name}-title {name}-desc">',
            f'<title id="{name}-title">{escape(heading)}</title>',
            f'<desc id="{name}-desc">{escape(description)}</desc>',
            f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
            f'<g font-family="{FONTS}" fill="{INK}">',
        ]
        self.text((28, 38), heading, size=21, weight="bold", anchor="start")

    def save(self) -> None:
        """Write the picture beside this script."""
        file = Path(__file__).parent / f"{self.name}.svg"
        file.write_text("\n".join([*self.parts, "</g>", "</svg>\n"]), encoding="utf-8", newline="\n")

    def text(
        self,
        at: Point,
        *lines: str,
        size: int = 0,
        weight: str = "normal",
        anchor: str = "middle",
        colour: str = INK,
        halo: bool = False,
    ) -> None:
        """Lines of text under each other; `at` is on the first baseline; a halo keeps it readable on a picture."""
        size = size or self.size
        edge = ' stroke="white" stroke-width="5" stroke-linejoin="round" paint-order="stroke"' if halo else ""
        for i, line in enumerate(lines):
            self.parts.append(
                f'<text x="{at[0]:g}" y="{at[1] + i * size * 1.3:g}" font-size="{size}" font-weight="{weight}" '
                f'text-anchor="{anchor}" fill="{colour}"{edge}>{markup(line)}</text>'
            )

    def shape(self, points: Sequence[Point], colour: str, *, dashed: bool = False, fill: str | None = None) -> None:
        """A closed outline, filled with a light tint of its colour."""
        path = " ".join(f"{x:g},{y:g}" for x, y in points)
        self.parts.append(
            f'<polygon points="{path}" fill="{fill or TINT[colour]}" stroke="{colour}" stroke-width="2.5" '
            f'stroke-linejoin="round"{DASHES if dashed else ""}/>'
        )

    def box(self, at: Point, width: float, height: float, colour: str, **options) -> None:
        """A rectangle with its upper left corner at `at`."""
        (x, y), right, bottom = at, at[0] + width, at[1] + height
        self.shape([(x, y), (right, y), (right, bottom), (x, bottom)], colour, **options)

    def line(self, *points: Point, colour: str = INK, width: float = 2.5, dashed: bool = False) -> None:
        """An open line through the points."""
        path = " ".join(f"{x:g},{y:g}" for x, y in points)
        self.parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width:g}" '
            f'stroke-linejoin="round"{DASHES if dashed else ""}/>'
        )

    def arrow(self, *points: Point, colour: str = INK, dashed: bool = False) -> None:
        """A line through the points with a head at its end."""
        tip, before = np.array(points[-1], float), np.array(points[-2], float)
        along = (tip - before) / np.linalg.norm(tip - before)
        neck, side = tip - 11 * along, 5.5 * np.array([-along[1], along[0]])
        self.line(*points[:-1], tuple(neck), colour=colour, dashed=dashed)
        path = " ".join(f"{x:.4g},{y:.4g}" for x, y in (tip, neck + side, neck - side))
        self.parts.append(f'<polygon points="{path}" fill="{colour}"/>')

    def half(self, left: float, right: float, y: float, heights: Point, colour: str, *lines: str, **options) -> None:
        """A trapezoid around height y, with text inside: an encoder narrows, a decoder widens."""
        before, after = heights[0] / 2, heights[1] / 2
        self.shape([(left, y - before), (right, y - after), (right, y + after), (left, y + before)], colour, **options)
        if lines:
            self.text(((left + right) / 2, y + (6 if len(lines) == 1 else -4)), lines[0], size=20, weight="bold")
            self.text(((left + right) / 2, y + 21), *lines[1:])

    def disc(self, at: Point, radius: float, colour: str = INK, *, fill: str = "white", width: float = 2) -> None:
        """A filled circle."""
        self.parts.append(
            f'<circle cx="{at[0]:g}" cy="{at[1]:g}" r="{radius:g}" fill="{fill}" stroke="{colour}" '
            f'stroke-width="{width:g}"/>'
        )

    def badge(self, at: Point, letter: str, colour: str) -> None:
        """A letter in a small disc, to name a place."""
        self.disc(at, 13, colour, width=3)
        self.text((at[0], at[1] + 6), letter, weight="bold")

    def specks(self, points: np.ndarray, colour: str) -> None:
        """Many small squares as one path; points (n, 2) are whole pixels."""
        path = "".join(f"M{x} {y}h3v3h-3z" for x, y in points)
        self.parts.append(f'<path d="{path}" fill="{colour}" opacity="0.55"/>')

    def code(self, x: float, y: float) -> None:
        """A short column of cells, centred on (x, y): the few numbers of a code."""
        for i, fill in enumerate(SHADES):
            self.box((x - 20, y - 44 + 22 * i), 40, 22, GREEN, fill=fill)

    def digit(self, pixels: np.ndarray, at: Point, *, size: int = 112) -> None:
        """784 pixels in [0, 1] in nine steps of gray, as runs of equal pixels along each row."""
        steps = np.rint(np.clip(pixels, 0, 1).reshape(28, 28) * 8).astype(int)
        runs: dict[int, str] = dict.fromkeys(range(1, 9), "")
        for row, values in enumerate(steps.tolist()):
            column = 0
            for step, run in groupby(values):
                width = len(list(run))
                if step:
                    runs[step] += f"M{column} {row}h{width}v1h-{width}z"
                column += width
        self.parts.append(
            f'<g transform="translate({at[0]:g} {at[1]:g}) scale({size / 28:g})" shape-rendering="crispEdges">'
            '<path d="M0 0h28v28h-28z" fill="black"/>'
        )
        self.parts += [
            f'<path d="{d}" fill="rgb({gray},{gray},{gray})"/>'
            for gray, d in ((step * 255 // 8, d) for step, d in runs.items())
            if d
        ]
        self.parts.append("</g>")
