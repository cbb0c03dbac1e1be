"""Every explorer, without a browser: each control at its ends, storms, memory, and what a stored notebook keeps."""

import base64
import gc
import io
import itertools
import random
import threading

import numpy as np
import psutil
import pytest
import torch
from helpers.strategies import alt_in, caption_in, picture_in, places_of
from matplotlib import pyplot as plt
from PIL import Image

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
    StackExplorer,
    TrainingExplorer,
)
from aecourse.explorers.base.lifetime import return_memory
from aecourse.explorers.generator import BetweenDigits, PriorMap, TwentyNumbers
from aecourse.models import DenseAutoencoder

EXPLORERS = {
    "bottleneck": BottleneckExplorer,
    "latent map": LatentMapExplorer,
    "drawing pad": DrawingPad,
    "training": TrainingExplorer,
    "stack": StackExplorer,
    "generator": GeneratorExplorer,
    "generator map": PriorMap,
    "generator twenty": TwentyNumbers,
    "generator between": BetweenDigits,
    "sparsity": SparsityExplorer,
    "repair": RepairExplorer,
    "contraction": ContractionExplorer,
    "search": SearchExplorer,
    "anomaly": AnomalyExplorer,
}
MOVED = (
    "bottleneck",
    "latent map",
    "drawing pad",
    "stack",
    "generator map",
    "generator twenty",
    "generator between",
    "sparsity",
    "repair",
    "contraction",
    "search",
    "anomaly",
)  # those whose controls change the picture at once


@pytest.fixture(autouse=True)
def _no_figure_left(no_figure_left):
    """An explorer never touches pyplot."""


@pytest.fixture(scope="module")
def explorers() -> dict:
    """One of each, shared by the tests that only move it."""
    return {name: build() for name, build in EXPLORERS.items()}


def controls_of(explorer) -> dict:
    """Everything a learner can set."""
    if isinstance(explorer, TrainingExplorer):
        return {"setting": explorer.setting, "epochs": explorer.epochs, "lr": explorer.lr}
    return explorer.controls


def agrees(explorer) -> bool:
    """Whether picture, alt text and caption are what the present values ask for."""
    with torch.inference_mode():
        picture, words = explorer.render(**explorer.settings()), explorer.describe(**explorer.settings())
    assert picture.dtype == np.uint8
    assert picture.ndim == 2
    return (
        np.array_equal(picture_in(explorer), picture)
        and alt_in(explorer) == words
        and caption_in(explorer) == ("status", words)
    )


@pytest.mark.parametrize("name", EXPLORERS)
def test_every_control_at_every_end(explorers, name):
    """Lowest, present, highest and every option, in every combination, give a picture and words that agree."""
    explorer = explorers[name]
    controls = controls_of(explorer)
    before = {key: control.value for key, control in controls.items()}
    for values in itertools.product(*map(places_of, controls.values())):
        for control, value in zip(controls.values(), values, strict=True):
            control.value = value
        assert agrees(explorer), dict(zip(controls, values, strict=True))
    for key, value in before.items():
        controls[key].value = value
    assert agrees(explorer)


@pytest.mark.parametrize("name", EXPLORERS)
def test_a_stored_notebook_keeps_a_picture(explorers, name):
    """Words and a PNG beside the live widget."""
    bundle = explorers[name]._repr_mimebundle_()
    assert bundle["text/plain"].startswith(type(explorers[name]).__name__)
    assert "application/vnd.jupyter.widget-view+json" in bundle
    image = Image.open(io.BytesIO(base64.b64decode(bundle["image/png"])))
    assert image.width > 600
    assert len(np.unique(np.asarray(image.convert("L")))) > 50
    assert len(bundle["image/png"]) < 400_000


@pytest.mark.parametrize("name", EXPLORERS)
def test_every_control_has_words(explorers, name):
    """Each slider has a labelled box, each box, list and button its own label."""

    def walk(widget):
        yield widget
        for child in getattr(widget, "children", ()):
            yield from walk(child)

    parts = list(walk(explorers[name]))
    for part in parts:
        if hasattr(part, "children"):  # a row of controls, whose own come later
            continue
        if "Slider" in type(part).__name__ and not part.description:
            (row,) = [box for box in parts if part in getattr(box, "children", ())]
            assert any("Text" in type(near).__name__ and near.description for near in row.children)
        elif any(kind in type(part).__name__ for kind in ("Text", "Dropdown", "Button", "Slider")):
            assert part.description.strip()


@pytest.mark.parametrize("name", MOVED)
def test_errors_surface_and_pass(explorers, name, monkeypatch):
    """An error in a drawing is said as an alert, and the next good value recovers."""
    explorer = explorers[name]
    slider = next(control for control in explorer.controls.values() if hasattr(control, "min"))
    slider.value = slider.min
    with monkeypatch.context() as patch:
        patch.setattr(explorer, "render", lambda **controls: [][0])
        slider.value = slider.max
        assert caption_in(explorer) == ("alert", "IndexError: list index out of range")
    slider.value = slider.min
    assert agrees(explorer)


@pytest.mark.parametrize("name", MOVED)
def test_a_storm_ends_on_the_last_value(explorers, name):
    """1,000 events from four threads on all controls at once."""
    explorer = explorers[name]
    failures = []

    def storm(seed: int) -> None:
        chance = random.Random(seed)
        try:
            for _ in range(250):
                control = chance.choice(list(explorer.controls.values()))
                control.value = chance.choice(places_of(control))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=storm, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert agrees(explorer)


@pytest.mark.slow
@pytest.mark.parametrize("name", MOVED)
def test_memory_does_not_grow(explorers, name):
    """At most 5 kB an event, after the first have filled the caches; `make bench` goes on for 1,000 events."""
    explorer, process, chance = explorers[name], psutil.Process(), random.Random(0)
    places = {control: places_of(control) for control in explorer.controls.values()}
    for control, values in places.items():
        for control.value in values:
            pass

    def events(count: int) -> int:
        for _ in range(count):
            control = chance.choice(list(places))
            if isinstance(places[control][0], int | float) and not hasattr(control, "options"):
                low, _, high = places[control]
                control.value = type(low)(chance.uniform(low, high))
            else:
                control.value = chance.choice(places[control])
        gc.collect()
        return_memory()  # what is free again is no growth
        return process.memory_info().rss

    before = events(20)
    assert events(100) - before <= 100 * 5_000
    assert agrees(explorer)
    assert plt.get_fignums() == []


def test_callbacks_keep_no_gradients(explorers):
    """What is drawn on another thread builds no graph and leaves every model's mode alone."""
    model = DenseAutoencoder(4, hidden=(8,)).train()
    codes = []
    model.encoder.register_forward_hook(lambda layer, x, z: codes.append(z))
    DrawingPad(model).ink.value = places_of(explorers["drawing pad"].ink)[2]
    assert codes
    assert all(z.is_inference() for z in codes)
    assert model.training
