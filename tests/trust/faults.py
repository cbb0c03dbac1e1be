"""Kinds of wrong and unusual arguments, and what is wrong with how a call takes one."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from helpers.strategies import refuses
from torch._subclasses.fake_tensor import FakeTensorMode

from aecourse.data import (
    ImageSet,
)
from aecourse.evaluation.gabor import Gabor

GPU = FakeTensorMode()  # a pretended one
SET = ImageSet(torch.full((3, 784), 0.5), torch.zeros(3, dtype=torch.int64))


def spoilt(x: torch.Tensor, value: float) -> torch.Tensor:
    """A copy with one number replaced."""
    x = x.clone(memory_format=torch.contiguous_format)
    x.view(-1)[(x.numel() // 2 + 5) % x.numel()] = value  # no pixel of the edge
    return x


def inference(x: torch.Tensor) -> torch.Tensor:
    """A tensor that autograd may not record."""
    with torch.inference_mode():
        return x.clone()


def pretend_cuda(x: torch.Tensor) -> torch.Tensor:
    """A tensor that says it is on a GPU."""
    with GPU:
        return torch.empty(x.shape, dtype=x.dtype, device="cuda")


def strided(x: torch.Tensor) -> torch.Tensor:
    """The same numbers, every second of a larger memory."""
    return torch.stack([x, x], -1)[..., 0]


def instead(*values: object) -> dict[str, Callable]:
    """Values that take the place of an argument, each under its own text."""
    return {str(value): lambda _, value=value: value for value in values}


def without(faults: dict[str, Callable], *names: str) -> dict[str, Callable]:
    """Faults but those that are none for this argument."""
    return {fault: made for fault, made in faults.items() if fault not in names}


def only(*tables: dict[str, Callable]) -> dict[str, Callable]:
    """Faults of several kinds."""
    return {fault: made for table in tables for fault, made in table.items()}


KINDS = {  # what is no tensor
    "list": lambda x: x.tolist(),
    "numpy": lambda x: x.numpy(),
    "none": lambda x: None,
    "text": lambda x: "x",
    "number": lambda x: 3,
    "set": lambda x: SET,
}
PLACES = {
    "sparse": lambda x: x.to_sparse(),
    "meta": lambda x: x.to("meta"),
    "cuda": pretend_cuda,
    "nested": lambda x: torch.nested.nested_tensor([x, x]),
}
SHAPES = {
    "1-D": lambda x: x[0],
    "3-D": lambda x: x[None],
    "0-D": lambda x: x.sum(),
    "narrow": lambda x: x[..., :-1],
    "no width": lambda x: x[..., :0],
}
TYPES = {
    "float64": torch.Tensor.double,
    "float16": torch.Tensor.half,
    "int": torch.Tensor.int,
    "bool": torch.Tensor.bool,
    "float8": lambda x: x.to(torch.float8_e4m3fn),
}
VALUES = {
    "nan": lambda x: spoilt(x, math.nan),
    "inf": lambda x: spoilt(x, math.inf),
    "-inf": lambda x: spoilt(x, -math.inf),
    "enormous": lambda x: spoilt(x, 1e30),
}
SAME = {"strided": strided, "inference": inference}  # must give the same numbers
TENSOR = {**KINDS, **PLACES, **SHAPES, **TYPES, **VALUES, **SAME, "empty": lambda x: x[:0], "one": lambda x: x[:1]}
VECTOR = {**{name: TENSOR[name] for name in (*KINDS, *PLACES, *TYPES, *VALUES, *SAME)}, "empty": lambda x: x[:0]}
ON_CPU = {fault: made for fault, made in TENSOR.items() if fault != "cuda"}  # of another device too, but not pretended
VECTOR_ON_CPU = {fault: made for fault, made in VECTOR.items() if fault != "cuda"}
ARRAY = {
    **{name: KINDS[name] for name in ("none", "text", "set")},
    "sparse": PLACES["sparse"],
    "meta": PLACES["meta"],
    "0-D": SHAPES["0-D"],
    **VALUES,
    **SAME,
    "numpy": KINDS["numpy"],
    "list": KINDS["list"],
    "float64": torch.Tensor.double,
    "empty": lambda x: x[:0],
    "masked": lambda x: np.ma.masked_array(x.numpy(), (x == x.max()).numpy()),
    "negative bit": lambda x: torch.complex(x, -x).conj().imag,
}
WHOLE = {
    **instead(True, None, "3", 2.5, math.nan, math.inf, -1, 10**30),
    "array": lambda x: np.array([x]),
    "complex": lambda x: 1j,
    "int64": np.int64,
    "0-D number": torch.tensor,
    "meta": lambda x: torch.tensor(x, device="meta"),
}
REAL = {
    **instead(True, None, "3", math.nan, math.inf, -1.0, 1e308),
    "in a list": lambda x: [x],
    "complex": lambda x: 1j,
    "float32": np.float32,
    "0-D number": torch.tensor,
    "meta": lambda x: torch.tensor(x, device="meta"),
}
CLASSES = {  # labels
    **{name: KINDS[name] for name in ("none", "text", "set")},
    "sparse": PLACES["sparse"],
    "meta": PLACES["meta"],
    "0-D": SHAPES["0-D"],
    "one-hot": lambda x: torch.eye(3)[x],
    "float": lambda x: x + 0.5,
    "short": lambda x: x[1:],
    "negative": lambda x: x - 1,
    "beyond": lambda x: x + 7,
    "empty": lambda x: x[:0],
    "strided": strided,
}
POSITIONS = {
    **{name: made for name, made in CLASSES.items() if name != "one-hot"},
    "numpy": lambda x: x.numpy(),
    "list": lambda x: x.tolist(),
}
BYTES = {
    "none": lambda x: None,
    "text": lambda x: "x",
    "list": lambda x: x.tolist(),
    "tensor of bytes": torch.from_numpy,
    "1-D": lambda x: x[0],
    "int": lambda x: x.astype(int),
    "narrow": lambda x: x[:, :-1],
    "empty": lambda x: x[:0],
    "no width": lambda x: x[:, :0],
    "strided": lambda x: np.stack([x, x], -1)[..., 0],
}
SIZES = {
    **instead(None, 3, "x", b"x", [0], [-1], [2.5], [True]),
    **instead([10**30], [None], [math.nan], {3}),
    "array": lambda x: np.array([[3]]),
    "int64": lambda x: [np.int64(size) for size in x],
    "0-D number": lambda x: [torch.tensor(size) for size in x],
}
ZERO = {"0": lambda x: 0}
CHOICE = {
    **instead(None, 3, "x", b"x", True, math.nan),
    "capitals": str.upper,
    "list": lambda x: [x],
}
FLAG = {
    **instead(None, "x", 1, 0.0, math.nan),
    "bool_": np.bool_,
}
FUNCTION = {"text": lambda f: "x", "number": lambda f: 3}
DEVICE = instead("x", 3, "gpu", b"cpu", "cpu:x", ["cpu"], math.nan)
NO_WORDS = instead(None, 3, ["x"], b"x", math.nan, "")
NO_PATH = instead(None, 3, b"x", math.nan)
NO_NUMBER = instead("x", [1, 2], 1j, [], {}, True)
NO_AXES = {"text": lambda x: "x", "number": lambda x: 3, "figure": lambda x: x.figure}
NO_CURVES = {
    **instead(None, 3, "x", {}, [], {"a": 3}, {"a": None}, {"a": ()}),
    "nan": lambda x: {"a": (math.nan, [1.0])},
    "no runs": lambda x: {"a": {1: torch.zeros(0)}},
}
SPACES = {
    "dependent": lambda x: torch.stack([x[:, 0], 2 * x[:, 0]], 1),
    "zero column": lambda x: x * torch.tensor([0.0] + [1.0] * (x.shape[1] - 1)),
}
NETWORK = {"none": lambda m: None, "text": lambda m: "x", "class": type, "function": lambda m: m.forward}
WORKS = {*SAME, "int64", "float32", "0-D number", "bool_", "negative bit"}
EQUAL = {"numpy", "list", "float64"}  # what else an array may be


@dataclass
class Row:
    """One function with arguments that suit it.

    `faults` says which faults each argument is given; `same` names those that must change nothing, `fine` those that
    may work, with NaN for NaN, whatever they give.
    """

    call: Callable
    good: dict[str, object]
    faults: dict[str, dict[str, Callable]]
    same: set[str] = field(default_factory=lambda: set(WORKS))
    fine: set[str] = field(default_factory=set)
    spoken: dict[str, tuple[str, ...]] = field(default_factory=dict)  # the names of which a message uses one


def unclear(names: tuple[str, ...], error: Exception) -> str:
    """What is unclear about an error, or ""."""

    def again() -> None:
        raise ValueError(str(error)) if isinstance(error, FloatingPointError) else error

    for name in names:
        try:
            refuses(name, again)
            return ""
        except BaseException:  # pytest's Failed among them
            continue
    return f"is unclear: {error!r}"


def agree(found: object, expected: object) -> None:
    """Whether two answers are the same, but for rounding."""
    if isinstance(found, Gabor):
        found, expected = found.picture, expected.picture
    if found is None or isinstance(found, str | list):
        assert found == expected
    elif isinstance(found, np.ndarray):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    else:
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5, equal_nan=True)


def trial(row: Row, name: str, fault: str, expected: object) -> str:
    """What is wrong with what one faulty argument does, or ""."""
    arguments = {**row.good, name: row.faults[name][fault](row.good[name])}
    works = fault in row.same
    try:
        found = row.call(**arguments)
    except Exception as error:
        return f"should work, says {error!r}" if works else unclear(row.spoken.get(name, (name,)), error)
    if works:
        try:
            agree(found, expected)
        except AssertionError as error:
            return f"gives another answer: {str(error).strip()[:200]}"
        return ""
    if fault not in row.fine or (fault == "nan" and sees_nothing(found)):
        return f"passes in silence: {str(found)[:60]}"
    return ""


def sees_nothing(found: object) -> bool:
    """Whether an answer to NaN holds finite numbers only, as if all were well."""
    found = found if isinstance(found, tuple) else found.values() if isinstance(found, dict) else [found]
    numbers = [part for part in found if isinstance(part, torch.Tensor) and part.is_floating_point()]
    return bool(numbers) and all(part.isfinite().all() for part in numbers)
