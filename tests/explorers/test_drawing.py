"""The drawing pad: what MNIST would have stored, what comes back, and how wrong it is."""

import re

import numpy as np
import pytest
import torch
import traitlets
from helpers.strategies import caption_in, junk, numpy_of, picture_in, refuses
from hypothesis import given, strategies as st

from aecourse.data import normalise_digit
from aecourse.explorers import DrawingPad
from aecourse.explorers.base.canvases import InkCanvas, PointPicker, ink_as_array
from aecourse.models import ConvAutoencoder, DenseAutoencoder
from aecourse.zoo.weights import load_weights


@pytest.fixture
def pad() -> DrawingPad:
    """The shipped network behind an empty canvas."""
    return DrawingPad()


def tiles(pad) -> list[np.ndarray]:
    """As stored, restored, error."""
    picture = picture_in(pad)
    assert picture.shape == (28, 88)
    return [picture[:, left : left + 28] for left in (0, 30, 60)]


def test_before_the_first_stroke(pad):
    """Three black squares and an invitation."""
    assert not any(tile.any() for tile in tiles(pad))
    assert caption_in(pad)[1].startswith("Draw a digit")
    assert not pad.image().any()


@pytest.mark.parametrize("k", [1, 16, 64])
def test_a_drawing_passes_through_the_bottleneck(pad, strokes, k):
    """Stored as MNIST would, restored from k numbers, with the error and its mean square."""
    pad.ink.value = strokes.tobytes()
    pad.k.value = k
    model, stored = load_weights("nested"), normalise_digit(strokes)
    with torch.inference_mode():
        z = model.encode(torch.from_numpy(stored)[None])
        z[:, k:] = 0
        restored = numpy_of(model.decode(z))[0]
    error = np.abs(stored - restored)
    for tile, expected in zip(tiles(pad), (stored, restored, error), strict=True):
        np.testing.assert_allclose(tile, 255 * expected.reshape(28, 28), atol=0.51)
    numbers, mse = re.search(r"→ (\d+) numbers → .* MSE ([\d.]+)\.$", caption_in(pad)[1]).groups()
    assert int(numbers) == k
    assert float(mse) == pytest.approx((error**2).mean(), abs=6e-5)
    assert torch.equal(pad.image(), torch.from_numpy(stored)[None])


def test_clearing(pad, strokes):
    """Wiped or painted black, the pad invites again."""
    for wipe in (pad.ink.clear, lambda: setattr(pad.ink, "value", bytes(84**2))):
        pad.ink.value = strokes.tobytes()
        assert tiles(pad)[0].any()
        wipe()
        assert not any(tile.any() for tile in tiles(pad))
        assert caption_in(pad)[1].startswith("Draw a digit")


@pytest.mark.parametrize("model", [DenseAutoencoder(5, hidden=(8,)), ConvAutoencoder(5)], ids=["dense", "conv"])
def test_another_model_keeps_its_size(model, strokes):
    """No slider for what cannot be changed."""
    pad = DrawingPad(model.eval())
    assert pad.k.value == 5
    assert pad.k.disabled
    pad.ink.value = strokes.tobytes()
    expected = numpy_of(model(pad.image())).reshape(28, 28)
    np.testing.assert_allclose(tiles(pad)[1], 255 * expected, atol=0.51)


@given(model=junk.filter(lambda model: model is not None))
def test_bad_model(model):
    """Only an Autoencoder."""
    refuses("model", DrawingPad, model)


def test_stored_picture_shows_a_digit_where_nothing_is_drawn(pad, strokes):
    """A reader without a kernel sees what the pad does, and the drawing once there is one."""
    empty = pad.static_png()
    pad.ink.value = strokes.tobytes()
    assert pad.static_png() != empty


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
