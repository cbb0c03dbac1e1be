"""Look for pictures like this one: by pixels, by code, by bits."""

from __future__ import annotations

import ipywidgets as widgets
import numpy as np
import torch
from matplotlib.figure import Figure

from aecourse.checks import check_whole
from aecourse.data import PIXELS, ImageSet, normalise_digit
from aecourse.evaluation.retrieval import nearest
from aecourse.explorers.base.canvases import FoldedCanvas, InkCanvas, ink_as_array
from aecourse.explorers.base.controls import with_number_box
from aecourse.explorers.base.shown_images import shown_images
from aecourse.explorers.base.view import Explorer
from aecourse.plotting import as_images, mosaic, plot_reconstructions
from aecourse.zoo import CODE_SIZES, DENSE
from aecourse.zoo.shipped import FOUND, QUERIES, load_index, load_library
from aecourse.zoo.weights import shared_weights

SIZES = tuple(k for k in CODE_SIZES if k % 8 == 0)  # as bits they fill whole bytes


class SearchExplorer(Explorer):
    """A digit, and the ten most like it by pixels, by k numbers and by k bits.

    Taught in notebooks/09_applications.ipynb.

    The first picture of each row is what that search sees of the query: the digit, its code decoded, its bits decoded.
    Pictures found with another label than the query's are shown inverted.

    Parameters
    ----------
    query : which image to start from, a whole number from 0 to 9999 for the test digits
    k : 8, 16, 32 or 64, numbers or bits in the code
    images : ImageSet or float tensor (n, 784) in [0, 1], optional
        What to search for instead of the test digits.

    Attributes
    ----------
    query : the slider; set `explorer.query.value`
    k : the list of code sizes
    ink : the canvas; a drawing on it takes the test digit's place
    """

    column_names = ("seen", *(f"{i}" for i in range(1, FOUND + 1)))

    def __init__(self, query: int = 12, *, k: int = 16, images: ImageSet | torch.Tensor | None = None) -> None:
        (self.library, _, self.by_pixels), self.images = load_library(), shown_images(images)
        last = len(self.images) - 1
        query = min(last, check_whole("query", query, minimum=0, maximum=max(last, 12)))
        if k not in SIZES or isinstance(k, bool):
            raise ValueError(f"k must be one of {', '.join(map(str, SIZES))}; got {k!r}")
        for size in SIZES:
            load_index(size)
        self.query = widgets.IntSlider(query, 0, last)
        wide = {"description_width": "initial"}
        self.k = widgets.Dropdown(
            options=SIZES, value=k, description="numbers or bits in the code, k", style=wide, layout={"width": "270px"}
        )
        self.ink = InkCanvas()
        self._latest: tuple[tuple, list] = (), []
        super().__init__({"query": self.query, "k": self.k, "ink": self.ink})
        self._arrange()
        self.refresh()

    def _arrange(self) -> None:
        self.picture.layout.flex = "1 1 480px"
        canvas = FoldedCanvas(self.ink)
        row = {"flex_flow": "row wrap", "align_items": "center"}
        self.children = [
            self.accessibility,
            widgets.HBox(
                [with_number_box(self.query, f"{self.images.name} number"), self.k, canvas.button], layout=row
            ),
            widgets.HBox([canvas, self.picture], layout=row | {"grid_gap": "0 16px"}),
            self.caption,
        ]

    def _search(self, query: int, k: int, ink: bytes) -> list[tuple[str, str, torch.Tensor, torch.Tensor]]:
        """By pixels, numbers and bits: (name, size, what it sees (1, 784), places found (10,)), once for a picture."""
        asked, answer = self._latest
        if asked != (query, k, ink):
            answer = self._look_up(query, k, ink)
            self._latest = (query, k, ink), answer
        return answer

    def _look_up(self, query: int, k: int, ink: bytes) -> list[tuple[str, str, torch.Tensor, torch.Tensor]]:
        model, (index, _) = shared_weights(DENSE[k]), load_index(k)
        x = self.images.x[query][None]
        if any(ink):
            x = torch.from_numpy(normalise_digit(ink_as_array(ink))).view(1, PIXELS)
        z = model.encode(x)  # (1, k)
        seen = model.decode(torch.cat([z, index.from_bits(z)]))
        found = index.search(z, n=FOUND)
        return [
            ("pixels", f"{PIXELS} bytes", x, nearest(self.library.x, x, n=FOUND)[0]),
            (f"{k} numbers", f"{4 * k} bytes", seen[:1], found["numbers"][0]),
            (f"{k} bits", f"{k // 8} byte{'s' if k > 8 else ''}", seen[1:], found["bits"][0]),
        ]

    def _label(self, query: int, ink: bytes) -> int | None:
        """The image's label; a drawing, or a picture that is no digit, has none."""
        return int(self.images.y[query]) if self.images.are_digits and not any(ink) else None

    def _rows(self, query: int, k: int, ink: bytes) -> dict[str, np.ndarray]:
        label, rows = self._label(query, ink), {}
        for name, size, seen, found in self._search(query, k, ink):
            pictures = as_images(torch.cat([seen, self.library.x[found]]))
            if label is not None:
                wrong = 1 + np.flatnonzero(self.library.y[found].numpy() != label)
                pictures[wrong] = 255 - pictures[wrong]
            rows[f"{name}: {size}"] = pictures
        return rows

    def render(self, query: int, k: int, ink: bytes) -> np.ndarray:
        """Three rows: what the search sees of the query, then the ten it finds, wrong ones inverted."""
        rows = self._rows(query, k, ink)
        self.row_names = list(rows)
        return mosaic(list(rows.values()))

    def describe(self, query: int, k: int, ink: bytes) -> str:
        """How many of the ten are right, here and over many queries; for a drawing the labels found."""
        label = self._label(query, ink)
        found = {name: self.library.y[places] for name, _, _, places in self._search(query, k, ink)}
        if label is None:
            labels = "; ".join(f"{name} {' '.join(map(str, y.tolist()))}" for name, y in found.items())
            shown = "Your drawing" if any(ink) else self.images.called(query).capitalize()
            return f"{shown}. Labels of the ten found by {labels}."
        right = ", ".join(f"{name} {int((y == label).sum())}" for name, y in found.items())
        precision = load_index(k)[1]
        means = (FOUND * share for share in (self.by_pixels, precision["numbers"], precision["bits"]))
        overall = "{:.1f}, {:.1f} and {:.1f}".format(*means)
        return (
            f"{self.images.name.capitalize()} {query}, labelled {label}. "
            f"Same label among the ten found (others are inverted): {right}. "
            f"Mean over {QUERIES:,} test digits: {overall}."
        )

    def draw_static(self, figure: Figure) -> None:
        """The three rows."""
        settings = self.settings()
        asked = "a drawing" if any(settings["ink"]) else self.images.called(settings["query"])
        title = f"Asked for {asked}: what each search sees of it, and the ten it finds; wrong labels inverted"
        plot_reconstructions(self._rows(**settings), ax=figure.subplots(), title=title)
