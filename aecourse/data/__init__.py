"""The pictures of the course, in memory as plain tensors, and what can be done to them before training."""

from aecourse.data.corruptions import (
    CORRUPTIONS,
    corrupt,
    downsample,
    gaussian_noise,
    mask_pixels,
    occlude,
    salt_and_pepper,
    shift_images,
)
from aecourse.data.drawing import normalise_digit
from aecourse.data.folder import load_folder
from aecourse.data.sets import (
    FASHION_NAMES,
    IDX_FILES,
    PIXELS,
    SIDE,
    ImageSet,
    load_fashion_mnist,
    load_mnist,
    read_idx,
)
from aecourse.data.toys import photo_patches, seven_segment_digits, spiral, whitened_patches

__all__ = [
    "CORRUPTIONS",
    "FASHION_NAMES",
    "IDX_FILES",
    "PIXELS",
    "SIDE",
    "ImageSet",
    "corrupt",
    "downsample",
    "gaussian_noise",
    "load_fashion_mnist",
    "load_folder",
    "load_mnist",
    "mask_pixels",
    "normalise_digit",
    "occlude",
    "photo_patches",
    "read_idx",
    "salt_and_pepper",
    "seven_segment_digits",
    "shift_images",
    "spiral",
    "whitened_patches",
]
