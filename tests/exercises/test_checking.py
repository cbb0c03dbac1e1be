"""Every exercise has a stub, a solution and a check; what an answer is, and what marking leaves untouched."""

from __future__ import annotations

import copy
import functools
import math
import random
import re
from fractions import Fraction

import nbformat
import numpy as np
import pytest
import torch
from helpers import answers, answers_families
from helpers.paths import NOTEBOOKS
from helpers.strategies import junk
from hypothesis import given, strategies as st
from torch import nn
from torch.nn import functional as F

from aecourse.data import load_mnist
from aecourse.exercises import EXERCISES, exercise, mark
from aecourse.exercises.compression import quantised_error
from aecourse.exercises.conversion import AnswerError, as_array, as_number, as_parts, call
from aecourse.records import read_records
from aecourse.zoo import CODE_SIZES

RIGHT = answers.RIGHT | answers_families.RIGHT
FUNCTIONS = [name for name in RIGHT if name not in ("00.1", "00.3", "00.4", "01.4", "02.5", "03.1", "08.1")]
numbers = st.floats(allow_nan=False, allow_infinity=False, width=32)


@functools.cache
def cells(tag: str) -> dict[str, nbformat.NotebookNode]:
    """{exercise: its cell with this tag}, from all notebooks."""
    found = {}
    for path in NOTEBOOKS:
        for cell in nbformat.read(path, as_version=4).cells:
            if tag in cell.metadata.get("tags", []) and "experiment(" not in cell.source:  # nothing marks those
                (name,) = re.findall(r'check\("(\d\d\.\d)"', cell.source)
                assert name.startswith(path.name[:2]), f"{name} stands in {path.name}"
                found[name] = cell
    return found


@functools.cache
def notebook_names() -> dict[str, object]:
    """What the cells above a solution have defined, as far as solutions use it."""
    train, test = load_mnist()
    variances = torch.linalg.eigvalsh(torch.cov(train.x.T, correction=0)).flip(0)
    quality = {"shipped": CODE_SIZES, "valid": train, "quality": lambda k, bits, x: -quantised_error(k, bits)}
    data = {"train": train, "test": test, "eigenvalues": variances}
    return {"math": math, "torch": torch, "nn": nn, "F": F} | data | quality


def outcome_of(cell: nbformat.NotebookNode) -> str:
    """How the answer in this cell is marked now."""
    outcomes = []
    names = notebook_names() | {"check": lambda name, answer: outcomes.append(mark(name, answer).outcome)}
    exec(compile(cell.source, "<cell>", "exec"), names)
    (outcome,) = outcomes
    return outcome


def test_every_exercise_is_in_a_notebook_with_a_solution() -> None:
    """The register, the stubs, the solutions and the tables of answers name the same exercises."""
    assert set(EXERCISES) == set(cells("exercise")) == set(cells("solution")) == set(RIGHT)


@pytest.mark.parametrize("name", sorted(EXERCISES))
def test_untouched_stub_is_not_attempted(name: str) -> None:
    """The stub runs as it is and is called not attempted."""
    assert outcome_of(cells("exercise")[name]) == "not attempted"


@pytest.mark.parametrize("name", sorted(EXERCISES))
def test_shipped_solution_is_right(name: str) -> None:
    """The solution under the bar, unchanged."""
    assert outcome_of(cells("solution")[name]) == "right"


@pytest.mark.parametrize("name", sorted(EXERCISES))
def test_stored_records_say_the_same(name: str) -> None:
    """What a reader of the saved notebook sees: not attempted, then right."""
    for tag, outcome in (("exercise", "not attempted"), ("solution", "right")):
        (record,) = read_records(cells(tag)[name].outputs)
        assert (record["kind"], record["name"], record["outcome"]) == ("exercise", name, outcome)


def test_unknown_and_double_names_are_refused() -> None:
    """Mark names what it knows; registering twice is a mistake."""
    with pytest.raises(ValueError, match=r"name must be one of 00\.1"):
        mark("99.9", 1)
    with pytest.raises(ValueError, match="registered twice"):
        exercise("00.1", "easy")(lambda answer: None)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda *inputs: 1 / 0, "ZeroDivisionError: division by zero (line "),
        (lambda *inputs: print(end=""), "None: is `return` missing?"),
        (lambda *inputs: math.nan, "NaN"),
        (lambda *inputs: (np.array([math.nan]), [torch.tensor(math.nan)]), "NaN"),
        (lambda *inputs: "text", "text in quotes, 'text'"),
        (torch.rand(2, 3), "hand in the function, not its result; got an array of shape (2, 3)"),
        (0.5, "hand in the function, not its result; got 0.5"),
        (nn.Linear, "got the class Linear itself"),
    ],
)
def test_what_is_no_answer_to_any_function_exercise(name: str, answer: object, words: str) -> None:
    """The same sentence for the same mistake, whatever the exercise."""
    marked = mark(name, answer)
    assert marked.outcome in ("not yet", "stopped") and words in marked.hint


@pytest.mark.parametrize("name", sorted(set(RIGHT) - set(FUNCTIONS) - {"02.5", "01.4"}))
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda: 49, "got a function: hand in what it returns"),
        (torch.rand(3), "the answer is one number; got an array of shape (3,)"),
        (True, "got True"),
        (1j, "got 1j"),
        (float("nan"), "NaN"),
        ({"a": 1}, "something of type dict"),
    ],
)
def test_what_is_no_number(name: str, answer: object, words: str) -> None:
    """The same sentence for the same mistake, whatever the exercise."""
    marked = mark(name, answer)
    assert marked.outcome == "not yet" and words in marked.hint


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - {"01.2", "04.6"}))  # inputs to change, a gradient through them
def test_an_answer_may_spoil_its_inputs_and_the_random_state(name: str) -> None:
    """It gets copies, and Python's, NumPy's and torch's random numbers go on as if nothing had been."""

    def rude(*inputs: object) -> object:
        result = copy.deepcopy(RIGHT[name][0](*inputs))
        random.seed(1), np.random.seed(1), torch.manual_seed(1)
        for value in inputs:
            if isinstance(value, torch.Tensor):
                value.zero_()
            elif isinstance(value, nn.Module):
                [p.data.zero_() for p in value.parameters()]
            elif isinstance(value, dict | list):
                value.clear()
        return result

    states = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    assert mark(name, rude).outcome == "right"
    assert states == (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist())


@given(numbers)
def test_numbers_of_every_kind(number: float) -> None:
    """Python, NumPy, torch; alone or in an array with nothing else in it; with a gradient or without."""
    for kind in (
        float,
        np.float32,
        np.float64,
        np.array,
        torch.tensor,
        Fraction,
        lambda n: [n],
        lambda n: np.array([[n]]),
    ):
        assert as_number(kind(number)) == number
    assert as_number(torch.tensor([number], requires_grad=True) * 1) == number
    for kind in (int, np.int64, lambda n: torch.tensor(int(n)) if abs(n) < 2**60 else int(n)):
        assert as_number(kind(max(min(number, 1e15), -1e15))) == int(max(min(number, 1e15), -1e15))
    assert (
        math.isnan(as_number(math.nan)) and as_number(np.float16(0.5)) == as_number(torch.tensor(0.5).bfloat16()) == 0.5
    )


@given(junk.filter(lambda value: type(value) is not float and not (isinstance(value, list) and len(value) == 1)))
def test_what_else_there_is_is_no_number(value: object) -> None:
    """Truth values, texts, complex numbers, None and lists of several or no numbers."""
    with pytest.raises(AnswerError, match=r"^the answer is one number; got "):
        as_number(value)


NO_NUMBERS = [np.bool_(True), np.array(True), torch.tensor(True), np.complex64(1), torch.tensor(1j), np.array("1")]
NO_NUMBERS += [np.zeros(2), torch.zeros(0), np.array([None]), [[1], [2, 3]], abs, nn.Linear, nn.Linear(1, 1), object()]


@pytest.mark.parametrize("value", [*NO_NUMBERS, 10**400])
def test_nor_are_these(value: object) -> None:
    """Each is refused with a sentence."""
    with pytest.raises(AnswerError, match=r"one number; got|floating-point"):
        as_number(value)


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=4))
def test_arrays_of_every_kind(rows: list[tuple[float, float]]) -> None:
    """Nested lists, NumPy's and torch's arrays, lists of tensors with a gradient: the same tensor of float64."""
    expected = torch.tensor(rows, dtype=torch.float64)
    kinds = [rows, [list(row) for row in rows], np.array(rows), np.array(rows, np.float32), torch.tensor(rows)]
    kinds += [torch.tensor(rows).requires_grad_(), [torch.tensor(row).requires_grad_() for row in rows]]
    kinds += [[[torch.tensor(n) for n in row] for row in rows], [np.array(row) for row in rows]]
    for kind in kinds:
        array = as_array(kind, (len(rows), 2))
        assert array.dtype == torch.float64 and not array.requires_grad and torch.equal(array, expected)


def test_shapes_are_named() -> None:
    """Both of them, and that a matrix was only turned round."""
    with pytest.raises(AnswerError, match=r"shape \(3, 2\); it should be \(2, 3\): transpose it"):
        as_array(np.zeros((3, 2)), (2, 3))
    with pytest.raises(AnswerError, match=r"shape \(3,\); it should be \(3, 1\)$"):
        as_array([1, 2, 3], (3, 1))
    with pytest.raises(AnswerError, match=r"2 things: mu, logvar; got an array of shape \(3,\)"):
        as_parts(torch.zeros(3), "mu", "logvar")
    with pytest.raises(AnswerError, match=r"2 things: mu, logvar; got a tuple of 1 thing$"):
        as_parts((1,), "mu", "logvar")


def test_a_function_is_tried_with_tensors_then_with_arrays() -> None:
    """Each try gets fresh copies; if both fail the first error is the one to read."""
    x, tries = torch.ones(3), []

    def numpy_only(x: object) -> object:
        tries.append(type(x))
        x += 1
        return np.flip(x.astype(float))

    assert call(numpy_only, x, before=lambda: tries.append("before")).tolist() == [2, 2, 2]
    assert tries == ["before", torch.Tensor, "before", np.ndarray] and x.tolist() == [1, 1, 1]
    with pytest.raises(AttributeError, match="'Tensor' object has no attribute 'spin'"):
        call(lambda x: x.spin(), x)
