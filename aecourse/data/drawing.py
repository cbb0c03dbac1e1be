"""Turn a drawing into a digit as MNIST stores it."""

from __future__ import annotations

import numpy as np
from PIL import Image

from aecourse.data.image_set import PIXELS, SIDE
from aecourse.device import as_array


def normalise_digit(strokes: np.ndarray) -> np.ndarray:
    """Scale and centre a drawing as in MNIST: fit it into a 20×20 box, and place its centre of mass in the middle.

    Parameters
    ----------
    strokes : array (height, width)
        Light ink on a black background; uint8 in [0, 255] or float in [0, 1]. An even background is removed, and so are
        specks fainter than a twentieth of the ink. For dark ink on light paper, use `load_pictures(…, as_digits=True)`.

    Returns
    -------
    float32 array (784,)
        Values in [0, 1]; all zeros for an empty drawing.

    References
    ----------
    LeCun, Bottou, Bengio & Haffner (1998), section III-A.
    """
    strokes = as_array("strokes", strokes)
    if strokes.ndim != 2 or strokes.size == 0:
        raise ValueError(f"strokes must be a picture of shape (height, width); got shape {strokes.shape}")
    if strokes.dtype != np.uint8:
        if not np.issubdtype(strokes.dtype, np.floating):
            raise TypeError(f"strokes must be bytes (uint8) or floats in [0, 1]; got {strokes.dtype}")
        if not (strokes.min() >= 0 and strokes.max() <= 1):  # NaN fails both
            raise ValueError(f"strokes must hold floats in [0, 1]; got {strokes.min():.3g} to {strokes.max():.3g}")
    ink = strokes if strokes.dtype == np.uint8 else (strokes * 255 + 0.5).astype(np.uint8)
    return into_the_box(_without_faint(ink))


def into_the_box(ink: np.ndarray) -> np.ndarray:
    """Scale and centre all that is not black, as `normalise_digit` does; (height, width) bytes → (784,).

    The page does the same with what is drawn there (explorers/base/ink.js).
    """
    rows, columns = np.nonzero(ink.max(axis=1))[0], np.nonzero(ink.max(axis=0))[0]
    if len(rows) == 0:
        return np.zeros(PIXELS, np.float32)
    box = Image.fromarray(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    scale = 20 / max(box.size)
    size = tuple(max(1, round(length * scale)) for length in box.size)
    small = np.asarray(box.resize(size, Image.Resampling.BOX), np.float64)
    if not small.any():  # nothing is left of a few faint specks far apart
        return np.zeros(PIXELS, np.float32)
    mass_row, mass_column = ((axis * small).sum() / small.sum() for axis in np.indices(small.shape))
    top = int(np.clip(round(SIDE / 2 - mass_row), 0, SIDE - small.shape[0]))
    left = int(np.clip(round(SIDE / 2 - mass_column), 0, SIDE - small.shape[1]))
    canvas = np.zeros((SIDE, SIDE), np.float32)
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small / 255
    return canvas.reshape(PIXELS)


def _without_faint(ink: np.ndarray) -> np.ndarray:
    """Remove an even background and faint specks from a drawing; without them it stays as it is."""
    if 0 < ink.min() < ink.max():
        ink = ink - ink.min()
    if not ((ink > 0) & (ink < 0.05 * ink.max())).any():
        return ink
    from scipy import ndimage  # here: most drawings never need it

    parts, count = ndimage.label(ink, np.ones((3, 3)))
    faint = ndimage.maximum(ink, parts, range(count + 1)) < 0.05 * ink.max()
    return np.where(faint[parts], 0, ink).astype(np.uint8)
