"""Right answers of every kind are right, and each likely wrong one gets its own hint."""

from __future__ import annotations

import pytest
import torch
from helpers import answers, answers_families
from helpers.answers import ByData, Tied

from aecourse.exercises import EXERCISES, mark

RIGHT = answers.RIGHT | answers_families.RIGHT
WRONG = answers.WRONG | answers_families.WRONG


def handed_in(name: str, answer: object) -> object:
    """The answer, made now where making it takes a while: the table then holds a function that makes it."""
    return answer() if name in ("00.3", "02.5") and callable(answer) else answer


def test_every_exercise_is_tried() -> None:
    """Three wrong answers at least for each exercise, and right ones."""
    assert set(RIGHT) == set(WRONG) == set(EXERCISES)
    assert all(len(answers) >= 3 for answers in WRONG.values())


@pytest.mark.parametrize(("name", "answer"), [(name, answer) for name in RIGHT for answer in RIGHT[name]])
def test_right_answers_of_every_kind_are_right(name: str, answer: object) -> None:
    """In Python, NumPy and torch."""
    marked = mark(name, handed_in(name, answer))
    assert (marked.outcome, marked.hint) == ("right", "")


@pytest.mark.parametrize(("name", "answer", "words"), [(name, *wrong) for name in WRONG for wrong in WRONG[name]])
def test_a_wrong_answer_gets_its_own_hint(name: str, answer: object, words: str) -> None:
    """The hint says what is wrong with this one."""
    marked = mark(name, handed_in(name, answer))
    assert marked.outcome in ("not yet", "stopped")
    assert words in marked.hint


@pytest.mark.parametrize("answer", [Tied, ByData])
def test_marking_leaves_a_model_as_it_was(answer: type[Tied]) -> None:
    """Weights, gradients and mode of a learner's network are hers."""
    model = answer()
    model.decode(model.encode(torch.rand(2, 784))).sum().backward()
    model.inward.eval()
    before = {name: (p.detach().clone(), p.grad.clone()) for name, p in model.named_parameters()}
    mark("02.5", model)
    assert model.training and not model.inward.training
    for name, p in model.named_parameters():
        assert torch.equal(p, before[name][0]) and torch.equal(p.grad, before[name][1])
