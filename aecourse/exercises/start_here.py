"""Answers to the exercises of notebooks/00_start_here.ipynb."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from aecourse.data import load_mnist
from aecourse.exercises.checking import Verdict, exercise


@exercise("00.1", "easy")
def compression_ratio(answer: object) -> Verdict:
    """how many times smaller a code of 16 numbers is than an image of 28 × 28 pixels"""
    if answer == 16:
        return "that is the size of the code; how often does it fit into the size of the image?"
    return (
        None if answer == 28 * 28 / 16 else "divide the count of pixels, 28 × 28, by the count of numbers in the code"
    )


@exercise("00.2", "medium")
def mean_squared_error(answer) -> Verdict:
    """a function of x and x_hat, both (n, 784), that gives their mean squared error per pixel"""
    generator = torch.Generator().manual_seed(0)
    x, x_hat = torch.rand(2, 5, 784, generator=generator)
    got, expected = answer(x, x_hat), F.mse_loss(x_hat, x)
    if not isinstance(got, torch.Tensor | float) or torch.as_tensor(got).numel() != 1:
        return "the error should be one number; take the mean over images and pixels"
    if torch.isclose(torch.as_tensor(got), expected * 784):
        return "that is the sum over the pixels of an image; divide by 784 for the error per pixel"
    if torch.isclose(torch.as_tensor(got), (x - x_hat).abs().mean()):
        return "square the differences before you take their mean"
    return None if torch.isclose(torch.as_tensor(got), expected) else "difference, square, mean: in this order"


@exercise("00.3", "stretch")
def mean_image_error(answer: object) -> Verdict:
    """the test error of answering every image with the mean training image"""
    if not isinstance(answer, float | torch.Tensor):
        return "the answer is one number, the MSE on test.x"
    train, test = load_mnist()
    expected = (test.x - train.x.mean(0)).square().mean()
    if torch.isclose(torch.as_tensor(answer).cpu(), test.x.square().mean(), rtol=1e-3):
        return "that is the error of an all-black picture; guess the mean training image instead"
    if torch.isclose(torch.as_tensor(answer).cpu(), expected, rtol=1e-3):
        return None
    return "train.x.mean(0) is the mean image, (784,); subtract it from every image of test.x, square, take the mean"
