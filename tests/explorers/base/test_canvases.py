"""The parts that ipywidgets lacks: a canvas to draw on, and a picture to point at."""

import numpy as np
import pytest
import traitlets
from hypothesis import given, strategies as st

from aecourse.explorers.base.canvases import InkCanvas, PointPicker, ink_as_array


@given(length=st.integers(0, 8_000).filter(lambda n: n not in (0, 84**2)))
def test_canvas_takes_whole_drawings_only(length):
    """84 × 84 bytes or none; else the old drawing stays."""
    canvas = InkCanvas()
    canvas.value = b"\x01" * 84**2
    with pytest.raises(traitlets.TraitError, match="84² bytes of ink"):
        canvas.value = bytes(length)
    assert canvas.value == b"\x01" * 84**2


def test_ink_reads_row_by_row(strokes):
    """The bytes of the canvas are the drawing, and a browser's buffer will do."""
    canvas = InkCanvas()
    canvas.value = memoryview(strokes.tobytes()).tobytes()
    assert np.array_equal(ink_as_array(canvas.value), strokes)


@pytest.mark.parametrize("value", [[0.5], [0.1, 0.2, 0.3], "ab", [None, 0.5]])
def test_a_point_has_two_shares(value):
    """Right and down, nothing else."""
    pad = PointPicker()
    with pytest.raises(traitlets.TraitError):
        pad.value = value
    assert pad.value == [0.5, 0.5]


@pytest.mark.parametrize("widget", [InkCanvas, PointPicker])
def test_browser_parts_ship_with_the_package(widget):
    """Each canvas comes with its own script, which exports what anywidget calls, and a name for screen readers."""
    script = str(widget._esm)
    assert "export default { render }" in script
    assert "aria-label" in script
    assert "keydown" in script
