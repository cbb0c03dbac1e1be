"""The images of the course, in memory as plain tensors, and the ways to change them before training."""

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
from aecourse.data.fashion import load_fashion_mnist
from aecourse.data.folder import load_folder
from aecourse.data.image_set import PIXELS, SIDE, ImageSet
from aecourse.data.mnist import IDX_FILES, load_mnist, read_idx
from aecourse.data.synthetic import photo_patches, seven_segment_digits, spiral, whitened_patches

__all__ = [
    "CORRUPTIONS",
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
