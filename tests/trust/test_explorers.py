"""What can go wrong with an explorer: values that no control accepts, messages that no page of ours sends, storms."""

from __future__ import annotations

import functools
import gc
import inspect
import itertools
import math
import random
import re
from collections.abc import Iterator

import numpy as np
import psutil
import pytest
import torch
import traitlets
from helpers.explorers import EXPLORERS, places_of
from helpers.parity import random_ink
from helpers.strategies import refuses
from ipywidgets import Widget
from trust.rows import Row, row

from aecourse.data import PIXELS, ImageSet, load_mnist
from aecourse.explorers import (
    DemoBoard,
    DrawingPad,
    GeneratorExplorer,
    PictureUpload,
    RepairExplorer,
    SearchExplorer,
    TrainingExplorer,
)
from aecourse.explorers.base.ink import Ink
from aecourse.explorers.base.lifetime import return_memory
from aecourse.explorers.base.page import Explorer
from aecourse.models import DenseAutoencoder

JUNK = (
    *(None, math.nan, math.inf, 1e9, -1, 10**12, 10**400, True, 0.5, "", "x", b"", b"x"),
    *([], [1, 2], [math.nan] * 16, [9.0] * 16, {}, (1, 2), object()),
    *(np.float32(1), np.zeros(3), torch.tensor(1), [None] * 2, [math.nan] * 2, bytearray(3)),
    *(np.full(2402, weight, np.float32).tobytes() for weight in (math.nan, 1e30, 1e6, 1)),  # as many as the spiral's
)
MESSAGES = (
    *({}, {"want": None}, {"want": [1]}, {"want": {}}, {"want": "nothing"}),
    *({"run": "nothing"}, {"run": None, "part": "encoder", "n": 1, "key": "a"}, {"run": "x", "n": -1}, {"run": [1]}),
    *({"files": ["a.png"]}, {"files": None}, {"files": 3}, {"files": [1]}),
    *({"choose": {"lr": math.nan}}, {"choose": None}, {"choose": [1]}, {"choose": {"x": 1}}),
    *({"choose": {"epochs": True}}, {"choose": {"seed": 3, "lr": "x"}}),
    *({"turn": "x"}, {"go": 99}, {"ready": None}, {"apply": [1]}),
    *([], "x", None, 3, b"x", ["run"], "want"),
)  # fmt: skip
STATES = ({"assets": {}}, {"setup": None}, {"controls": []}, {"notice": 3}, {"still": None}, {"training": {"label": 1}})
MEMORY = 5.0  # megabytes that a storm may leave behind
RARE = 500  # so many events to one that builds the explorer anew, or that trains


@pytest.fixture(scope="module", params=EXPLORERS)
def explorer(request):
    """Each of them, as it starts."""
    built = EXPLORERS[request.param]()
    built.send = lambda *_: None
    yield built
    built.close()


def test_a_state_that_cannot_be_is_refused(explorer):
    """In words that name the control; the last good state stays. What is accepted can be shown."""
    for control, value in itertools.product(explorer.controls, JUNK):
        before = explorer.settings()
        try:
            setattr(explorer, control, value)
        except traitlets.TraitError as error:
            assert control in str(error)
            assert explorer.settings() == before, (control, value)
        else:
            assert not wrong(explorer), (control, value)
            explorer.apply(before)


def test_a_message_that_nobody_sends_changes_nothing(explorer):
    """Neither an exception, which would land in some cell, nor another state."""
    before = explorer.settings()
    for message in MESSAGES:
        told(explorer, message)
    assert explorer.settings() == before


def test_a_page_gets_back_the_last_good_state(explorer, monkeypatch):
    """What it had set is refused in words; and what is no control it cannot set."""
    before, sent = explorer.settings(), []
    monkeypatch.setattr(explorer, "send_state", lambda key=None: sent.append(key))
    for control in explorer.controls:
        explorer.set_state(before | {control: object()})
        assert control in explorer.notice and explorer.settings() == before
        assert set(explorer.controls) in map(set, filter(lambda key: isinstance(key, list), sent))
    state = {name: getattr(explorer, name) for name in ("assets", "setup", "controls")}
    for wrong_state in STATES:
        explorer.set_state(wrong_state)
    assert state == {name: getattr(explorer, name) for name in state} and explorer.settings() == before


def test_a_preset_is_set_whole_or_not_at_all(explorer):
    """A second value that is refused leaves the first one as it was; a name that is no control is named."""
    before = explorer.settings()
    for control, places in places_of(explorer).items():
        for other in before.keys() - {control}:
            with pytest.raises(traitlets.TraitError, match=other):
                explorer.apply({control: places[0], other: object()})
            assert explorer.settings() == before
    if before:
        with pytest.raises(ValueError, match="nothing_such"):
            explorer.apply({"nothing_such": 1})


@pytest.mark.parametrize("preset", [None, 3, "x", [1], {2: 3}])
def test_a_preset_is_a_dict(explorer, preset):
    """Whoever gives another thing reads what is accepted."""
    with pytest.raises((TypeError, ValueError), match="preset"):
        explorer.apply(preset)


@pytest.mark.parametrize("value", [True, torch.tensor(True), np.array([1, 2]), torch.tensor(1.0, device="meta"), "x"])
@pytest.mark.parametrize(
    ("build", "name"),
    [
        (lambda value: GeneratorExplorer(beta=value), "beta"),
        (lambda value: SearchExplorer(k=value), "k"),
        (lambda value: TrainingExplorer(setup=value), "setup"),
        (lambda value: DrawingPad(DenseAutoencoder(2, hidden=()).to("meta")), "model"),
    ],
)
def test_an_explorer_is_not_built_of_nonsense(build, name, value):
    """The argument is named before any page is made."""
    refuses(name, lambda: build(value))


def test_upload_and_board_hear_no_nonsense():
    """Files without names, pages that do not exist."""
    upload, board = PictureUpload(), DemoBoard()
    for message in MESSAGES:
        told(upload, message), told(board.frame, message)
    told(upload, {"files": 3})
    assert upload.pictures == [] and "names must name" in upload.notice
    told(board.frame, {"go": 99})
    assert board.page == 1 and "page must be" in board.explorer.notice
    upload.close(), board.close()


def test_storms():
    """A few events for each explorer; `make soak` has thousands."""
    kernel_events(10).check()


def kernel_events(count: int) -> Row:
    """So many random events for each explorer, one explorer after the other in this process."""
    return row(
        "Explorers",
        "random events in the kernel: values of every control, possible or not, states and messages of the page, "
        "other pictures, trainings started and stopped",
        "a state that can be has finite rows and numbers; any other is refused in words and the last one stays; "
        f"the process grows by no more than {MEMORY:g} MB an explorer",
        itertools.chain.from_iterable(storm(name, count) for name in EXPLORERS),
    )


def storm(name: str, count: int) -> Iterator[str | None]:
    """Yield for each of some random events what was wrong, if anything; and last of all for the memory."""
    rng, explorer = random.Random(name), built(name)
    long = count >= RARE  # then the memory is looked at, once all caches are full
    for make in explorer.later.values() if long else ():
        make()
    for pictures in (*other_pictures()[: None if long else 1], None):
        explorer = rebuilt(name, explorer, pictures)
        places = places_of(explorer)
        for _ in range(50 if long else 2):
            event(explorer, places, rng)
        if long and hasattr(explorer, "open_training"):
            trained(explorer, rng)
    before = memory()
    for nth in range(1, count + 1):
        if nth % RARE == 0:
            explorer = rebuilt(name, explorer, rng.choice(other_pictures()))
            places, found = places_of(explorer), wrong(explorer)
        elif nth % RARE == RARE // 2 and hasattr(explorer, "open_training"):
            found = trained(explorer, rng)
        else:
            found = event(explorer, places, rng)
        yield f"{name}: {found}" if found else None
    growth = memory() - before
    explorer.close()
    yield None if growth <= MEMORY or not long else f"{name}: the process grew by {growth:.1f} MB"


def event(explorer: Explorer, places: dict[str, list], rng: random.Random) -> str | None:
    """Let one random thing happen; what was wrong with it, in words."""
    before, explorer.notice = explorer.settings(), ""
    if not places or rng.random() < 0.2:
        usual = {"choose": {"seed": rng.randrange(100)}}, {"want": rng.choice([*explorer.later, ""])}
        message = rng.choice((*MESSAGES, *usual, {"open": 1}, {"fold": 1}))
        told(explorer, message)
        return None if explorer.settings() == before else f"the message {message!r} changed the state"
    names = rng.sample(list(places), k=min(len(places), rng.choice((1, 1, 2, 3))))
    values = {name: value_for(explorer.traits()[name], places[name], rng) for name in names}
    way = rng.choice((explorer.apply, explorer.set_state))
    try:
        way(dict(values))
        refusal = explorer.notice
    except traitlets.TraitError as error:
        refusal = str(error)
    except Exception as error:
        return f"{str(values)[:200]} ended in {type(error).__name__}: {error}"
    if not refusal:
        found = wrong(explorer)
        return f"{str(values)[:200]}: {found}" if found else None
    kept, named = explorer.settings() == before, any(name in refusal for name in names)
    return (
        None
        if kept and named
        else f"{str(values)[:200]} was refused, but {'said' if kept else 'changed the state'}: {refusal}"
    )


def value_for(trait: traitlets.TraitType, places: list, rng: random.Random) -> object:
    """A value at one of a control's places, between them, or no value at all."""
    kind, low, high = rng.random(), places[0], places[-1]
    if kind < 0.1:
        return rng.choice(JUNK)
    if isinstance(trait, Ink):
        return random_ink(rng)
    if kind < 0.5 or isinstance(low, bytes | str):
        return rng.choice(places)
    if isinstance(low, list):
        return [rng.uniform(*ends) for ends in zip(low, high, strict=True)]
    return rng.randint(low, high) if isinstance(low, int) else rng.uniform(low, high)


def told(widget: Widget, message: object) -> None:
    """Let a widget hear a message as ipywidgets does, which would keep an error to itself."""
    for hear in widget._msg_callbacks.callbacks:
        hear(widget, message, [])


def wrong(explorer: Explorer) -> str:
    """What is wrong with what an explorer shows now; nothing if nothing is."""
    trainer = getattr(explorer, "trainer", None)
    rows = explorer.rows(**explorer.settings()) if explorer.controls else trainer.rows()
    numbers = explorer.numbers(**explorer.settings())
    for name, shown in rows.items():  # pictures, or codes of 256 numbers
        if shown.ndim != 2 or not len(shown) or shown.shape[1] not in (PIXELS, 256) or not shown.isfinite().all():
            return f"the row {name!r} has the shape {tuple(shown.shape)}, or numbers that are none"
    for name, number in numbers.items():
        unharmed = isinstance(explorer, RepairExplorer) and number == math.inf  # its PSNR
        if not isinstance(number, int | float) or not (math.isfinite(number) or unharmed):
            return f"{name!r} is {number!r}"
    return ""


def trained(explorer: Explorer, rng: random.Random) -> str | None:
    """Start a training and stop it soon; what went wrong."""
    told(explorer, {"open": True, "train": True})
    explorer.trainer.wait(0.3 * rng.random())
    told(explorer, {"stop": True})
    explorer.trainer.wait(60)
    return explorer.trainer._error or wrong(explorer)


def built(name: str, **options: object) -> Explorer:
    """An explorer that sends its messages nowhere."""
    explorer = EXPLORERS[name](**options)
    explorer.send = lambda *_: None
    return explorer


def rebuilt(name: str, explorer: Explorer, pictures: ImageSet | None) -> Explorer:
    """The explorer anew with other pictures, the old one closed; the old one itself where it can't show them."""
    if "images" not in inspect.signature(EXPLORERS[name]).parameters:
        return explorer
    try:
        another = built(name, images=pictures)
    except ValueError as error:  # such as a map of one picture
        assert re.match("(images|model) must", str(error)), error
        return explorer
    explorer.close()
    return another


@functools.cache
def other_pictures() -> list[ImageSet]:
    """Sets of one, three and twenty-five pictures, all black or white among them; and of other digits."""
    noise = torch.rand(25, PIXELS, generator=torch.Generator().manual_seed(0))
    flat = torch.tensor([0.0, 1.0, 0.5])[:, None].expand(3, PIXELS).contiguous()
    labels = torch.arange(25) % 12
    named = ImageSet(noise, labels, names=tuple(f"$x^{n}" for n in range(12)))
    return [named[:1], ImageSet(flat, labels[:3]), named, load_mnist()[0][:200]]


def memory() -> float:
    """Megabytes of this process; what is free again does not count."""
    gc.collect()
    return_memory()
    return psutil.Process().memory_info().rss / 1e6
