"""What is drawn in the page: which bytes a drawing is, and as what digit it is stored."""

import numpy as np
import pytest
import torch
import traitlets
from hypothesis import given, strategies as st

from aecourse.data import normalise_digit
from aecourse.explorers.base.ink import Ink, as_digit


class Paper(traitlets.HasTraits):
    """Something to draw on."""

    ink = Ink()


@given(length=st.integers(0, 8_000).filter(lambda n: n not in (0, 84**2)))
def test_only_whole_drawings(length):
    """84 × 84 bytes or none; else the old drawing stays."""
    paper = Paper(ink=b"\x01" * 84**2)
    with pytest.raises(traitlets.TraitError, match="ink must hold 84² bytes of ink"):
        paper.ink = bytes(length)
    assert paper.ink == b"\x01" * 84**2


def test_a_browsers_buffer_will_do(strokes):
    """The page sends a memoryview; row by row it is the drawing."""
    paper = Paper(ink=memoryview(strokes.tobytes()))
    assert np.array_equal(np.frombuffer(paper.ink, np.uint8).reshape(84, 84), strokes)


def test_as_mnist_stores_it(strokes):
    """In the box of 20 × 20 with its centre of mass in the middle; nothing drawn is an empty digit."""
    assert torch.equal(as_digit(strokes.tobytes()), torch.from_numpy(normalise_digit(strokes))[None])
    for empty in (b"", bytes(84**2)):
        assert torch.equal(as_digit(empty), torch.zeros(1, 784))
