"""Checks of the answers to the exercises of notebooks/00_start_here.ipynb."""

from __future__ import annotations

import functools

import torch

from aecourse.data import load_mnist
from aecourse.exercises.checking import Hint, compare, exercise
from aecourse.exercises.conversion import as_number, call


@exercise("00.1", "easy")
def compression_ratio(answer: object) -> Hint:
    """Expect how many times fewer numbers a code of 16 has than an image of 28 × 28 pixels."""
    pixels = 28 * 28
    mistakes = {
        "that is the size of the code; how often does it fit into the size of the image?": 16,
        "that is the size of the image; how often does the size of the code fit into it?": pixels,
        "that is a product; how often does the size of the code fit into the size of the image?": pixels * 16,
        "that is how many numbers fewer; the question is how many times fewer": pixels - 16,
        "that is the code as a share of the image; the question is asked the other way round": 16 / pixels,
        "28 is one side of the image; it has 28 rows of 28 pixels": 28 / 16,
        "that compares bytes; here count only the numbers, notebook 01 comes to the bytes": pixels / (16 * 4),
    }
    otherwise = "how often does the count of numbers in the code fit into the count of pixels?"
    return compare(as_number(answer), pixels / 16, mistakes, otherwise=otherwise)


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


@exercise("00.3", "stretch")
def mean_image_error(answer: object) -> Hint:
    """Expect the test error of answering every image with the mean training image."""
    errors = _mean_image_errors()
    otherwise = "average the training images to one image; compare every test image with it: difference, square, mean"
    # The tolerance accepts 0.0675, but not the mean test image, whose error differs by 0.0009 of its size
    return compare(as_number(answer), errors[""], errors, tolerance=4.6e-4, otherwise=otherwise)
