"""The pair of images and labels: parts of it, and setting some aside."""

import dataclasses

import numpy as np
import pytest
import torch
from helpers.strategies import junk, not_counts, not_seeds, refuses
from hypothesis import example, given, strategies as st

from aecourse.data import ImageSet


def numbered(count: int) -> ImageSet:
    """A set whose images carry their own number, and whose labels are ten times that."""
    return ImageSet(torch.arange(count)[:, None].float().repeat(1, 3), torch.arange(count) * 10)


def test_lengths_must_agree():
    """Images without labels are no set."""
    with pytest.raises(ValueError, match="3 images and 2 labels"):
        ImageSet(torch.zeros(3, 784), torch.zeros(2))


def test_a_set_stays_as_it_is():
    """Nobody swaps the images of a set by accident."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        numbered(3).x = torch.zeros(3, 3)


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
    assert part.x[:, 0].tolist() == expected
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
    assert sorted([*rest.x[:, 0].tolist(), *put_aside.x[:, 0].tolist()]) == list(range(count))
    for part in (rest, put_aside):
        assert torch.equal(part.y, (part.x[:, 0] * 10).long())


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
    images = ImageSet(torch.zeros(30, 4), torch.arange(10).repeat(3))
    refuses("nth", images.one_of_each, nth)


def test_one_of_each_needs_every_class():
    """A set without nines says so."""
    with pytest.raises(ValueError, match="lacks a class"):
        numbered(9).one_of_each()
