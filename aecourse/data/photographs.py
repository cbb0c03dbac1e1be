"""Read the digit on a photograph of handwriting, as MNIST would have stored it."""

from __future__ import annotations

import numpy as np
from PIL import Image

from aecourse.data.drawing import normalise_digit
from aecourse.data.image_set import PIXELS

WORKED_ON = 400  # pixels of the shorter side: enough for a digit that takes a tenth of it
FAINTEST = 0.12  # contrast below which there is no ink, as a share of the way from the paper to black (or white)


def read_digit(photograph: np.ndarray) -> np.ndarray:
    """Find the digit that is written on paper, or with chalk on a board, and bring it into MNIST's form.

    1. A wide median filter estimates the background, including shadows and uneven light.
    2. Ink is darker or lighter than the background, whichever differs from it more.
    3. Otsu's threshold separates ink from background, with a soft edge.
    4. Ruled lines (long and thin), specks (small) and whatever the picture's edge cuts off are removed.
    5. Thin strokes are thickened to MNIST's width; then `normalise_digit` scales and centres the digit.

    Parameters
    ----------
    photograph : uint8 array (height, width)

    Returns
    -------
    float32 array (784,)
        Values in [0, 1]; all zeros if no ink is found.

    References
    ----------
    Otsu (1979), A threshold selection method from gray-level histograms.
    """
    from scipy import ndimage  # here: most lessons never need it

    ink = _ink(_reduced(photograph, WORKED_ON))
    level = _between(ink)
    if level < FAINTEST:
        return np.zeros(PIXELS, np.float32)
    mask = _without_lines(_without_lines(ink > level).T).T
    parts, count = ndimage.label(mask, np.ones((3, 3)))
    if count == 0:
        return np.zeros(PIXELS, np.float32)
    depth = ndimage.distance_transform_edt(mask)
    sizes = np.bincount(parts.ravel(), depth.ravel())[1:]  # thin parts, such as the rest of a line, count less
    boxes = np.array([[side.indices(10**9)[:2] for side in box] for box in ndimage.find_objects(parts)])  # (n, 2, 2)
    main = boxes[sizes.argmax()]
    apart = np.maximum(boxes[..., 0] - main[:, 1], main[:, 0] - boxes[..., 1]).max(1)  # from the largest part
    keep = (sizes >= 0.06 * sizes.max()) & (apart < np.ptp(main, 1).max() / 2)
    mask = np.concatenate([[False], keep])[parts]
    dark = np.median(ink[mask])
    near = ndimage.binary_dilation(mask, iterations=2)
    soft = np.where(near, np.clip((ink - level / 2) / (dark - level / 2), 0, 1), 0).astype(np.float32)
    tall, wide = (np.ptp(axis) + 1 for axis in np.nonzero(mask))
    thin = max(tall, wide) / 9 - 4 * depth[mask].mean()  # a bar's mean distance is w / 4
    if thin > 1:
        soft = ndimage.grey_dilation(np.pad(soft, int(thin)), (int(thin) + 1,) * 2)
    return normalise_digit(soft)


def _reduced(picture: np.ndarray, side: int) -> np.ndarray:
    """Return a picture scaled down so that its shorter side is at most `side`, and the longer at most 16 times that."""
    scale = min(side / min(picture.shape), 16 * side / max(picture.shape))
    if scale >= 1:
        return picture
    height, width = (max(1, round(length * scale)) for length in picture.shape)
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BOX))


def _ink(picture: np.ndarray) -> np.ndarray:
    """Return how far each pixel is from the background towards the ink's side, as a share of the range; 0 to 1."""
    from scipy import ndimage

    small = _reduced(picture, 36)
    wide = 2 * (min(small.shape) // 4) + 1
    ground = ndimage.gaussian_filter(ndimage.median_filter(small, wide, mode="nearest").astype(np.float32), 1.5)
    ground = np.asarray(Image.fromarray(ground).resize(picture.shape[::-1], Image.Resampling.BILINEAR))
    darker = ((ground - picture) / ground.clip(60)).clip(0, 1)
    lighter = ((picture - ground) / (255 - ground).clip(60)).clip(0, 1)
    return darker if (darker**3).sum() >= (lighter**3).sum() else lighter


def _between(ink: np.ndarray) -> float:
    """Return Otsu's threshold: the level midway between two groups of pixels, each as uniform as possible."""
    counts, edges = np.histogram(ink, 128, (0, 1))
    centres = (edges[:-1] + edges[1:]) / 2
    below, mass = counts.cumsum()[:-1].clip(1), (counts * centres).cumsum()
    above = (counts.sum() - below).clip(1)
    low, high = mass[:-1] / below, (mass[-1] - mass[:-1]) / above
    best = np.argmax(below * above * (high - low) ** 2)
    return float(low[best] + high[best]) / 2


def _without_lines(mask: np.ndarray) -> np.ndarray:
    """Remove long thin ruled lines, across or down, from the ink; keep the strokes that cross them."""
    from scipy import ndimage

    rows, columns = np.nonzero(mask)
    slopes = np.linspace(-0.08, 0.08, 65)
    sheared = [np.round(rows + slope * columns).astype(int) + mask.shape[1] for slope in slopes]
    along = [np.bincount(place, minlength=sum(mask.shape) + mask.shape[1]) for place in sheared]  # a Hough transform
    best = max(range(len(slopes)), key=lambda i: (along[i].astype(float) ** 2).sum())
    whole = np.round(np.arange(mask.shape[0])[:, None] + slopes[best] * np.arange(mask.shape[1])).astype(int)
    room = np.bincount(whole.ravel() + mask.shape[1], minlength=len(along[best]))  # a line may leave through a corner
    first, last = np.full(len(room), mask.shape[1]), np.zeros(len(room), int)
    np.minimum.at(first, sheared[best], columns)
    np.maximum.at(last, sheared[best], columns)
    lines = (along[best] > 0.35 * room) & (last - first > 0.7 * room)  # across the page, unlike a long stroke
    lines = ndimage.maximum_filter1d(lines, 5)
    thickest = min(mask.shape) // 50 + 1  # of a line
    stroke = ndimage.maximum_filter1d(ndimage.minimum_filter1d(mask.astype(np.uint8), thickest, 0), thickest, 0)
    left = mask.copy()
    left[rows, columns] = ~lines[sheared[best]] | (stroke[rows, columns] > 0)
    return left
