"""The images that an explorer shows: the test digits, or a learner's own (`images=`)."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch

from aecourse.data import PIXELS, ImageSet, load_mnist
from aecourse.data.image_set import check_range
from aecourse.explorers.base.network import pack, pack_images
from aecourse.models.base import check_rows

NEAR = 20  # sets of ten that come with an explorer
PART = 500  # pictures that the page gets at once when it asks for one by its number, as in base/images.js


@dataclass(frozen=True, eq=False)
class ShownImages(ImageSet):
    """Images on the CPU, in sets of ten.

    Attributes
    ----------
    name : what one of them is called, "test digit" or "picture"
    """

    name: str = "picture"

    @functools.cached_property
    def places(self) -> torch.Tensor:
        """Which images each set holds: one of each label if they are digits, else the next ten; (sets, ≤ 10)."""
        if self.are_digits:
            positions = self._by_digit()
            return torch.stack([p[: min(map(len, positions))] for p in positions], 1)
        starts = torch.arange(0, len(self), 10).clamp(max=max(0, len(self) - 10))
        return starts[:, None] + torch.arange(self.per_set)

    @property
    def sets(self) -> int:
        """How many sets of ten there are."""
        return len(self.places)

    @property
    def first(self) -> int:
        """The set to begin with; MNIST's set 0 is hard to read even for people."""
        return min(1, self.sets - 1) if self.are_digits else 0

    @functools.cached_property
    def are_digits(self) -> bool:
        """Whether every label from 0 to 9 occurs and no other, and none has a name of its own."""
        return self.y.unique().tolist() == list(range(10)) and self.names in ((), tuple("0123456789"))

    @property
    def noun(self) -> str:
        """What one of them shows."""
        return "digit" if self.are_digits else "picture"

    def ten(self, nth: int) -> torch.Tensor:
        """One image of each label if they are digits, else the next ten in order, or all if there are fewer."""
        return self.x[self.places[min(nth, self.sets - 1)]]

    def called(self, place: int) -> str:
        """An image in words: "a 7", or "picture 12" if they are no digits."""
        if self.are_digits:
            return f"a {self.y[place]}"
        return f"{self.name} {place}" + (f", “{self.names[self.y[place]]}”" if self.names else "")

    @property
    def per_set(self) -> int:
        """How many images a set has."""
        return min(10, len(self))

    def near(self) -> bytes:
        """Return the first sets, one below the other, which come with an explorer."""
        return pack({"images": pack_images(self.x[self.places[:NEAR].flatten()])})

    def far(self) -> dict[str, Callable[[], bytes]]:
        """Return {name: makes its bytes} of all sets, for `later`: the page asks for what it shows of them."""
        return {"sets": lambda: pack({"places": self.places.int()})} | self.in_parts()

    def in_parts(self, name: str = "pictures", count: int | None = None) -> dict[str, Callable[[], bytes]]:
        """Return {name: makes its bytes}: images and labels in their order, `PART` at a time, for `later`."""

        def part(here: slice) -> bytes:
            return pack({"x": pack_images(self.x[here]), "y": self.y[here].int()})

        starts = range(0, count or len(self), PART)
        return {f"{name}-{start // PART}": functools.partial(part, slice(start, start + PART)) for start in starts}

    def in_words(self) -> dict[str, object]:
        """Return what the page must know about them."""
        words = {"name": self.name, "noun": self.noun, "own": self.name == "picture"}
        words["names"] = [] if self.are_digits else list(self.names)
        return words | {"sets": self.sets, "per_set": self.per_set, "count": len(self)}


def pack_digits(places: Iterable[int]) -> bytes:
    """Return a few test digits as "images" for the page, with their "places" in the test set."""
    chosen = torch.tensor(sorted(places), dtype=torch.int32)
    return pack({"images": pack_images(shown_images(None).x[chosen.long()]), "places": chosen})


def shown_images(images: ImageSet | torch.Tensor | None) -> ShownImages:
    """Return what an explorer was given as `images`, checked; None means the test digits.

    Raises
    ------
    TypeError, ValueError
        If it is neither an ImageSet nor a float tensor (n, 784), is empty, or holds anything outside [0, 1].
    """
    if images is None:
        return _test_digits()
    if isinstance(images, ShownImages):
        return images
    x = images.x if isinstance(images, ImageSet) else images
    if not isinstance(x, torch.Tensor):
        raise TypeError(f"images must be an ImageSet or a float tensor (n, {PIXELS}); got {type(x).__name__}")
    check_rows("images", x, PIXELS)
    if len(x) == 0:
        raise ValueError("images must hold at least one picture; got none")
    check_range("images must hold pixels in [0, 1]", x)
    if not isinstance(images, ImageSet):
        return ShownImages(x.detach().cpu().float(), torch.zeros(len(x), dtype=torch.int64))
    return ShownImages(x.cpu(), images.y.cpu(), names=images.names)


@functools.cache
def _test_digits() -> ShownImages:
    test = load_mnist()[1]
    return ShownImages(test.x, test.y, "test digit")
