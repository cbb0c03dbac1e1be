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
from aecourse.data.image_set import PIXELS, SIDE, ImageSet
from aecourse.data.mnist import load_mnist
from aecourse.data.pictures import load_pictures
from aecourse.data.synthetic import photo_patches, seven_segment_digits, spiral, whitened_patches

__all__ = [
    "CORRUPTIONS",
    "PIXELS",
    "SIDE",
    "ImageSet",
    "corrupt",
    "downsample",
    "gaussian_noise",
    "load_fashion_mnist",
    "load_mnist",
    "load_pictures",
    "mask_pixels",
    "normalise_digit",
    "occlude",
    "photo_patches",
    "salt_and_pepper",
    "seven_segment_digits",
    "shift_images",
    "spiral",
    "whitened_patches",
]
