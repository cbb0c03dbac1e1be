"""A set of images with their labels, held in memory as plain tensors."""

from __future__ import annotations

import math
import operator
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from aecourse.checks import check_whole, is_bool, scaling_hint
from aecourse.device import check_device, check_seed, not_dense

SIDE = 28
PIXELS = SIDE * SIDE
MOST = 1_000_000  # classes
IMAGES = f"x must be a float32 tensor of shape (n, {PIXELS}) with pixels in [0, 1]"
LABELS = "y must be an int64 tensor of shape (n,) with a label from 0 for each image"


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images and their labels, all of them on one device.

    Attributes
    ----------
    x : float32 tensor (n, 784)
        Pixels in [0, 1], row by row.
    y : int64 tensor (n,)
        The class of each image, from 0; used only in evaluation.
    names : tuple of str
        What the classes are called, in the order of their labels; () if the labels themselves are the names.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described; the error says what came. `load_pictures` makes an ImageSet from other data.
    """

    x: torch.Tensor
    y: torch.Tensor
    names: tuple[str, ...] = field(default=(), kw_only=True)
    _initial_versions: tuple[int, int] = field(init=False, repr=False)  # torch counts changes in place

    def __post_init__(self) -> None:
        _check_images(self.x)
        _check_labels(self.y, self.x)
        if len(self.x):
            check_range(IMAGES, self.x)
        if len(self.y) and not 0 <= self.y.min() <= self.y.max() < MOST:
            raise ValueError(f"{LABELS}, below {MOST:,}; got {self.y.min()} to {self.y.max()}")
        object.__setattr__(self, "names", _as_names(self.names, self.y))
        object.__setattr__(self, "_initial_versions", self._versions())

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index) -> ImageSet:
        """Return a part of the set: one position, a slice, a list of positions or a boolean mask."""
        if isinstance(index, slice) and (index.step or 1) < 0:  # torch knows no such slices
            index = range(*index.indices(len(self)))
        index = index if isinstance(index, slice) else self._places(index)
        return self._with(self.x[index], self.y[index])

    def _places(self, index) -> torch.Tensor:
        """Return positions or a mask, checked: on a GPU a wrong position would make CUDA unusable."""
        if hasattr(index, "__index__") and np.ndim(index) == 0 and not is_bool(index):
            index = [operator.index(index)]  # one image is still a set of images
        if isinstance(index, np.ndarray):  # torch takes no reversed, read-only or foreign ones
            index = index.astype(index.dtype.newbyteorder("="), order="C")
        try:
            places = torch.as_tensor(list(index) if isinstance(index, range) else index, device=self.x.device)
        except (TypeError, ValueError, RuntimeError):
            places = torch.tensor(0.5)
        if places.ndim == 1 and len(places) == 0:
            places = places.long()
        numbers = places.layout == torch.strided and not (places.is_floating_point() or places.is_complex())
        if places.ndim != 1 or not numbers or isinstance(index, tuple):
            wanted = "a position, a slice, a list of positions or a mask of True and False for each image"
            raise TypeError(f"the index of an ImageSet must be {wanted}; got {index!r}")
        mask, count = places.dtype == torch.bool, len(self)
        places = places if mask else places.long()
        if mask and len(places) != count:
            raise IndexError(f"the index of an ImageSet, a mask, must have {count} elements; got {len(places)}")
        if not mask and len(places) and not (-count <= places.min() and places.max() < count):
            came = f"from {places.min()} to {places.max()}" if len(places) > 1 else places.item()
            raise IndexError(f"the index of {count} images must be from {-count} to {count - 1}; got {came}")
        return places

    def _with(self, x: torch.Tensor, y: torch.Tensor) -> ImageSet:
        """Return a set of these images and labels, which are part of this set and need no check."""
        part = object.__new__(ImageSet)
        for name, value in {"x": x, "y": y, "names": self.names}.items():
            object.__setattr__(part, name, value)
        object.__setattr__(part, "_initial_versions", part._versions())
        return part

    @property
    def untouched(self) -> bool:
        """Whether the tensors are unchanged since the set was made."""
        return self._versions() == self._initial_versions

    def _versions(self) -> tuple[int, int]:
        counted = (isinstance(t, torch.Tensor) and not t.is_inference() for t in (self.x, self.y))
        return tuple(t._version if counts else 0 for t, counts in zip((self.x, self.y), counted, strict=True))

    def to(self, device: torch.device | str) -> ImageSet:
        """Return the same set on another device."""
        device = check_device(device)
        return self._with(self.x.to(device), self.y.to(device))

    def split(self, count: int, *, seed: int = 0) -> tuple[ImageSet, ImageSet]:
        """Set `count` random images aside; return (the rest, the images set aside).

        Every choice (k, learning rate, when to stop) is made on the images set aside; the test set is used once, at
        the end. While the two sets are in use, the same split returns these sets again, not new copies. Change only a
        copy of their tensors (`x.clone()`).
        """
        count = check_whole("count", count, maximum=len(self) - 1)
        seed = check_seed(seed)
        shared = tuple(part() for part in _SPLITS.get(self, {}).get((count, seed), ()))
        if shared and self.untouched and all(part is not None and part.untouched for part in shared):
            return shared
        order = torch.randperm(len(self), generator=torch.Generator().manual_seed(seed)).to(self.x.device)
        with torch.inference_mode(False):  # even if an explorer calls this: a learner may train on them
            parts = self[order[count:]], self[order[:count]]
        _SPLITS.setdefault(self, {})[count, seed] = tuple(map(weakref.ref, parts))
        return parts

    def one_of_each(self, nth: int = 1) -> torch.Tensor:
        """Return the `nth` image of every class in label order, counted from 0; (10, 784), or (len(names), 784).

        The default skips MNIST's very first test digits, whose 3 and 5 are hard to read even for people.
        """
        positions = self._by_digit()
        fewest = min(len(p) for p in positions)
        if fewest == 0:
            raise ValueError(f"this set lacks a class: one_of_each needs all labels from 0 to {len(positions) - 1}")
        nth = check_whole("nth", nth, minimum=0, maximum=fewest - 1)
        return self.x[torch.stack([p[nth] for p in positions])]

    def _by_digit(self) -> list[torch.Tensor]:
        """The positions of the images with each label: from 0 to 9, or one for each name."""
        return [(self.y == label).nonzero().flatten() for label in range(len(self.names) or 10)]


_SPLITS: weakref.WeakKeyDictionary[ImageSet, dict[tuple[int, int], tuple[weakref.ref, ...]]] = (
    weakref.WeakKeyDictionary()
)  # {set: {(count, seed): the two parts}}, as long as they are in use


def _check_images(x: torch.Tensor) -> None:
    """Raise an error unless x is a dense float32 tensor (n, 784); its values are not checked."""
    if not isinstance(x, torch.Tensor) or x.dtype != torch.float32:
        what = str(x.dtype) if isinstance(x, torch.Tensor) else type(x).__name__
        raise TypeError(f"{IMAGES}; got {what}. load_pictures(x) turns bytes, arrays and files into such a set")
    if got := not_dense(x):
        raise TypeError(f"{IMAGES}, dense and with numbers; got {got}")
    if x.ndim != 2 or x.shape[1] != PIXELS:
        raise ValueError(f"{IMAGES}; got shape {tuple(x.shape)}. load_pictures(x) makes other pictures 28 × 28")


def check_range(accepted: str, x: torch.Tensor) -> None:
    """Raise an error that begins with `accepted` unless all numbers of x (at least one) are in [0, 1].

    This waits for the GPU, so training steps must not call it.
    """
    low, high = (end.item() for end in x.aminmax())  # NaN if any number is NaN
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError(f"{accepted}; got {'NaN' if math.isnan(low) else 'infinity'} among them")
    if low < 0 or high > 1:
        raise ValueError(f"{accepted}; got {low:.4g} to {high:.4g}: {scaling_hint(low, high)}")


def _check_labels(y: torch.Tensor, x: torch.Tensor) -> None:
    """Raise an error unless y is a dense int64 tensor (n,) on the device of x."""
    if not isinstance(y, torch.Tensor) or y.dtype != torch.int64:
        raise TypeError(f"{LABELS}; got {y.dtype if isinstance(y, torch.Tensor) else type(y).__name__}")
    if x.device != y.device:
        raise ValueError(f"x and y must be on one device; got {x.device} and {y.device}")
    if got := not_dense(y):
        raise TypeError(f"{LABELS}, dense; got {got}")
    if y.ndim != 1:
        raise ValueError(f"{LABELS}; got shape {tuple(y.shape)}")
    if len(x) != len(y):
        raise ValueError(f"x and y must be equally long; got {len(x)} images and {len(y)} labels")


def _as_names(names: Sequence[str], y: torch.Tensor) -> tuple[str, ...]:
    """Return the class names as a tuple; raise an error unless there is one for every label."""
    if isinstance(names, str) or not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
        raise TypeError(f"names must be the classes' names in the order of their labels, or (); got {names!r}")
    if names and len(y) and y.max() >= len(names):
        raise ValueError(f"names must hold a name for every label; got {len(names)} names and the label {y.max()}")
    return tuple(names)
