"""A button to upload your own pictures; they become an ImageSet that every explorer takes as `images=`."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
import traitlets

from aecourse.bundle import bundle
from aecourse.checks import check_flag, check_whole
from aecourse.data import ImageSet
from aecourse.data.picture_files import PictureFiles, read_pictures
from aecourse.data.pictures import summary
from aecourse.explorers.base.network import pack
from aecourse.explorers.base.page import Explorer

SHOWN = 60  # pictures in the grid


class PictureUpload(Explorer):
    """A button that takes picture files, all at once, and shows how the course reads them; 28 × 28 grays.

    Parameters
    ----------
    minimum : int, how many pictures there must be
    as_digits : bool, whether the box "photographed digits" is ticked at first

    Attributes
    ----------
    as_digits : the box; see `load_pictures`
    images : ImageSet, all labels 0; a ValueError while there are fewer than `minimum`
    """

    _esm = bundle(Path(__file__).with_suffix(".js"))
    as_digits = traitlets.Bool(False).tag(sync=True)

    def __init__(self, minimum: int = 10, *, as_digits: bool = False) -> None:
        self.minimum, as_digits = check_whole("minimum", minimum), check_flag("as_digits", as_digits)
        self.ways = {way: PictureFiles() for way in (False, True)}  # as pictures and as digits, for the box
        super().__init__(as_digits=as_digits)
        self._show()
        self.observe(lambda _: self._show(), "as_digits")
        self.resume()

    @property
    def images(self) -> ImageSet:
        """The pictures in the order in which they came."""
        if len(self.pictures) < self.minimum:
            raise ValueError(f"images: choose at least {self.minimum} with the button; there are {len(self.pictures)}")
        return _as_set(self.pictures)

    @property
    def pictures(self) -> list[np.ndarray]:
        """Of (28, 28) bytes each, as the box says."""
        return [picture for _, picture in self.ways[self.as_digits].pictures]

    def take(self, names: list[str], contents: list[bytes]) -> None:
        """Read files; name those that are not pictures. If none is a picture, the earlier pictures stay."""
        named = isinstance(names, list) and all(isinstance(name, str) for name in names)
        if not named or len(names) != len(contents):
            raise ValueError(f"names must name the {len(contents)} files that come with them; got {names!r}")
        files = list(zip(names, contents, strict=True))
        ways = {
            way: read_pictures(((name, io.BytesIO(raw)) for name, raw in files), as_digits=way) for way in (False, True)
        }
        if ways[False].pictures or not self.pictures:
            self.ways = ways
            self._show()
        else:
            self._show(" · ".join(ways[False].in_words()))

    def _hear(self, message: Mapping, buffers: Sequence[bytes] = ()) -> None:
        super()._hear(message, buffers)
        if "files" in message:
            self.take(message["files"], buffers)

    def memory(self) -> dict:
        """Return what goes on when the cell runs again."""
        return super().memory() | {"ways": self.ways}

    def remember(self, memory: dict) -> None:
        """Restore the pictures of an earlier run of the cell."""
        self.ways = memory["ways"]
        super().remember(memory)
        self._show()

    def _show(self, said: str = "") -> None:
        """Give the pictures to the page, with a line about them, after what was `said` of others."""
        pictures, words = self.pictures, self.ways[self.as_digits].in_words()
        shown = np.stack(pictures[:SHOWN]).reshape(-1, 784) if pictures else np.zeros((0, 784), np.uint8)
        self.assets = {"pictures": pack({"images": torch.from_numpy(shown)})}
        line = summary(_as_set(pictures), words) if pictures else " · ".join(words)
        said = " · ".join(filter(None, (said, line)))
        self.setup = {"minimum": self.minimum, "count": len(pictures), "said": said, "shown": SHOWN}

    def _repr_mimebundle_(self, **kwargs) -> tuple[dict, dict]:
        data, metadata = super(Explorer, self)._repr_mimebundle_(**kwargs)  # without a still
        return data | {"text/plain": "PictureUpload: run this cell to use it"}, metadata


def _as_set(pictures: list[np.ndarray]) -> ImageSet:
    x = torch.from_numpy(np.stack(pictures)).view(-1, 784).float() / 255
    return ImageSet(x, torch.zeros(len(x), dtype=torch.int64))
