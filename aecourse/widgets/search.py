"""Look for pictures like this one: by pixels, by code, by bits."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import ipywidgets as widgets
import numpy as np
import torch
from matplotlib.figure import Figure

from aecourse.checks import check_whole
from aecourse.data import PIXELS, ImageSet, load_mnist, normalise_digit
from aecourse.models import DenseAutoencoder
from aecourse.plotting import as_images, mosaic, plot_reconstructions
from aecourse.retrieval import hamming_nearest, hash_bits, nearest, precision_at
from aecourse.weights import shared_weights
from aecourse.widgets.explorer import Explorer, with_number_box
from aecourse.widgets.pads import FoldedPad, InkCanvas, ink_as_array
from aecourse.zoo import CODE_SIZES, DENSE

LIBRARY = 10_000  # training digits that are searched
SAMPLE = 1_000  # test digits behind the precision in the caption
FOUND = 10
SIZES = tuple(k for k in CODE_SIZES if k % 8 == 0)  # as bits they fill whole bytes


@dataclass
class Index:
    """what is kept of the library to search it by codes of one size

    Attributes
    ----------
    model : the shipped network with a code of this size
    z : tensor (LIBRARY, k), its codes
    thresholds : tensor (k,), their medians
    bits : uint8 array (LIBRARY, k / 8), which of them lie above
    low, high : tensors (k,), the mean code number below and above its median
    precision : {"numbers", "bits": share of right labels among the ten found for 1,000 test digits}
    """

    model: DenseAutoencoder
    z: torch.Tensor
    thresholds: torch.Tensor
    bits: np.ndarray
    low: torch.Tensor
    high: torch.Tensor
    precision: dict[str, float]


@functools.cache
def load_library() -> tuple[ImageSet, ImageSet, ImageSet, float]:
    """the digits to search, to ask for, a sample of the latter, and its precision by pixels; once a session"""
    train, test = load_mnist()
    library = train[:LIBRARY]
    sample = test.split(SAMPLE, seed=0)[1]
    found = nearest(library.x, sample.x, n=FOUND)
    return library, test, sample, precision_at(found, library.y, sample.y)


@functools.cache
@torch.inference_mode()
def load_index(k: int) -> Index:
    """encode the library by the shipped network of k numbers, once a session; a third of a second"""
    library, _, sample, _ = load_library()
    model = shared_weights(DENSE[k])
    z, asked = model.encode(library.x), model.encode(sample.x)
    thresholds = z.median(0).values
    above, bits = z > thresholds, hash_bits(z, thresholds)
    low, high = ((z * side).sum(0) / side.sum(0) for side in (~above, above))
    found = {
        "numbers": nearest(z, asked, n=FOUND),
        "bits": hamming_nearest(bits, hash_bits(asked, thresholds), n=FOUND),
    }
    precision = {name: precision_at(positions, library.y, sample.y) for name, positions in found.items()}
    return Index(model, z, thresholds, bits, low, high, precision)


class SearchExplorer(Explorer):
    """a digit, and the ten most like it by pixels, by k numbers and by k bits

    Taught in notebooks/09_applications.ipynb.

    The first picture of each row is what that search sees of the query: the digit, its code decoded, its bits decoded.
    Pictures found with another label than the query's are shown inverted.

    Parameters
    ----------
    query : which test digit to start from, a whole number from 0 to 9999
    k : 8, 16, 32 or 64, numbers or bits in the code

    Attributes
    ----------
    query : the slider; set `explorer.query.value`
    k : the list of code sizes
    ink : the canvas; a drawing on it takes the test digit's place
    """

    column_names = ("seen", *(f"{i}" for i in range(1, FOUND + 1)))

    def __init__(self, query: int = 12, *, k: int = 16) -> None:
        self.library, self.test, _, self.by_pixels = load_library()
        query = check_whole("query", query, least=0, most=len(self.test) - 1)
        if k not in SIZES or isinstance(k, bool):
            raise ValueError(f"k must be one of {', '.join(map(str, SIZES))}; got {k!r}")
        for size in SIZES:
            load_index(size)
        self.query = widgets.IntSlider(query, 0, len(self.test) - 1)
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
        pad = FoldedPad(self.ink)
        row = {"flex_flow": "row wrap", "align_items": "center"}
        self.children = [
            self.style_sheet,
            widgets.HBox([with_number_box(self.query, "test digit number"), self.k, pad.button], layout=row),
            widgets.HBox([pad, self.picture], layout=row | {"grid_gap": "0 16px"}),
            self.caption,
        ]

    def _search(self, query: int, k: int, ink: bytes) -> list[tuple[str, torch.Tensor, torch.Tensor]]:
        """by pixels, numbers and bits: (name, what it sees (1, 784), positions found (10,)), once for a picture"""
        asked, answer = self._latest
        if asked != (query, k, ink):
            answer = self._look_up(query, k, ink)
            self._latest = (query, k, ink), answer
        return answer

    def _look_up(self, query: int, k: int, ink: bytes) -> list[tuple[str, torch.Tensor, torch.Tensor]]:
        index = load_index(k)
        x = self.test.x[query][None]
        if any(ink):
            x = torch.from_numpy(normalise_digit(ink_as_array(ink))).view(1, PIXELS)
        z = index.model.encode(x)  # (1, k)
        seen = index.model.decode(torch.cat([z, torch.where(z > index.thresholds, index.high, index.low)]))
        bits = hamming_nearest(index.bits, hash_bits(z, index.thresholds), n=FOUND)
        return [
            (f"pixels: {PIXELS} bytes", x, nearest(self.library.x, x, n=FOUND)[0]),
            (f"{k} numbers: {4 * k} bytes", seen[:1], nearest(index.z, z, n=FOUND)[0]),
            (f"{k} bits: {k // 8} byte{'s' if k > 8 else ''}", seen[1:], torch.from_numpy(bits[0])),
        ]

    def _label(self, query: int, ink: bytes) -> int | None:
        """the test digit's label; a drawing has none"""
        return None if any(ink) else int(self.test.y[query])

    def _rows(self, query: int, k: int, ink: bytes) -> dict[str, np.ndarray]:
        label, rows = self._label(query, ink), {}
        for name, seen, found in self._search(query, k, ink):
            pictures = as_images(torch.cat([seen, self.library.x[found]]))
            if label is not None:
                wrong = 1 + np.flatnonzero(self.library.y[found].numpy() != label)
                pictures[wrong] = 255 - pictures[wrong]
            rows[name] = pictures
        return rows

    def render(self, query: int, k: int, ink: bytes) -> np.ndarray:
        """three rows: what the search sees of the query, then the ten it finds, wrong ones inverted"""
        rows = self._rows(query, k, ink)
        self.row_names = list(rows)
        return mosaic(list(rows.values()))

    def describe(self, query: int, k: int, ink: bytes) -> str:
        """how many of the ten are right, here and over many queries; for a drawing the labels found"""
        label = self._label(query, ink)
        found = {name.split(":")[0]: self.library.y[places] for name, _, places in self._search(query, k, ink)}
        if label is None:
            labels = "; ".join(f"{name} {' '.join(map(str, y.tolist()))}" for name, y in found.items())
            return f"Your drawing. Labels of the ten found by {labels}."
        right = ", ".join(f"{name} {int((y == label).sum())}" for name, y in found.items())
        precision = load_index(k).precision
        means = (FOUND * share for share in (self.by_pixels, precision["numbers"], precision["bits"]))
        overall = "{:.1f}, {:.1f} and {:.1f}".format(*means)
        return (
            f"Test digit {query}, labelled {label}. Same label among the ten found (others are inverted): {right}. "
            f"Mean over {SAMPLE:,} test digits: {overall}."
        )

    def draw_static(self, figure: Figure) -> None:
        """the three rows"""
        settings = self.settings()
        label = self._label(settings["query"], settings["ink"])
        asked = "a drawing" if label is None else f"a {label}"
        title = f"Asked for {asked}: what each search sees of it, and the ten it finds; wrong labels inverted"
        plot_reconstructions(self._rows(**settings), ax=figure.subplots(), title=title)
