"""Images of one's own in every explorer: through one door, in sets of ten, with clear errors."""

import re

import numpy as np
import pytest
import torch
from helpers.strategies import bad_images, caption_in, picture_in, places_of, refuses
from hypothesis import given
from torch.nn import functional as F

from aecourse.data import ImageSet
from aecourse.explorers import (
    BottleneckExplorer,
    ContractionExplorer,
    GeneratorExplorer,
    LatentMapExplorer,
    RepairExplorer,
    SearchExplorer,
    SparsityExplorer,
    StackExplorer,
    TrainingExplorer,
)
from aecourse.explorers.base.shown_images import ShownImages, shown_images
from aecourse.explorers.generator import BetweenDigits, TwentyNumbers
from aecourse.explorers.prior_map import PriorMap
from aecourse.plotting import as_images

TAKE_IMAGES = (
    BottleneckExplorer, ContractionExplorer, BetweenDigits, TwentyNumbers, PriorMap, LatentMapExplorer, RepairExplorer,
    SearchExplorer, SparsityExplorer, StackExplorer, TrainingExplorer,
)  # fmt: skip
IN_ROWS = (BottleneckExplorer, RepairExplorer, SparsityExplorer, StackExplorer, TrainingExplorer)


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


@pytest.mark.parametrize("build", TAKE_IMAGES)
def test_every_explorer_uses_the_door(build):
    """Bytes in the place of shares are refused by all."""
    message = refuses("images", lambda: build(images=255 * torch.ones(12, 784)))
    assert "divide bytes by 255" in message


def test_sets_of_ten(mnist):
    """One of each label where all ten occur, else the next ten in order; the last set is full, too."""
    test = mnist[1]
    assert torch.equal(shown_images(None).ten(4), test.one_of_each(4)) and shown_images(None).sets == 892
    assert torch.equal(shown_images(test[:500]).ten(2), test[:500].one_of_each(2))
    assert shown_images(test[:500]).name == "picture" and shown_images(None) is shown_images(None)
    own = shown_images(pictures(23))
    assert own.sets == 3 and own.set_box().max == 2
    assert torch.equal(own.ten(1), own.x[10:20]) and torch.equal(own.ten(2), own.x[13:])
    assert torch.equal(shown_images(pictures(3)).ten(0), pictures(3))
    assert shown_images(own) is own


def test_labels_that_are_no_digits(mnist):
    """Two folders of pictures have labels 0 and 1: shown in order, and named by their number."""
    own = shown_images(ImageSet(pictures(12), torch.arange(12) % 2))
    assert not own.are_digits and torch.equal(own.ten(0), own.x[:10]) and own.called(3) == "picture 3"
    assert shown_images(mnist[1]).called(0) == "a 7"


@pytest.mark.parametrize("count", [1, 4, 10, 23])
@pytest.mark.parametrize("build", IN_ROWS)
def test_pictures_stand_in_the_first_row(build, count):
    """In their order, unchanged, from the first on."""
    explorer = build(images=pictures(count))
    for column, image in enumerate(as_images(pictures(count)[:10])):
        assert np.array_equal(picture_in(explorer)[:28, 30 * column : 30 * column + 28], image)
    assert explorer.static_png()


@pytest.mark.parametrize("count", [2, 23])
@pytest.mark.parametrize("build", TAKE_IMAGES)
def test_every_control_works_on_pictures(build, count):
    """No end of any control is an error, and the words speak of pictures, not of test digits they do not show."""
    explorer = build(images=pictures(count))
    for control in explorer.controls.values():
        for value in places_of(control):
            control.value = value
            assert caption_in(explorer)[0] == "status", caption_in(explorer)
    assert not isinstance(explorer, LatentMapExplorer) or "test digit" not in caption_in(explorer)[1]


def test_a_family_of_explorers_shares_them():
    """The three ways to generate, and the trainer in the panel, get the same pictures."""
    explorer = GeneratorExplorer(images=pictures(12))
    assert {type(panel.images) for panel in explorer.panels.values()} == {ShownImages}
    explorer.training_panel.button.value = True
    assert torch.equal(explorer.training_panel.trainer.shown, pictures(12)[:10])


def test_the_bottleneck_tells_the_error_of_the_pictures():
    """Beside that of the test digits, which is another."""
    explorer = BottleneckExplorer(images=pictures(12))
    x = pictures(12)[:10]
    ours = (explorer.models.nested.squeeze(x, 8) - x).square().mean().item()
    assert re.search(rf" MSE of the 10 shown: PCA 0\.\d+, autoencoder {ours:.4f}\.$", caption_in(explorer)[1])
    assert "shown" not in caption_in(BottleneckExplorer())[1]
