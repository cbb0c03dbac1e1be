"""Images of one's own in every explorer: through one door, in sets of ten, with clear errors."""

import re

import pytest
import torch
from helpers.captions import captions
from helpers.explorers import EXPLORERS, walk
from helpers.strategies import bad_images, refuses
from hypothesis import given
from torch.nn import functional as F

from aecourse.data import ImageSet
from aecourse.explorers import (
    BottleneckExplorer,
    GeneratorExplorer,
)
from aecourse.explorers.base.shown_images import shown_images

TAKE_IMAGES = {name: build for name, build in EXPLORERS.items() if name not in ("drawing pad", "spiral")}
IN_ROWS = ("bottleneck", "repair", "sparsity", "stack", "training")
OF_THE_TEST_SET = ("anomaly", "bottleneck", "search", "sparsity", "stack")  # what they say of it stays true


def pictures(count: int) -> torch.Tensor:
    """Random soft pictures, no two alike; (count, 784)."""
    noise = torch.rand(count, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    return F.avg_pool2d(noise, 5, 1, 2).view(count, 784)


@given(x=bad_images(784).filter(lambda x: not isinstance(x, ImageSet) and x is not None))
def test_bad_images(x):
    """What is no picture is refused by name, before any work."""
    if isinstance(x, torch.Tensor) and x.dtype == torch.float64:
        return  # converted
    refuses("images", shown_images, x)


@pytest.mark.parametrize("name", TAKE_IMAGES)
def test_every_explorer_uses_the_door(name):
    """Bytes in the place of shares are refused by all."""
    message = refuses("images", lambda: TAKE_IMAGES[name](images=255 * torch.ones(12, 784)))
    assert "divide them by 255" in message


def test_sets_of_ten(mnist):
    """One of each label where all ten occur, else the next ten in order; the last set is full, too."""
    test = mnist[1]
    assert torch.equal(shown_images(None).ten(4), test.one_of_each(4)) and shown_images(None).sets == 892
    assert torch.equal(shown_images(test[:500]).ten(2), test[:500].one_of_each(2))
    assert shown_images(test[:500]).name == "picture" and shown_images(None) is shown_images(None)
    own = shown_images(pictures(23))
    assert own.sets == own.in_words()["sets"] == 3
    assert torch.equal(own.ten(1), own.x[10:20]) and torch.equal(own.ten(2), own.x[13:])
    assert torch.equal(shown_images(pictures(3)).ten(0), pictures(3))
    assert shown_images(own) is own


def test_labels_that_are_no_digits(mnist):
    """Two folders of pictures have labels 0 and 1: shown in order, and named by their number."""
    own = shown_images(ImageSet(pictures(12), torch.arange(12) % 2))
    assert not own.are_digits and torch.equal(own.ten(0), own.x[:10]) and own.called(3) == "picture 3"
    assert shown_images(mnist[1]).called(0) == "a 7"


@pytest.mark.parametrize("count", [1, 4, 10, 23])
@pytest.mark.parametrize("name", IN_ROWS)
def test_pictures_stand_in_the_first_row(name, count):
    """In their order, unchanged, from the first on."""
    explorer = TAKE_IMAGES[name](images=pictures(count))
    rows = explorer.trainer.rows() if name == "training" else explorer.rows(**explorer.settings())
    assert torch.equal(next(iter(rows.values())), pictures(count)[:10])
    assert explorer.static_png()


@pytest.mark.parametrize("count", [2, 23])
@pytest.mark.parametrize("name", [name for name in TAKE_IMAGES if name != "training"])
def test_every_setting_works_on_pictures(name, count):
    """No end of any control is an error, and the words speak of pictures, not of test digits they do not show."""
    explorer = TAKE_IMAGES[name](images=pictures(count))
    states = list(walk(explorer, steps=0))
    for state in states:
        assert all(row.isfinite().all() for row in explorer.rows(**state).values())
        explorer.numbers(**state)
    for sentence in captions(explorer, states):
        assert not any(word in sentence for word in ("undefined", "NaN", "null", "[object")), sentence
        assert name in OF_THE_TEST_SET or "test digit" not in sentence, sentence


def test_a_family_of_explorers_shares_them():
    """The three ways to generate, and the trainer in the panel, get the same pictures."""
    explorer = GeneratorExplorer(images=pictures(12))
    assert explorer.map_of(1.0).images is explorer.images and torch.equal(explorer.images.x, pictures(12))
    assert torch.equal(explorer.open_training().shown, pictures(12)[:10])


def test_the_bottleneck_tells_the_error_of_the_pictures():
    """Beside that of the test digits, which is another."""
    explorer = BottleneckExplorer(images=pictures(12))
    x = pictures(12)[:10]
    ours = (explorer.models.nested.squeeze(x, 8) - x).square().mean().item()
    (words,) = captions(explorer, [explorer.settings()])
    assert re.search(rf" MSE of the 10 shown: PCA 0\.\d+, autoencoder {ours:.4f}\.$", words)
    digits = BottleneckExplorer()
    assert "shown" not in captions(digits, [digits.settings()])[0]
