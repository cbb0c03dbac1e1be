"""Pictures of one's own, by a button: what was uploaded becomes an ImageSet that every explorer takes as `images=`."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import torch
import traitlets

from aecourse.bundle import bundle
from aecourse.checks import check_flag, check_whole
from aecourse.data import ImageSet
from aecourse.data.folder import as_image_set, read_pictures
from aecourse.explorers.base.network import pack
from aecourse.explorers.base.page import Explorer

SHOWN = 60  # pictures in the grid


class PictureUpload(Explorer):
    """A button that takes picture files, all at once, and shows how the course reads them; 28 × 28 grays.

    Parameters
    ----------
    minimum : int, how many pictures there must be
    invert : bool, whether the box "ink on paper", which exchanges black and white, is ticked at first

    Attributes
    ----------
    invert : the box
    images : ImageSet, all labels 0; a ValueError while there are fewer than `minimum`
    """

    _esm = bundle(Path(__file__).with_suffix(".js"))
    invert = traitlets.Bool(False).tag(sync=True)

    def __init__(self, minimum: int = 10, *, invert: bool = False) -> None:
        self.minimum, invert = check_whole("minimum", minimum), check_flag("invert", invert)
        self.pictures: list[np.ndarray] = []  # (28, 28) bytes each
        super().__init__(invert=invert)
        self._show([])
        self.on_msg(lambda _, message, buffers: "files" in message and self.take(message["files"], buffers))
        self.resume()

    @property
    def images(self) -> ImageSet:
        """The pictures in the order in which they came."""
        if len(self.pictures) < self.minimum:
            raise ValueError(f"images: choose at least {self.minimum} with the button; there are {len(self.pictures)}")
        return as_image_set(self.pictures, [""] * len(self.pictures), invert=self.invert)

    def take(self, names: list[str], contents: list[bytes]) -> None:
        """Read files; those that are no pictures are named, and if none is one, the pictures before stay."""
        read, unread = read_pictures(zip(names, map(io.BytesIO, contents), strict=True))
        self.pictures = [picture for _, picture in read] or self.pictures
        self._show(unread)

    def memory(self) -> dict:
        """Return what goes on when the cell runs again."""
        return super().memory() | {"pictures": self.pictures}

    def remember(self, memory: dict) -> None:
        """Go on with the pictures of an earlier run of the cell."""
        self.pictures = memory["pictures"]
        super().remember(memory)
        self._show([])

    def _show(self, unread: list[str]) -> None:
        shown = np.stack(self.pictures[:SHOWN]).reshape(-1, 784) if self.pictures else np.zeros((0, 784), np.uint8)
        self.assets = {"pictures": pack({"images": torch.from_numpy(shown)})}
        self.setup = {"minimum": self.minimum, "count": len(self.pictures), "unread": unread, "shown": SHOWN}

    def _repr_mimebundle_(self, **kwargs) -> tuple[dict, dict]:
        data, metadata = super(Explorer, self)._repr_mimebundle_(**kwargs)  # without a still
        return data | {"text/plain": "PictureUpload: run this cell to use it"}, metadata
