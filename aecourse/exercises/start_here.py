"""Checks of the answers to the exercises of notebooks/00_start_here.ipynb."""

from __future__ import annotations

import functools

import torch
from torch.nn import functional as F

from aecourse.data import load_mnist
from aecourse.exercises.checking import Hint, compare, exercise
from aecourse.exercises.conversion import as_number, call


@exercise("00.1", "easy")
def compression_ratio(answer: object) -> Hint:
    """Expect how many times fewer bytes a code of 16 floats takes than an image of 28 × 28 pixels."""
    pixels, code = 28 * 28, 16 * 4
    mistakes = {
        "that compares how many numbers there are; a pixel takes 1 byte, a number of the code takes 4": pixels / 16,
        "that is the code in bytes; how often does it fit into the bytes of the image?": code,
        "that is the image in bytes; how often do the bytes of the code fit into it?": pixels,
        "that is how many bytes fewer; the question is how many times fewer": pixels - code,
        "that is the code as a share of the image; the question is asked the other way round": code / pixels,
        "28 is one side of the image; it has 28 rows of 28 pixels": 28 / code,
        "that counts 32 bytes for a number of the code; it has 32 bits, and a byte has 8": pixels / (16 * 32),
    }
    otherwise = "how often do the bytes of the code (numbers times 4) fit into the bytes of the image (pixels times 1)?"
    return compare(as_number(answer), pixels / code, mistakes, otherwise=otherwise)


@exercise("00.2", "medium")
def mean_squared_error(answer) -> Hint:
    """Expect a function of x and x_hat, both (n, 784), that gives their mean squared error per pixel."""
    x, x_hat = torch.rand(2, 5, 784, generator=torch.Generator().manual_seed(0))
    difference = x - 0.8 * x_hat
    squares = difference.square()
    mistakes = {
        "that is the sum over the pixels of an image; take their mean for the error per pixel": squares.sum(1).mean(),
        "that is the sum over all pixels and images; take the mean": squares.sum(),
        "square the differences before you take their mean": difference.abs().mean(),
        "differences of opposite sign cancel: square each of them before you take the mean": difference.mean(),
        "square each difference, then take the mean: you did it in the other order": difference.mean().square(),
        "that is the root of the error; leave the root out": squares.mean().sqrt(),
        "one number for each image; take the mean over the images as well": squares.mean(1),
        "one number for each pixel; take the mean over the pixels as well": squares.mean(0),
        "those are the squared differences; take the mean over images and pixels": squares,
    }
    otherwise = "difference, square, mean: in this order"
    return compare(call(answer, x, 0.8 * x_hat), squares.mean(), mistakes, otherwise=otherwise)


@functools.cache
def _mean_image_errors() -> dict[str, float]:
    """Return the test error of the mean training image as the only answer, and what known mistakes give instead."""
    train, test = load_mnist()
    mean = train.x.mean(0)
    right = (test.x - mean).square().mean()
    errors = {
        "": right,
        "that is the error of an all-black picture; guess the mean training image instead": test.x.square().mean(),
        "that guesses the mean of the test images, which must not be known; use the training images": (
            (test.x - test.x.mean(0)).square().mean()
        ),
        "that is the error on the training images; judge on test.x": (train.x - mean).square().mean(),
        "that guesses one gray for all pixels; the mean image has a mean for each pixel": (
            (test.x - train.x.mean()).square().mean()
        ),
        "that is the sum over the pixels of an image; take the mean over them": 784 * right,
        "square the differences before you take their mean": (test.x - mean).abs().mean(),
    }
    return {hint: error.item() for hint, error in errors.items()}


@exercise("00.3", "medium")
def mean_image_error(answer: object) -> Hint:
    """Expect the test error of answering every image with the mean training image."""
    errors = _mean_image_errors()
    otherwise = "average the training images to one image; compare every test image with it: difference, square, mean"
    # The tolerance accepts 0.0675, but not the mean test image, whose error differs by 0.0009 of its size
    return compare(as_number(answer), errors[""], errors, tolerance=4.6e-4, otherwise=otherwise)


@exercise("00.4", "easy")
def steps_of_a_training(answer: object) -> Hint:
    """Expect the steps of three epochs of 55,000 images in batches of 64, the last and smaller batch included."""
    images, batch, epochs = 55_000, 64, 3
    mistakes = {
        "that is one epoch; there were three": -(-images // batch),
        "the images left over at the end of an epoch make a step too, with a smaller batch": images // batch * epochs,
        "there is no part of a step: the images left over at the end of an epoch make one more": images
        / batch
        * epochs,
        "the 5,000 images put aside were not trained on": -(-(images + 5_000) // batch) * epochs,
        "a step takes a batch of 64 images, not one": images * epochs,
        "that is how many epochs; how many batches does each of them have?": epochs,
    }
    otherwise = "how many batches does it take to see 55,000 images once, and how often were they seen?"
    return compare(as_number(answer), -(-images // batch) * epochs, mistakes, tolerance=1e-5, otherwise=otherwise)


@exercise("00.5", "stretch")
def error_of_each_class(answer) -> Hint:
    """Expect a function of x, x_hat and labels that gives the mean squared error of each of the ten classes."""
    generator = torch.Generator().manual_seed(0)
    x, x_hat = torch.rand(2, 40, 784, generator=generator)
    x_hat = x + (x_hat - x) * torch.linspace(0.1, 1, 40)[:, None]
    y = torch.cat([torch.arange(10), torch.randint(0, 10, (30,), generator=generator)])
    each = (x - x_hat).square().mean(1)  # (40,)
    own = F.one_hot(y, 10).float()  # (40, 10)
    right = each @ own / own.sum(0)
    mistakes = {
        "that is the sum over the pixels of an image; take their mean for the error per pixel": 784 * right,
        "that is one number for all classes together; there should be ten": each.mean(),
        "that is one number for each image; take the mean over the images of each class": each,
        "divide by the number of images of that class, not by the number of all images": each @ own / len(y),
        "that adds up the images of a class; take their mean": each @ own,
        "square the differences before you take their mean": (x - x_hat).abs().mean(1) @ own / own.sum(0),
        "that orders the classes by their errors; the n-th number should be the error of class n": right.sort().values,
    }
    otherwise = "for each class from 0 to 9: pick its images and their restorations, then difference, square, mean"
    return compare(call(answer, x, x_hat, y), right, mistakes, otherwise=otherwise)
