"""The argument checks that every other module leans on: what passes comes back, what does not is named."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from helpers.strategies import junk, not_bools, refuses
from hypothesis import assume, example, given, strategies as st

from aecourse.checks import check_choice, check_flag, check_number, check_whole

not_numbers = junk.filter(lambda value: isinstance(value, bool) or not isinstance(value, float | int))
bounds = st.floats(-1e6, 1e6)


@given(minimum=st.integers(-9, 9), span=st.integers(0, 9), value=st.integers(-20, 20))
def test_whole_numbers(minimum, span, value):
    """Both ends belong to what is accepted, and the message names them."""
    for maximum in (minimum + span, None):
        if minimum <= value and (maximum is None or value <= maximum):
            assert check_whole("count", value, minimum=minimum, maximum=maximum) == value
        else:
            message = refuses("count", check_whole, "count", value, minimum=minimum, maximum=maximum)
            assert f"{minimum}" in message
            assert maximum is None or f"from {minimum} to {maximum}" in message
            assert message.endswith(f"got {value}")


@given(value=junk | st.sampled_from([2.0, np.float64(2), torch.tensor(2.0), np.array([2]), torch.tensor([2]), "2"]))
@example(value=True)
@example(value=np.True_)
@example(value=torch.tensor(True))
def test_what_is_no_whole_number(value):
    """2.0, "2" and True are none; the kind that came is said."""
    assert type(value).__name__ in refuses("count", check_whole, "count", value)


@pytest.mark.parametrize("kind", [int, np.int8, np.uint64, np.array, torch.tensor])
def test_whole_numbers_of_every_library(kind):
    """What comes back is an int, so that a file can store it."""
    assert type(check_whole("count", kind(3))) is int
    assert check_whole("count", kind(3)) == 3
    refuses("count", check_whole, "count", kind(3), maximum=2)


@pytest.mark.parametrize("kind", [float, np.float32, np.array, torch.tensor, Fraction])
def test_numbers_of_every_library(kind):
    """What comes back is a float."""
    assert type(check_number("lr", kind(0.5))) is float
    assert check_number("lr", kind(0.5)) == 0.5
    refuses("lr", check_number, "lr", kind(0.5), maximum=0.25)


@given(value=st.floats() | st.integers(), minimum=bounds, maximum=bounds)
@example(value=0.0, minimum=0.0, maximum=1.0)
@example(value=1, minimum=0.0, maximum=1.0)
@example(value=math.inf, minimum=0.0, maximum=1.0)
def test_numbers(value, minimum, maximum):
    """Finite ones between the ends; the ends count unless they are open."""
    assume(minimum < maximum)
    for open_ends in (False, True):
        for upper in (maximum, math.inf):
            settings = {"minimum": minimum, "maximum": upper, "open_ends": open_ends}
            inside = minimum < value < upper if open_ends else minimum <= value <= upper
            if inside and math.isfinite(value):
                number = check_number("lr", value, **settings)
                assert (type(number), number) == (float, value)
            else:
                refuses("lr", check_number, "lr", value, **settings)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "a finite number from 0 up;"),
        ({"maximum": 5}, "a finite number from 0 to 5;"),
        ({"open_ends": True}, "a finite number above 0;"),
        ({"minimum": -1, "open_ends": True}, "a finite number above -1;"),
        ({"maximum": 1, "open_ends": True}, "a finite number strictly between 0 and 1;"),
    ],
)
def test_the_accepted_numbers_in_words(settings, words):
    """A learner reads what to type."""
    assert words in refuses("rho", check_number, "rho", -7, **settings)


@given(value=not_numbers)
@example(value=True)
@example(value="0.1")
def test_what_is_no_number(value):
    """A TypeError that says what came."""
    with pytest.raises(TypeError, match="lr must be a finite number"):
        check_number("lr", value)


def test_numbers_out_of_all_bounds():
    """NaN, infinity and a whole number too large for a float are refused like any other."""
    for value in (math.nan, math.inf, -math.inf, 10**400, -(10**400)):
        refuses("lr", check_number, "lr", value, minimum=-10.0)


@given(choice=junk)
def test_choices(choice):
    """Every word that may be chosen is in the message."""
    message = refuses("noise", check_choice, "noise", choice, ("salt", "pepper"))
    assert "salt, pepper" in message
    assert check_choice("noise", "salt", ("salt", "pepper")) == "salt"


@given(value=not_bools)
def test_flags(value):
    """0 and 1 are no flags."""
    refuses("clip", check_flag, "clip", value)
    assert check_flag("clip", True) is True
    assert check_flag("clip", False) is False
