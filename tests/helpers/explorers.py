"""All explorers, and the values that their controls accept."""

from __future__ import annotations

import ast
import contextlib
import functools
import random
import re
from collections.abc import Iterator

import numpy as np
import pytest
import torch
import traitlets

from aecourse.device import own_random_numbers
from aecourse.explorers import (
    AnomalyExplorer,
    BottleneckExplorer,
    ContractionExplorer,
    DrawingPad,
    GeneratorExplorer,
    LatentMapExplorer,
    RepairExplorer,
    SearchExplorer,
    SparsityExplorer,
    SpiralExplorer,
    StackExplorer,
    TrainingExplorer,
)
from aecourse.explorers.base.ink import Ink
from aecourse.explorers.base.page import Choice, Explorer, Raw, Real, Whole
from aecourse.explorers.spiral import PointDenoiser

EXPLORERS = {
    "bottleneck": BottleneckExplorer,
    "latent map": LatentMapExplorer,
    "drawing pad": DrawingPad,
    "training": TrainingExplorer,
    "stack": StackExplorer,
    "generator, map": GeneratorExplorer,
    "generator, twenty": functools.partial(GeneratorExplorer, "twenty"),
    "generator, between": functools.partial(GeneratorExplorer, "between"),
    "sparsity": SparsityExplorer,
    "repair": RepairExplorer,
    "spiral": SpiralExplorer,
    "contraction": ContractionExplorer,
    "search": SearchExplorer,
    "anomaly": AnomalyExplorer,
}
NOWHERE = {Whole: -(10**9), Real: -1e9, traitlets.Unicode: "nothing", Choice: "nothing"}


def places_of(explorer: Explorer) -> dict[str, list]:
    """For each control its lowest, present and highest value, or all it accepts."""
    return {name: _places(explorer, name) for name in explorer.controls}


def refused(explorer: Explorer, name: str, value: object) -> str:
    """Return the error for a value that a control does not accept; the control keeps its own value."""
    before = getattr(explorer, name)
    with pytest.raises(traitlets.TraitError) as error:
        setattr(explorer, name, value)
    assert getattr(explorer, name) == before
    return str(error.value)


def walk(explorer: Explorer, steps: int) -> Iterator[dict]:
    """Move each control to each of its places and back, then any to anywhere; yield the settings each time."""
    before, places, rng = explorer.settings(), places_of(explorer), random.Random(0)
    moves = [(name, value) for name, values in places.items() for value in (*values, before[name])]
    for name in rng.choices(list(places), k=steps) if places else ():
        moves.append((name, rng.choice(places[name])))
    for name, value in moves:
        with contextlib.suppress(traitlets.TraitError):  # such as a strength that another damage does not have
            setattr(explorer, name, value)
        yield explorer.settings()
    explorer.apply(before)


def _places(explorer: Explorer, name: str) -> list:
    trait, value = explorer.traits()[name], getattr(explorer, name)
    if isinstance(trait, Ink):
        stroke = np.zeros((84, 84), np.uint8)
        stroke[20:70, 40:48] = 255
        return [b"", bytes(84**2), stroke.tobytes(), b"\xff" * 84**2, bytes([1, *bytes(84**2 - 2), 1])]
    if isinstance(trait, Raw):
        with own_random_numbers(seed=0):
            untrained = PointDenoiser(torch.ones(2)).parameters()
        return [b"", b"".join(part.detach().numpy().tobytes() for part in untrained)]
    if isinstance(trait, Choice):
        return list(trait.values)
    if isinstance(trait, traitlets.List):
        part = trait._trait
        return [[part.min] * len(value), value, [part.max] * len(value)]
    if np.isfinite(getattr(trait, "max", None) or np.inf):
        return [trait.min, value, trait.max]
    words = refused(explorer, name, NOWHERE[type(trait)])  # other values are checked by a validator, which names them
    if options := re.search(r"must be one of (\(.*?\));", words):
        return list(ast.literal_eval(options[1]))
    low, high = (type(value)(end) for end in re.search(r"must be from (\S+) to (\S+);", words).groups())
    return [low, value, high]
