"""The drawing pad: what MNIST would have stored, what comes back, how wrong it is, what single code numbers do."""

import numpy as np
import pytest
import torch
import traitlets
from helpers.strategies import junk, numpy_of, refuses
from hypothesis import given, strategies as st

from aecourse.data import normalise_digit
from aecourse.explorers import DrawingPad
from aecourse.models import PCA, ConvAutoencoder, DenseAutoencoder
from aecourse.zoo.weights import load_weights


@pytest.fixture
def pad() -> DrawingPad:
    """The shipped network behind an empty canvas."""
    return DrawingPad()


def rows_of(pad: DrawingPad) -> dict[str, np.ndarray]:
    """What a pad shows: as stored, restored, error, and where numbers are moved what comes of them; (784,) each."""
    with torch.inference_mode():
        return {name: numpy_of(row)[0] for name, row in pad.rows(**pad.settings()).items()}


def test_before_the_first_stroke(pad):
    """Three black squares, and no number to say."""
    rows = rows_of(pad)
    assert list(rows) == ["stored", "restored", "error"]
    assert not any(row.any() for row in rows.values())
    assert pad.numbers(**pad.settings()) == {}
    assert not pad.image().any()


@pytest.mark.parametrize("k", [1, 16, 64])
def test_a_drawing_passes_through_the_bottleneck(pad, strokes, k):
    """Stored as MNIST would, restored from k numbers, with the error and its mean square."""
    pad.ink = strokes.tobytes()
    pad.k = k
    model, stored = load_weights("nested"), normalise_digit(strokes)
    with torch.inference_mode():
        z = model.encode(torch.from_numpy(stored)[None])
        z[:, k:] = 0
        restored = numpy_of(model.decode(z))[0]
    error = np.abs(stored - restored)
    for row, expected in zip(rows_of(pad).values(), (stored, restored, error), strict=True):
        np.testing.assert_allclose(row, expected, atol=1e-5)
    assert pad.numbers(**pad.settings()) == {"MSE": pytest.approx((error**2).mean(), abs=1e-6)}
    assert torch.equal(pad.image(), torch.from_numpy(stored)[None])


def test_clearing(pad, strokes):
    """Wiped or painted black, the pad is empty again."""
    for empty in (b"", bytes(84**2)):
        pad.ink = strokes.tobytes()
        assert rows_of(pad)["stored"].any()
        pad.ink = empty
        assert not any(row.any() for row in rows_of(pad).values())


@pytest.mark.parametrize("model", [DenseAutoencoder(5, hidden=(8,)), ConvAutoencoder(5)], ids=["dense", "conv"])
def test_another_model_keeps_its_size(model, strokes):
    """No slider for what cannot be changed."""
    pad = DrawingPad(model.eval())
    assert pad.k == 5
    assert not pad.setup["ordered"]
    with pytest.raises(traitlets.TraitError, match="k must be from 5 to 5"):
        pad.k = 4
    pad.ink = strokes.tobytes()
    np.testing.assert_allclose(rows_of(pad)["restored"], numpy_of(model(pad.image()))[0], atol=1e-5)


def test_an_ordered_model_takes_every_size(mnist, strokes):
    """PCA, with a slider that starts at all its components."""
    pad = DrawingPad(PCA.fit(mnist[1].x[:500], 12))
    pad.ink = strokes.tobytes()
    whole = rows_of(pad)["restored"]
    assert pad.k == 12
    pad.k = 3
    assert np.square(rows_of(pad)["error"]).sum() > np.square(whole - rows_of(pad)["stored"]).sum()


@pytest.mark.parametrize("k", [0, 65, -1, 1.5, "8", None])
def test_the_slider_ends(pad, k):
    """From 1 to all numbers of the code."""
    with pytest.raises(traitlets.TraitError):
        pad.k = k
    assert pad.k == 16


@given(model=junk.filter(lambda model: model is not None))
def test_bad_model(model):
    """Only an Autoencoder, and only one of digits."""
    refuses("model", DrawingPad, model)
    refuses("model", DrawingPad, DenseAutoencoder(2, hidden=(3,), in_features=64))


@pytest.mark.parametrize("drawn", [True, False])
def test_single_code_numbers(pad, mnist, strokes, drawn):
    """Each moves by standard deviations over the test digits; those beyond k do not count."""
    pad.ink, pad.k = strokes.tobytes() if drawn else b"", 8
    moves = [0.0] * 16
    moves[2], moves[7], moves[11] = 1.5, -3.0, 2.0
    pad.moves = moves
    model = load_weights("nested")
    with torch.inference_mode():
        spread = numpy_of(model.encode(mnist[1].x)).std(0)
        x = torch.from_numpy(normalise_digit(strokes))[None] if drawn else mnist[1].x[:1]
        z = numpy_of(model.encode(x))
        z[:, 8:] = 0
        z[0, 2] += 1.5 * spread[2]
        z[0, 7] -= 3 * spread[7]
        expected = numpy_of(model.decode(torch.from_numpy(z).float()))[0]
    np.testing.assert_allclose(rows_of(pad)["moved"], expected, atol=1e-5)
    pad.k = 2
    assert "moved" not in rows_of(pad)


@given(moves=st.lists(st.floats(-4, 4), max_size=17).filter(lambda m: len(m) != 16 or max(map(abs, m)) > 3))
def test_bad_moves(moves):
    """Sixteen numbers of at most three standard deviations."""
    pad = DrawingPad(DenseAutoencoder(2, hidden=(3,)))
    with pytest.raises(traitlets.TraitError):
        pad.moves = moves
    assert pad.moves == [0.0] * 16


def test_the_mode_of_a_model_does_not_matter(strokes):
    """A network that is still in training mode is shown as it will be used, and left as it was."""
    model = DenseAutoencoder(4, hidden=(8,), batch_norm=True).train()
    pad = DrawingPad(model)
    pad.ink = strokes.tobytes()
    rows = rows_of(pad)
    assert model.training
    with torch.inference_mode():
        expected = numpy_of(model.eval()(pad.image()))[0]
    np.testing.assert_allclose(rows["restored"], expected, atol=1e-6)


def test_stored_picture_shows_a_digit_where_nothing_is_drawn(pad, strokes):
    """A reader without a kernel sees what the pad does, and the drawing once there is one."""
    empty = pad.static_png()
    pad.ink = strokes.tobytes()
    assert pad.static_png() != empty
