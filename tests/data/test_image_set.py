"""The pair of images and labels: parts of it, and setting some aside."""

import dataclasses

import numpy as np
import pytest
import torch
from helpers.strategies import junk, not_counts, not_seeds, refuses
from hypothesis import example, given, strategies as st

from aecourse.data import ImageSet


def numbered(count: int, names: tuple[str, ...] = ()) -> ImageSet:
    """A set whose images carry their own number, in 256ths, and whose labels are ten times that."""
    x = torch.arange(count)[:, None].float().repeat(1, 784) / 256
    return ImageSet(x, torch.arange(count) * 10, names=names)


def numbers(images: ImageSet) -> list[int]:
    """What the images carry."""
    return (images.x[:, 0] * 256).tolist()


GOOD, LABELS = torch.full((3, 784), 0.5), torch.tensor([0, 1, 1])


@pytest.mark.parametrize(
    ("x", "what"),
    [
        (GOOD.numpy(), "got ndarray"),
        (GOOD.tolist(), "got list"),
        ((GOOD * 255).byte(), "got torch.uint8"),
        (GOOD.double(), "got torch.float64"),
        (GOOD[0], r"got shape \(784,\)"),
        (GOOD.view(3, 28, 28), r"got shape \(3, 28, 28\)"),
        (torch.zeros(3, 3136), r"got shape \(3, 3136\)"),
        (GOOD * 255, "got 127.5 to 127.5: divide them by 255"),
        (GOOD - 1, r"got -0.5 to -0.5: take \(x \+ 1\) / 2"),
        (GOOD.index_fill(0, torch.tensor(1), float("nan")), "got NaN"),
        (GOOD.index_fill(0, torch.tensor(1), float("inf")), "got infinity"),
    ],
)
def test_what_is_no_images(x, what):
    """Named, with what came and what is accepted."""
    with pytest.raises((TypeError, ValueError), match=r"^x must be a float32 tensor of shape \(n, 784\).*" + what):
        ImageSet(x, LABELS)


@pytest.mark.parametrize(
    ("y", "what"),
    [
        ([0, 1, 1], "got list"),
        (LABELS.numpy(), "got ndarray"),
        (LABELS.float(), "got torch.float32"),
        (LABELS[:, None], r"got shape \(3, 1\)"),
        (LABELS - 1, "got -1"),
    ],
)
def test_what_is_no_labels(y, what):
    """Named, with what came and what is accepted."""
    with pytest.raises((TypeError, ValueError), match=r"^y must be an int64 tensor of shape \(n,\).*" + what):
        ImageSet(GOOD, y)


def test_lengths_and_devices_must_agree():
    """Images without labels are no set, nor are images elsewhere."""
    with pytest.raises(ValueError, match="3 images and 2 labels"):
        ImageSet(GOOD, LABELS[:2])
    with pytest.raises(ValueError, match="got cpu and meta"):
        ImageSet(GOOD, LABELS.to("meta"))


def test_names_are_kept(device):
    """In every part of a set, on every device."""
    named = ImageSet(GOOD, LABELS, names=["cat", "dog"])
    parts = [named, named[1], named[:2], named[[0, 2]], named.to(device), *named.split(1)]
    assert all(part.names == ("cat", "dog") for part in parts) and numbered(3).names == ()
    assert torch.equal(named.one_of_each(0), GOOD[:2])


@pytest.mark.parametrize("names", ["cat dog", 3, ("cat",), ("cat", 1), None])
def test_bad_names(names):
    """One word for every label."""
    refuses("names", lambda: ImageSet(GOOD, LABELS, names=names))


@pytest.mark.parametrize("index", [None, ..., True, "1", 1.5, (0, 1), (slice(2), slice(5)), [[0, 1]], LABELS[None]])
def test_bad_index(index):
    """What would give something else than a set of images."""
    with pytest.raises(TypeError, match="index of an ImageSet must be a position, a slice"):
        numbered(3)[index]


def test_a_set_stays_as_it_is():
    """Nobody swaps the images of a set by accident."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        numbered(3).x = GOOD


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (slice(1, 4), [1, 2, 3]),
        ([4, 0], [4, 0]),
        (torch.tensor([2, 2]), [2, 2]),
        (torch.tensor([True, False, False, False, True]), [0, 4]),
        (3, [3]),
        (np.int64(3), [3]),
        (torch.tensor(3), [3]),
        (torch.tensor([3]), [3]),
        (np.array([3]), [3]),
        (-1, [4]),
        ([], []),
    ],
)
def test_a_part_keeps_its_labels(index, expected):
    """Every way to choose takes images and labels alike."""
    part = numbered(5)[index]
    assert numbers(part) == expected
    assert part.y.tolist() == [10 * i for i in expected]
    assert len(part) == len(expected)


def test_a_set_can_be_walked_through():
    """One image after the other, and then it ends."""
    assert [one.y.item() for one in numbered(4)] == [0, 10, 20, 30]


def test_moving_keeps_both(device):
    """Images and labels travel together."""
    moved = numbered(3).to(device)
    assert moved.x.device.type == moved.y.device.type == device
    assert moved.y.tolist() == [0, 10, 20]


@given(count=st.integers(2, 200), seed=st.integers(0, 2**32 - 1), data=st.data())
def test_split_is_disjoint_and_complete(count, seed, data):
    """Every image lands in exactly one part, with its label."""
    aside = data.draw(st.integers(1, count - 1))
    rest, put_aside = numbered(count).split(aside, seed=seed)
    assert (len(rest), len(put_aside)) == (count - aside, aside)
    assert sorted([*numbers(rest), *numbers(put_aside)]) == list(range(count))
    for part in (rest, put_aside):
        assert part.y.tolist() == [10 * number for number in numbers(part)]


def test_split_follows_its_seed_alone():
    """The same seed puts the same images aside, whatever the notebook drew before; another seed others."""
    torch.manual_seed(1)
    first = numbered(100).split(30, seed=7)[1].y
    torch.manual_seed(2)
    assert torch.equal(first, numbered(100).split(30, seed=7)[1].y)
    assert not torch.equal(first, numbered(100).split(30, seed=8)[1].y)


def test_split_is_shuffled(mnist):
    """The images put aside hold all classes about evenly."""
    counts = mnist[0].split(5_000)[1].y.bincount(minlength=10)
    assert counts.min() > 400


@given(count=not_counts | st.just(5) | st.integers(min_value=5), seed=not_seeds)
@example(count=5, seed=-1)
@example(count=0, seed=True)
def test_bad_split(count, seed):
    """Something must be left on both sides."""
    refuses("count", numbered(5).split, count)
    refuses("seed", numbered(5).split, 2, seed=seed)


@pytest.mark.parametrize("nth", [0, 5, 891])
def test_one_of_each(mnist, nth):
    """Row d is the nth image labelled d."""
    test = mnist[1]
    labels = test.y.numpy()
    expected = [np.flatnonzero(labels == digit)[nth] for digit in range(10)]
    assert torch.equal(test.one_of_each(nth), test.x[expected])


@given(nth=junk | st.integers(max_value=-1) | st.integers(min_value=3))
@example(nth=3)
@example(nth=-1)
@example(nth=True)
def test_bad_nth(nth):
    """A class of three has no fourth image."""
    images = ImageSet(torch.zeros(30, 784), torch.arange(10).repeat(3))
    refuses("nth", images.one_of_each, nth)


def test_one_of_each_needs_every_class():
    """A set without nines says so."""
    with pytest.raises(ValueError, match="lacks a class"):
        numbered(9).one_of_each()
