"""Hypothesis strategies for wrong input that a learner may type, and helpers to read the results."""

import copy
import re
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import strategies as st

from aecourse.data import ImageSet
from aecourse.models import Autoencoder

junk = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=2),
    st.complex_numbers(),
    st.binary(max_size=3),
)
not_counts = junk | st.integers(max_value=0)
not_seeds = junk | st.integers(max_value=-1) | st.integers(min_value=2**32)
not_rates = junk.filter(lambda lr: not (isinstance(lr, float) and 0 < lr < float("inf"))) | st.floats(max_value=0)
not_texts = st.none() | st.integers() | st.floats() | st.lists(st.text(max_size=3), max_size=2)
not_functions = st.booleans() | st.integers() | st.text(max_size=5)
not_bools = st.integers() | st.floats() | st.text(max_size=5) | st.none()


def choices_other_than(*accepted: str) -> st.SearchStrategy:
    """Anything but one of these words."""
    return (junk | st.sampled_from([word.upper() for word in accepted])).filter(lambda word: word not in accepted)


def bad_images(features: int) -> st.SearchStrategy:
    """Images that a model ending in a sigmoid must refuse."""
    good = torch.full((3, features), 0.5)
    spoilt = st.sampled_from([float("nan"), float("inf"), -float("inf"), -0.01, 1.01, 255.0])

    def spoil(value: float) -> torch.Tensor:
        x = good.clone()
        x[1, features // 2] = value
        return x

    wrong_shapes = [good[:, :-1], good[0], good[None], good.view(-1)[: features - 1], good[:0], torch.tensor(0.5)]
    wrong_kinds = [good.numpy(), good.tolist(), good.to(torch.uint8), good.int(), good.double(), good.bool()]
    image_set = ImageSet(torch.full((3, 784), 0.5), torch.zeros(3, dtype=torch.int64))
    return st.sampled_from([*wrong_shapes, *wrong_kinds, image_set, None, "x", 3]) | spoilt.map(spoil)


def refuses(name: str, call: Callable, *args, **options) -> str:
    """The message of the ValueError or TypeError that a call must raise, in which the argument is named."""
    with pytest.raises((ValueError, TypeError)) as caught:
        call(*args, **options)
    message = str(caught.value)
    assert re.search(rf"(?<![\w.]){name}\b", message), f"{name!r} is not named in {message!r}"
    assert len(message) > len(name) + 15, f"{message!r} does not say what is accepted"
    return message


def numpy_of(x: torch.Tensor) -> np.ndarray:
    """A tensor as float64, for oracles."""
    return x.detach().cpu().double().numpy()


def state_of(model: Autoencoder) -> dict:
    """A copy of a model's parameters and buffers."""
    return copy.deepcopy(model.state_dict())


def same(a: dict, b: dict) -> bool:
    """Whether two models have equal parameters and buffers, to the last bit."""
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)
