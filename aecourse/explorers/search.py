"""Look for pictures like this one: by pixels, by code, by bits."""

from __future__ import annotations

import functools
from pathlib import Path

import torch
import traitlets
from matplotlib.figure import Figure
from torch import nn
from torch.nn import functional as F

from aecourse.bundle import bundle
from aecourse.checks import check_whole
from aecourse.data import PIXELS, ImageSet
from aecourse.evaluation.retrieval import CodeIndex, nearest
from aecourse.explorers.base.ink import Ink, as_digit
from aecourse.explorers.base.network import for_display, in_bytes, name_of, pack, pack_images, pack_shipped
from aecourse.explorers.base.page import Explorer, Whole, check_setting
from aecourse.explorers.base.shown_images import shown_images
from aecourse.plotting import as_written, plot_reconstructions
from aecourse.zoo import CODE_SIZES, DENSE
from aecourse.zoo.precision import SCALE
from aecourse.zoo.shipped import FOUND, QUERIES, index_of, load_index, load_library
from aecourse.zoo.weights import shared_weights

SIZES = tuple(k for k in CODE_SIZES if k % 8 == 0)  # as bits they fill whole bytes
MOST = 1024  # numbers in a code; the page holds 10,000 codes


class SearchExplorer(Explorer):
    """A digit, and the ten most like it by pixels, by k numbers and by k bits.

    Taught in notebooks/09_applications.ipynb.

    The first picture of each row is what that search sees of the query: the digit, its code decoded, its bits decoded.
    Pictures found with another label than the query's are shown inverted.

    Parameters
    ----------
    query : which image to start from, a whole number from 0 to 9999 for the test digits
    k : 8, 16, 32 or 64, numbers or bits in the code
    model : nn.Module, optional
        A network of one's own, as `aecourse.adopt` takes it, that makes the codes; k is then the size of its code, at
        most 1024.
    images : ImageSet or float tensor (n, 784) in [0, 1], optional
        What to search for instead of the test digits.

    Attributes
    ----------
    query : the slider; set `explorer.query = 100`
    k : the size of the code
    ink : what was drawn, 84 × 84 bytes, or none; it takes the test digit's place
    """

    _esm = bundle(Path(__file__).with_suffix(".js"))
    query = Whole(0).tag(sync=True)
    k = Whole(SIZES[0]).tag(sync=True)
    ink = Ink().tag(sync=True)

    def __init__(
        self,
        query: int = 12,
        *,
        k: int = 16,
        model: nn.Module | None = None,
        images: ImageSet | torch.Tensor | None = None,
    ) -> None:
        (self.library, _, by_pixels), self.images = load_library(), shown_images(images)
        last = len(self.images) - 1
        query = min(last, check_whole("query", query, minimum=0, maximum=max(last, 12)))
        k = check_whole("k", k)
        if k not in SIZES:
            raise ValueError(f"k must be one of {', '.join(map(str, SIZES))}; got {k!r}")
        if model is None:
            self.networks = {size: (shared_weights(DENSE[size]), *load_index(size)) for size in SIZES}
        else:
            model = for_display(model)
            if (k := model.latent_dim) > MOST:
                raise ValueError(f"model must have at most {MOST} numbers in its code to search by; got {k}")
            self.networks = {k: (model, *index_of(model))}
        super().__init__(query=query, k=k, ink=b"")
        self.later |= self.images.in_parts() | {"library": _packed_library}
        for size, (network, index, _) in self.networks.items():
            name = f"network-{size}"
            own = functools.partial(self.packed, name, network)
            self.later[name] = functools.partial(pack_shipped, DENSE[size]) if model is None else own
            self.later[f"index-{size}"] = functools.partial(_packed_index, index)
        self.assets = {f"network-{k}": self.later[f"network-{k}"]()}
        self.setup = {
            "images": self.images.in_words(), "sizes": list(self.networks), "asked": QUERIES,
            "by": "" if model is None else name_of(model),
            "labels": "".join(map(str, self.images.y.tolist())) if self.images.are_digits else "",
            "library": "".join(map(str, self.library.y.tolist())),
            "precision": {
                str(size): {"pixels": by_pixels} | means for size, (_, _, means) in self.networks.items()
            },
        }  # fmt: skip
        self.resume()

    @traitlets.validate("query", "k")
    def _among(self, proposal) -> int:
        return check_setting(
            proposal, tuple(self.networks) if proposal["trait"].name == "k" else range(len(self.images))
        )

    def _search(self, query: int, k: int, ink: bytes) -> list[tuple[str, str, torch.Tensor, torch.Tensor]]:
        """By pixels, numbers and bits: (name, size, what it sees (1, 784), places found (10,))."""
        model, index, _ = self.networks[k]
        x = as_digit(ink) if any(ink) else self.images.x[query][None]
        z = model.encode(x)  # (1, k)
        seen = model.decode(torch.cat([z, index.from_bits(z)]))
        found = index.search(z, n=FOUND)
        return [
            ("pixels", _many(PIXELS, "byte"), x, nearest(self.library.x, x.double(), n=FOUND)[0]),
            (_many(k, "number"), _many(4 * k, "byte"), seen[:1], found["numbers"][0]),
            (_many(k, "bit"), _many(-(-k // 8), "byte"), seen[1:], found["bits"][0]),
        ]

    def _label(self, query: int, ink: bytes) -> int | None:
        """The image's label; a drawing, or a picture that is no digit, has none."""
        return int(self.images.y[query]) if self.images.are_digits and not any(ink) else None

    def rows(self, query: int, k: int, ink: bytes) -> dict[str, torch.Tensor]:
        """Return for each search what it sees of the query, then the ten it finds, wrong ones inverted."""
        label, rows = self._label(query, ink), {}
        for name, size, seen, found in self._search(query, k, ink):
            x, y = self.library.x[found], self.library.y[found]
            wrong = torch.zeros_like(y, dtype=torch.bool) if label is None else y != label
            rows[f"{name}: {size}"] = torch.cat([seen, torch.where(wrong[:, None], 1 - x, x)])
        return rows

    def numbers(self, query: int, k: int, ink: bytes) -> dict[str, float]:
        """Return how many of the ten have the query's label, here and on average; without a label the labels found."""
        label, found = self._label(query, ink), {}
        means = (self.setup["precision"][str(k)][name] for name in ("pixels", "numbers", "bits"))
        for (name, _, _, places), mean in zip(self._search(query, k, ink), means, strict=True):
            labels = self.library.y[places].tolist()
            if label is None:
                found |= {f"{name}, {i + 1}": float(y) for i, y in enumerate(labels)}
            else:
                found |= {name: float(labels.count(label)), f"{name}, mean": FOUND * mean}
        return found

    def draw_static(self, figure: Figure) -> None:
        """Draw the three rows."""
        asked = "a drawing" if any(self.ink) else as_written(self.images.called(self.query))
        title = f"Asked for {asked}: what each search sees of it, and the ten it finds; wrong labels inverted"
        plot_reconstructions(self.rows(**self.settings()), ax=figure.subplots(), title=title)


@functools.cache
def _packed_library() -> bytes:
    """The pictures that are searched, and their pixels by how much they vary."""
    x = load_library()[0].x
    return pack({"x": pack_images(x), "order": x.var(0).argsort(descending=True).int()})


def _packed_index(index: CodeIndex) -> bytes:
    """The codes, in bytes if they were rounded so; rows end in zeros, as search.js reads four numbers at a time."""
    whole, step = in_bytes(index.z) or (index.z, None)
    codes = {"codes": F.pad(whole, (0, -whole.shape[1] % 4))} | ({} if step is None else {"codes" + SCALE: step})
    return pack(codes | {"thresholds": index.thresholds, "low": index.low, "high": index.high})


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" + "s" * (count > 1)
