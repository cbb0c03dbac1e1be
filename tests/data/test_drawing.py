"""A drawing becomes what MNIST's makers would have stored."""

import numpy as np
import pytest
from helpers.strategies import refuses
from hypothesis import given, strategies as st
from PIL import Image, ImageDraw
from scipy.ndimage import center_of_mass

from aecourse.data import normalise_digit

points = st.lists(st.tuples(st.integers(8, 76), st.integers(8, 76)), min_size=2, max_size=6)


def box_of(image: np.ndarray) -> tuple[int, int, int, int]:
    """Top, left, height and width of the inked part."""
    rows, columns = np.nonzero(image.any(axis=1))[0], np.nonzero(image.any(axis=0))[0]
    return rows[0], columns[0], rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1


def test_digits_of_mnist_come_back_unchanged(mnist):
    """They were normalised once already: the best oracle there is."""
    images = mnist[1].x[::5].view(-1, 28, 28).numpy()
    whole = images[~images[:, -1].any(axis=1)]  # a few of the makers' digits run over the lower edge; ours never do
    assert len(whole) > 0.98 * len(images)
    for image in whole:
        np.testing.assert_allclose(normalise_digit(image), image.ravel(), atol=1e-6)


@given(points=points, width=st.integers(4, 14))
def test_any_stroke_is_boxed_and_centred(points, width):
    """The longer side fills 20 pixels, the centre of mass lies in the middle, the pixels in [0, 1]."""
    canvas = Image.new("L", (84, 84))
    ImageDraw.Draw(canvas).line(points, fill=255, width=width, joint="curve")
    ImageDraw.Draw(canvas).ellipse((points[0][0] - 3, points[0][1] - 3, points[0][0] + 3, points[0][1] + 3), fill=255)
    flat = normalise_digit(np.asarray(canvas))
    assert (flat.shape, flat.dtype) == ((784,), np.float32)
    assert flat.min() >= 0
    assert flat.max() <= 1
    image = flat.reshape(28, 28)
    top, left, height, width = box_of(image)
    assert max(height, width) == 20
    for mass, start, size in zip(center_of_mass(image), (top, left), (height, width), strict=True):
        assert abs(mass - 14) <= 0.5001 or start == 0 or start + size == 28  # the edge stops a very lopsided one


@pytest.mark.parametrize(("height", "width"), [(84, 84), (84, 42), (10, 40), (3, 3), (1, 84), (84, 1)])
def test_proportions_are_kept(height, width):
    """A rectangle stays as slim as it was."""
    canvas = np.zeros((100, 100), np.uint8)
    canvas[5 : 5 + height, 9 : 9 + width] = 255
    _, _, tall, wide = box_of(normalise_digit(canvas).reshape(28, 28))
    longest = max(height, width)
    assert (tall, wide) == tuple(max(1, round(20 * side / longest)) for side in (height, width))


def test_place_and_kind_do_not_matter(strokes):
    """The same drawing elsewhere, larger canvas, as floats: the same digit."""
    expected = normalise_digit(strokes)
    assert np.array_equal(normalise_digit(np.roll(strokes, (15, -40), (0, 1))), expected)
    assert np.array_equal(normalise_digit(np.pad(strokes, 30)), expected)
    assert np.array_equal(normalise_digit(strokes / 255), expected)
    assert np.array_equal(normalise_digit((strokes / 255).astype(np.float32)), expected)


@pytest.mark.parametrize("size", [(28, 28), (84, 84), (1, 1), (5, 300)])
def test_an_empty_drawing_stays_empty(size):
    """No division by the ink there is not."""
    assert not normalise_digit(np.zeros(size, np.uint8)).any()
    assert not normalise_digit(np.zeros(size)).any()


def test_an_even_ground_and_faint_specks_change_nothing(strokes):
    """A ground of 4 of 255, two specks far away: the digit is the same but for the gray taken off."""
    expected, specked = normalise_digit(strokes), strokes.copy()
    specked[2, 3] = specked[80, 81] = 10
    assert np.array_equal(normalise_digit(specked), expected)
    np.testing.assert_allclose(normalise_digit(np.maximum(strokes, 4)), expected, atol=4 / 255)
    specked[2, 3] = 60  # so strong that it may be ink
    assert not np.allclose(normalise_digit(specked), expected, atol=0.1)


def test_specks_too_faint_to_keep():
    """A few faint specks far apart leave nothing, and no error."""
    canvas = np.zeros((84, 84), np.uint8)
    canvas[0, 0] = canvas[83, 83] = 1
    assert not normalise_digit(canvas).any()


@pytest.mark.parametrize(
    "strokes",
    [
        np.zeros(784, np.uint8),
        np.zeros((1, 28, 28), np.uint8),
        np.zeros((0, 5), np.uint8),
        np.full((4, 4), 200),
        np.full((4, 4), 200.0),
        np.full((4, 4), -0.1),
        np.full((4, 4), np.nan),
        np.array([["a", "b"]]),
        "drawing",
        None,
        3,
    ],
)
def test_bad_drawing(strokes):
    """Shape, kind and range are checked."""
    refuses("strokes", normalise_digit, strokes)
