"""Photographed handwriting, read as MNIST: a classifier of MNIST must read it about as well as MNIST itself."""

import io
import time

import numpy as np
import pytest
import torch
from helpers.photographs import photograph
from PIL import Image, ImageDraw

from aecourse.data import load_pictures
from aecourse.data.photographs import read_digit
from aecourse.models import Classifier, DenseAutoencoder
from aecourse.training import fit_classifier

KINDS = ("filling", "margins", "black", "blue", "chalk", "shaded", "specked", "ruled", "squared", "all")
EACH = 15


@pytest.fixture(scope="module")
def judge(mnist) -> Classifier:
    """A small classifier, fitted on 20,000 digits."""
    torch.manual_seed(0)
    model = Classifier(DenseAutoencoder(64, hidden=(128,)))
    fit_classifier(model, mnist[0].x[:20_000], mnist[0].y[:20_000], epochs=4, progress=False)
    return model


def accuracy(judge: Classifier, x: torch.Tensor, y: torch.Tensor) -> float:
    """The share of pictures that the classifier reads right."""
    with torch.inference_mode():
        return (judge(x).argmax(1) == y).float().mean().item()


def test_the_judge_reads_mnist(judge, mnist):
    """So well that what it says of photographs counts."""
    assert accuracy(judge, mnist[1].x, mnist[1].y) > 0.92


@pytest.mark.parametrize("kind", KINDS)
def test_photographs_are_read_as_mnist(judge, mnist, tmp_path, capsys, kind):
    """Nine in ten of what is read of the same digits in MNIST, from JPEGs, every third of them turned."""
    rng, test = np.random.default_rng(KINDS.index(kind)), mnist[1]
    chosen = torch.from_numpy(rng.choice(len(test), EACH, replace=False))
    turned = Image.Exif()
    turned[0x0112] = 6  # to be turned by 90° clockwise
    for i, digit in enumerate(test.x[chosen].view(-1, 28, 28).numpy()):
        picture = photograph(digit, kind, rng, (1200, 1600) if kind == "all" else (600, 800))
        if i % 3:
            picture.save(tmp_path / f"{i}.jpg", quality=85)
        else:
            picture.transpose(Image.Transpose.ROTATE_90).save(tmp_path / f"{i}.jpg", quality=85, exif=turned)
    read = load_pictures(tmp_path, test.y[chosen], as_digits=True)
    assert capsys.readouterr().out.startswith(f"{EACH} pictures of ")
    assert accuracy(judge, read.x, read.y) >= 0.9 * accuracy(judge, test.x[chosen], test.y[chosen])


def test_a_photograph_takes_a_tenth_of_a_second(mnist):
    """The fastest of five, from the JPEG on."""
    buffer, seconds = io.BytesIO(), []
    photograph(mnist[1].x[0].view(28, 28).numpy(), "ruled", np.random.default_rng(0)).save(buffer, "JPEG")
    for _ in range(5):
        start = time.process_time()
        load_pictures(Image.open(buffer), as_digits=True)
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.1


def test_arrays_are_read_alike(mnist):
    """The same digit on any paper, as bytes, floats and colours."""
    picture = photograph(mnist[1].x[1].view(28, 28).numpy(), "blue", np.random.default_rng(3), (600, 800))
    expected = read_digit(np.asarray(picture.convert("L")))
    for values in (np.asarray(picture), np.asarray(picture, np.float32) / 255, np.asarray(picture.convert("L"))):
        x = load_pictures(values[None], as_digits=True).x
        assert (x[0] - torch.from_numpy(expected)).abs().mean() < 0.01
    assert np.abs(expected - mnist[1].x[1].numpy()).mean() < 0.03


def test_a_thin_pen_is_thickened():
    """A ball pen's stroke, a hundredth of the page, gets MNIST's two pixels or three."""
    picture = Image.new("L", (1200, 1200), 235)
    ImageDraw.Draw(picture).line([(600, 400), (600, 900)], fill=40, width=8)
    x = read_digit(np.asarray(picture)).reshape(28, 28)
    assert 1.5 <= x[14].sum() <= 3.5 and (x.sum(1) > 0).sum() == 20


@pytest.mark.parametrize("ground", [0, 30, 128, 250, 255])
def test_an_empty_page_is_blank(ground, capsys):
    """Paper, board or dark room, with grain: no digit is made of noise, and the line says so."""
    noise = np.random.default_rng(0).normal(ground, 4, (600, 800)).clip(0, 255).astype(np.uint8)
    assert load_pictures(noise[None], as_digits=True).x.max() == 0
    assert "1 picture · 1 is blank" in capsys.readouterr().out


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (3, 3), (28, 28), (5, 2000)])
@pytest.mark.parametrize("value", [0, 255, "noise"])
def test_any_size(shape, value):
    """As small or narrow as can be: 784 numbers in [0, 1]."""
    noise = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    x = read_digit(noise if value == "noise" else np.full(shape, value, np.uint8))
    assert x.shape == (784,) and 0 <= x.min() <= x.max() <= 1
