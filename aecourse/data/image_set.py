"""A set of images with their labels, held in memory as plain tensors."""

from __future__ import annotations

import operator
import weakref
from dataclasses import dataclass, field

import numpy as np
import torch

from aecourse.checks import check_whole
from aecourse.device import check_seed

SIDE = 28
PIXELS = SIDE * SIDE


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images and their labels, all of them on one device.

    Attributes
    ----------
    x : float32 tensor (n, 784)
        Pixels in [0, 1], row by row.
    y : int64 tensor (n,)
        The class of each image, used only in evaluation.
    """

    x: torch.Tensor
    y: torch.Tensor
    _initial_versions: tuple[int, int] = field(init=False, repr=False)  # torch counts changes in place

    def __post_init__(self) -> None:
        object.__setattr__(self, "_initial_versions", self._versions())
        if len(self.x) != len(self.y):
            raise ValueError(f"x and y must be equally long; got {len(self.x)} images and {len(self.y)} labels")

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index) -> ImageSet:
        """Return a part of the set: one position, a slice, a list of positions or a boolean mask."""
        if hasattr(index, "__index__") and np.ndim(index) == 0:
            index = [operator.index(index)]  # one image is still a set of images
        return ImageSet(self.x[index], self.y[index])

    @property
    def untouched(self) -> bool:
        """Whether the tensors are unchanged since the set was made."""
        return self._versions() == self._initial_versions

    def _versions(self) -> tuple[int, int]:
        counted = (isinstance(t, torch.Tensor) and not t.is_inference() for t in (self.x, self.y))
        return tuple(t._version if counts else 0 for t, counts in zip((self.x, self.y), counted, strict=True))

    def to(self, device: torch.device | str) -> ImageSet:
        """Return the same set on another device."""
        return ImageSet(self.x.to(device), self.y.to(device))

    def split(self, count: int, *, seed: int = 0) -> tuple[ImageSet, ImageSet]:
        """Set `count` random images aside; return (the rest, the images set aside).

        Every choice (k, learning rate, when to stop) is made on the images set aside; the test set is used once, at
        the end. The same split gives the same two sets, not another copy, as long as they are in use: change a copy of
        their tensors (`x.clone()`), not the tensors.
        """
        count = check_whole("count", count, maximum=len(self) - 1)
        seed = check_seed(seed)
        shared = tuple(part() for part in _SPLITS.get(self, {}).get((count, seed), ()))
        if shared and self.untouched and all(part is not None and part.untouched for part in shared):
            return shared
        order = torch.randperm(len(self), generator=torch.Generator().manual_seed(seed)).to(self.x.device)
        with torch.inference_mode(False):  # also in an explorer: a learner may train on them
            parts = self[order[count:]], self[order[:count]]
        _SPLITS.setdefault(self, {})[count, seed] = tuple(map(weakref.ref, parts))
        return parts

    def one_of_each(self, nth: int = 1) -> torch.Tensor:
        """Return the `nth` image of every class in label order, counted from 0; (10, 784).

        The default skips MNIST's very first test digits, whose 3 and 5 are hard to read even for people.
        """
        positions = self._by_digit()
        fewest = min(len(p) for p in positions)
        if fewest == 0:
            raise ValueError("this set lacks a class: one_of_each needs all labels from 0 to 9")
        nth = check_whole("nth", nth, minimum=0, maximum=fewest - 1)
        return self.x[torch.stack([p[nth] for p in positions])]

    def _by_digit(self) -> list[torch.Tensor]:
        """The positions of the images with each label from 0 to 9."""
        return [(self.y == label).nonzero().flatten() for label in range(10)]


_SPLITS: weakref.WeakKeyDictionary[ImageSet, dict[tuple[int, int], tuple[weakref.ref, ...]]] = (
    weakref.WeakKeyDictionary()
)  # {set: {(count, seed): the two parts}}, as long as they are in use
