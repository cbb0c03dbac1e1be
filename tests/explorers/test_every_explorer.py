"""Every explorer, without a browser: its settings, what it sends to the page, memory, and what a notebook stores."""

from __future__ import annotations

import base64
import gc
import io
import json

import numpy as np
import psutil
import pytest
import torch
from helpers.captions import captions
from helpers.explorers import EXPLORERS, NOWHERE, places_of, refused, walk
from helpers.strategies import same, state_of
from ipywidgets.widgets.widget import _instances
from matplotlib import pyplot as plt
from PIL import Image
from safetensors.torch import load

from aecourse.explorers import (
    AnomalyExplorer,
    BottleneckExplorer,
    DrawingPad,
    GeneratorExplorer,
    LatentMapExplorer,
    SearchExplorer,
)
from aecourse.explorers.base.ink import Ink
from aecourse.explorers.base.lifetime import return_memory
from aecourse.explorers.base.page import Explorer
from aecourse.models import DenseAutoencoder

MOVED = [name for name in EXPLORERS if name != "training"]  # that one has buttons instead


@pytest.fixture(autouse=True)
def _no_figure_left(no_figure_left):
    """An explorer never touches pyplot."""


@pytest.fixture(scope="module")
def explorers() -> dict[str, Explorer]:
    """One of each, shared by the tests that only move it."""
    return {name: build() for name, build in EXPLORERS.items()}


def computed(explorer: Explorer, settings: dict) -> tuple[dict[str, torch.Tensor], dict[str, float]]:
    """Rows and numbers in torch."""
    with torch.inference_mode():
        return explorer.rows(**settings), explorer.numbers(**settings)


@pytest.mark.parametrize("name", MOVED)
def test_every_setting_at_every_end(explorers, name):
    """Rows of whole pictures and numbers in torch, a sentence from the script; nothing undefined in them."""
    explorer = explorers[name]
    states = list(walk(explorer, steps=20))
    for state in states:
        rows, numbers = computed(explorer, state)
        for row in rows.values():
            assert row.shape[-1] in (784, 256) and len(row) and row.isfinite().all()  # pictures, or one long code
        assert all(isinstance(number, int | float) and not np.isnan(number) for number in numbers.values())
    for sentence in captions(explorer, states):
        assert sentence.endswith((".", "?", ")")), sentence
        assert not any(word in sentence for word in ("undefined", "NaN", "null", "[object")), sentence


@pytest.mark.parametrize("name", MOVED)
def test_wrong_settings_are_named(explorers, name):
    """Beyond either end, between the options, of another kind: the error names the control, which stays."""
    explorer = explorers[name]
    for control, places in places_of(explorer).items():
        trait, wrong = explorer.traits()[control], [None, object(), [places]]
        if type(trait) in NOWHERE:
            wrong.append(NOWHERE[type(trait)])
        if isinstance(places[0], int | float) and not isinstance(trait, Ink):
            wrong += [places[0] - 1, places[-1] + 1, str(places[0])]
        for value in wrong:
            assert control in refused(explorer, control, value)


@pytest.mark.parametrize("name", MOVED)
def test_observers_hear_once(explorers, name):
    """One word for a new value, and it is the new one; none where nothing changes."""
    explorer, heard = explorers[name], []
    before = explorer.settings()

    def hear(change) -> None:
        heard.append(change.new)

    for control, places in places_of(explorer).items():
        explorer.observe(hear, control)
        for value in [places[0], places[-1], places[-1]]:
            expected = [value] if value != getattr(explorer, control) else []
            setattr(explorer, control, value)
            assert heard == expected
            heard.clear()
        explorer.unobserve(hear, control)
        explorer.apply(before)


@pytest.mark.parametrize("name", EXPLORERS)
def test_what_goes_to_the_page(explorers, name):
    """Under 4 MB at once, words as JSON, and what comes later when it is asked for; all of it safetensors."""
    explorer = explorers[name]
    assert sum(map(len, explorer.assets.values())) < 4e6
    json.dumps(explorer.setup, allow_nan=False)
    assert name == "training" or (explorer.assets and explorer.setup)
    for raw in explorer.assets.values():
        assert load(raw)
    kinds = {later.rstrip("0123456789.-"): make for later, make in explorer.later.items()}
    for make in kinds.values():  # one of each kind
        raw = make()
        assert isinstance(raw, bytes) and load(raw)


@pytest.mark.parametrize("name", EXPLORERS)
def test_a_stored_notebook_keeps_a_picture(explorers, name):
    """Words and a PNG beside the live widget."""
    bundle, _ = explorers[name]._repr_mimebundle_()
    assert bundle["text/plain"].startswith(type(explorers[name]).__name__)
    assert "application/vnd.jupyter.widget-view+json" in bundle
    image = Image.open(io.BytesIO(base64.b64decode(bundle["image/png"])))
    assert image.width > 600
    assert len(np.unique(np.asarray(image.convert("L")))) > 50
    assert len(bundle["image/png"]) < 400_000


@pytest.mark.parametrize("name", EXPLORERS)
def test_two_share_no_state(explorers, name):
    """What one is set to, given or asked leaves the other as it was."""
    one, other = explorers[name], EXPLORERS[name]()
    before = one.settings(), one.setup, dict(one.assets), set(one.later)
    for _ in walk(other, steps=0):
        pass
    other.later["another"], other.assets = bytes, other.assets | {"another": b""}
    other.setup = other.setup | {"another": 1}
    if hasattr(other, "open_training"):
        other.open_training()
        assert name == "training" or (one.trainer is None and not one.training)
    assert before == (one.settings(), one.setup, one.assets, set(one.later))
    other.close()


@pytest.mark.parametrize("name", EXPLORERS)
def test_a_closed_one_leaves_nothing_behind(explorers, name):
    """No widget, no data, no observer; closing twice is fine."""
    before, heard = set(_instances), []
    explorer = EXPLORERS[name]()
    explorer.observe(heard.append)
    assert len(_instances) == len(before) + 2  # and its layout
    explorer.close()
    assert set(_instances) == before and explorer.comm is None
    assert not explorer.assets and not explorer.later
    heard.clear()
    for control, places in places_of(explorers[name]).items():
        setattr(explorer, control, places[0])
    assert not heard
    explorer.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", MOVED)
def test_memory_does_not_grow(explorers, name):
    """At most 5 kB a change over 200 of them, after the first round has filled the caches."""
    explorer, process = explorers[name], psutil.Process()

    def memory(changes: int) -> int:
        while changes > 0:
            for state in walk(explorer, steps=0):
                computed(explorer, state)
                changes -= 1
        gc.collect()
        return_memory()  # what is free again is no growth
        return process.memory_info().rss

    before = memory(1)
    assert memory(200) - before <= 200 * 5_000
    assert plt.get_fignums() == []


KINDS = (DrawingPad, LatentMapExplorer, BottleneckExplorer, SearchExplorer, AnomalyExplorer, GeneratorExplorer)


@pytest.mark.parametrize("kind", KINDS)
def test_a_network_of_ones_own_is_left_alone(kind):
    """In its mode, with its weights, without gradients."""
    torch.manual_seed(0)
    model = DenseAutoencoder(2, hidden=(8,), batch_norm=True).train()
    before = state_of(model)
    explorer = kind(model=model)
    explorer.static_png()
    for state in walk(explorer, steps=0):
        computed(explorer, state)
    assert model.training and same(state_of(model), before)
    assert all(weight.grad is None for weight in model.parameters())
