"""Boxes for whole numbers: what the browser sends is taken or put back, and an explorer says why."""

import pytest
from helpers.strategies import caption_in

from aecourse.explorers import BottleneckExplorer, ContractionExplorer, SparsityExplorer
from aecourse.explorers.base.controls import WholeNumberText, number_box
from aecourse.explorers.base.lifetime import parts


@pytest.fixture
def box() -> WholeNumberText:
    """A box whose messages to the browser are kept in `sent`."""
    box = number_box(5, 9, "digit")
    box.sent = []
    box.send_state = lambda key=None: box.sent.append((key, box.value))
    return box


def test_a_whole_number_is_taken(box):
    """As it comes, also written as 7.0; beyond the end it becomes the last."""
    for typed, taken in ((3, 3), (7.0, 7), (50, 9), (-1, 0)):
        box.set_state({"value": typed})
        assert (box.value, type(box.value), box.refusal) == (taken, int, "")


@pytest.mark.parametrize("typed", [3.7, -0.5, 1e-9, 8.999])
def test_a_fraction_is_put_back_with_a_word(box, typed):
    """The old number stays, the browser is told of it, and each refusal is heard, also twice the same."""
    heard = []
    box.observe(lambda change: heard.append(change.new), "refusal")
    for _ in range(2):
        box.set_state({"value": typed})
    assert box.value == 5 and ("value", 5) in box.sent
    words = f"Digit must be a whole number; {typed:g} is not. Still 5."
    assert [word for word in heard if word] == [words, words]


@pytest.mark.parametrize("build", [BottleneckExplorer, ContractionExplorer, SparsityExplorer])
def test_an_explorer_says_it_under_the_picture(build):
    """Every box for whole numbers in it, as an alert; the next number takes the words away."""
    explorer = build()
    boxes = [box for box in parts(explorer) if isinstance(box, WholeNumberText)]
    assert boxes and not [b for b in parts(explorer) if b._view_name == "IntTextView"]
    for box in boxes:
        before = box.value
        box.set_state({"value": 3.7})
        role, words = caption_in(explorer)
        assert role == "alert" and words == f"{box.description.capitalize()} must be a whole number; 3.7 is not. " + (
            f"Still {before}."
        )
        box.set_state({"value": before + 1 if before < box.max else before - 1})
        assert caption_in(explorer)[0] == "status"
