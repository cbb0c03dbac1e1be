"""Pictures of one's own, by a button: what was uploaded becomes an ImageSet that every explorer takes as `images=`."""

from __future__ import annotations

import html
import io

import ipywidgets as widgets
import numpy as np

from aecourse.checks import check_flag, check_whole
from aecourse.data import ImageSet
from aecourse.data.folder import as_image_set, read_pictures
from aecourse.explorers.base.lifetime import close_whole, replaces_earlier_run
from aecourse.explorers.base.view import Accessibility, Picture
from aecourse.plotting import mosaic

SHOWN, ACROSS = 60, 20  # pictures in the grid, and in a row of it


class PictureUpload(widgets.VBox):
    """A button that takes picture files, all at once, and shows how the course reads them; 28 × 28 grays.

    Parameters
    ----------
    minimum : int, how many pictures there must be
    invert : bool, whether the box "ink on paper", which exchanges black and white, is ticked at first

    Attributes
    ----------
    images : ImageSet, all labels 0; a ValueError while there are fewer than `minimum`
    """

    def __init__(self, minimum: int = 10, *, invert: bool = False) -> None:
        self.minimum, invert = check_whole("minimum", minimum), check_flag("invert", invert)
        super().__init__()
        memory = replaces_earlier_run(self) or {"pictures": [], "invert": invert}
        self.add_class("aecourse")
        self.pictures: list[np.ndarray] = memory["pictures"]  # (28, 28) bytes each
        words = f"choose pictures, {minimum} or more"
        self.files = widgets.FileUpload(accept="image/*", multiple=True, description=words, layout={"width": "auto"})
        self.invert = widgets.Checkbox(memory["invert"], description="dark ink on light paper", indent=False)
        self.words, self.picture = widgets.HTML(), Picture()
        top = widgets.HBox([self.files, self.invert], layout={"flex_flow": "row wrap", "grid_gap": "4px 16px"})
        self.children = [Accessibility(), top, self.words, self.picture]
        self._taken = ()
        self.files.observe(self._read, "value")
        self.invert.observe(lambda change: self._show(), "value")
        self._show()

    @property
    def images(self) -> ImageSet:
        """The pictures in the order in which they came."""
        if len(self.pictures) < self.minimum:
            raise ValueError(f"images: choose at least {self.minimum} with the button; there are {len(self.pictures)}")
        return as_image_set(self.pictures, [""] * len(self.pictures), invert=self.invert.value)

    def memory(self) -> dict:
        """What goes on when the cell runs again."""
        return {"pictures": self.pictures, "invert": self.invert.value}

    def close(self) -> None:
        """Take it off the page; running its cell again does so too."""
        close_whole(self)

    def _read(self, change) -> None:
        if change.new and change.new != self._taken:
            read, unread = read_pictures((file.name, io.BytesIO(file.content)) for file in change.new)
            self.pictures = [picture for _, picture in read] or self.pictures
            self._show(unread)
            self._taken = tuple(type(file)(file, content=memoryview(b"")) for file in change.new)
            self.files.value = self._taken  # else the notebook would be saved with all files in it

    def _show(self, unread: list[str] | None = None) -> None:
        """How many there are, how many are missing, which files are no pictures; and the first as they were read."""
        count, broken = len(self.pictures), ", ".join(unread or [])
        words = f"{count} picture{'s' * (count != 1)} of 28 × 28 grays." if count else ""
        words += f" At least {self.minimum} are needed." if count < self.minimum else ""
        words += f" Left out, no picture can be read from it: {broken}." if broken else ""
        self.words.value = f'<span class="aecourse-caption">{html.escape(words.strip())}</span>'
        if count:
            grays = np.stack(self.pictures[:SHOWN])
            rows = np.split(255 - grays if self.invert.value else grays, range(ACROSS, len(grays), ACROSS))
            self.picture.show(mosaic(rows), alt=words, rows=[f"the first {SHOWN}"] if count > SHOWN else [])

    def _repr_mimebundle_(self, **kwargs) -> dict:
        return super()._repr_mimebundle_(**kwargs) | {"text/plain": "PictureUpload: run this cell to use it"}
