"""The parts ipywidgets lacks: a canvas to draw on, one that unfolds, and a picture to point at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import anywidget
import ipywidgets as widgets
import numpy as np
import traitlets

HERE = Path(__file__).parent


class InkCanvas(anywidget.AnyWidget):
    """A black square to draw on in white, with mouse, pen, finger or keys.

    Attributes
    ----------
    value : bytes, side × side gray values, row by row; empty before the first stroke
    backdrop : a picture as a data URI, shown dimmed under the ink, which then looks orange; no part of the value
    """

    _esm = HERE / "ink_canvas.js"
    side = traitlets.Int(84).tag(sync=True)  # three times MNIST's 28, enough for a smooth reduction
    value = traitlets.CBytes(b"").tag(sync=True)  # the browser sends a memoryview
    backdrop = traitlets.Unicode("").tag(sync=True)

    @traitlets.validate("value")
    def _right_size(self, proposal) -> bytes:
        ink = bytes(proposal["value"])
        if len(ink) not in (0, self.side**2):
            raise traitlets.TraitError(f"value must hold {self.side}² bytes of ink, or none; got {len(ink)}")
        return ink

    def clear(self) -> None:
        """Wipe the canvas."""
        self.value = b""
        self.send("clear")


class FoldedCanvas(widgets.VBox):
    """An `InkCanvas` that a button unfolds, with a button that wipes it.

    Parameters
    ----------
    ink : the canvas
    unfold, wipe : what the two buttons say
    above : controls that stand over the canvas

    Attributes
    ----------
    button : unfolds and folds; it goes wherever the explorer's other buttons are
    """

    def __init__(
        self,
        ink: InkCanvas,
        unfold: str = "draw your own",
        *,
        wipe: str = "clear the drawing",
        above: Sequence[widgets.Widget] = (),
    ) -> None:
        super().__init__([*above, ink, wipe_button(ink, wipe)], layout={"display": "none", "align_items": "center"})
        self.button = widgets.ToggleButton(value=False, description=unfold, icon="pencil", layout={"width": "auto"})
        self.button.observe(lambda change: self._fold(not change.new), "value")

    def _fold(self, closed: bool) -> None:
        self.layout.display = "none" if closed else "flex"


def wipe_button(ink: InkCanvas, words: str = "clear the drawing") -> widgets.Button:
    """A button that wipes a canvas."""
    button = widgets.Button(description=words)
    button.on_click(lambda _: ink.clear())
    return button


class PointPicker(anywidget.AnyWidget):
    """A picture on which to choose a point by hovering, dragging, clicking or the arrow keys.

    Where the point follows the mouse, a click pins it; a second click, or Escape, sets it free again.

    Attributes
    ----------
    background : bytes of a PNG file
    value : (right, down), shares of the picture's width and height in [0, 1]
    label : what it is, in words
    hover : whether the point follows the mouse; otherwise it takes a click
    pinned : whether a click holds the point, so that it does not follow
    marked : whether a ring is drawn around the point
    steps : how far an arrow key moves, to the right and down
    """

    _esm = HERE / "point_picker.js"
    background = traitlets.Bytes(b"").tag(sync=True)
    value = traitlets.List(traitlets.Float(), [0.5, 0.5], minlen=2, maxlen=2).tag(sync=True)
    label = traitlets.Unicode("Point at the picture").tag(sync=True)
    hover = traitlets.Bool(True).tag(sync=True)
    pinned = traitlets.Bool(False).tag(sync=True)
    marked = traitlets.Bool(True).tag(sync=True)
    steps = traitlets.List(traitlets.Float(), [1 / 60, 1 / 60], minlen=2, maxlen=2).tag(sync=True)


def ink_as_array(ink: bytes) -> np.ndarray:
    """The bytes of an `InkCanvas` as (side, side) uint8."""
    side = round(len(ink) ** 0.5)
    return np.frombuffer(ink, np.uint8).reshape(side, side)
