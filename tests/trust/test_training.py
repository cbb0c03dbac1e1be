"""What can happen to a training: Stop at any moment, numbers that go wrong, two at once, other networks, a night."""

from __future__ import annotations

import copy
import json
import math
import os
import random
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from helpers.stop_button import stopped
from helpers.strategies import refuses, same, state_of
from torch import nn
from torch.nn import functional as F
from trust.rows import Row, row

from aecourse.evaluation import reconstruct, reconstruction_mse
from aecourse.explorers import TrainingExplorer, spiral
from aecourse.explorers.training_setups import matchstick_setup
from aecourse.models import (
    Autoencoder,
    Classifier,
    ContractiveAutoencoder,
    ConvAutoencoder,
    DenoisingAutoencoder,
    DenseAutoencoder,
    NestedAutoencoder,
    ShallowAutoencoder,
    SparseAutoencoder,
    StackedAutoencoder,
    VariationalAutoencoder,
    adopt,
)
from aecourse.training import History, fit, fit_classifier, fit_layerwise
from aecourse.zoo import load_weights, save_weights

QUIET = {"progress": False}
STEPS = 4  # an epoch of the images below
FAMILIES: list[Callable[[], Autoencoder]] = [
    lambda: DenseAutoencoder(4, hidden=(16,)),
    lambda: DenseAutoencoder(4, hidden=(16,), batch_norm=True),
    lambda: DenseAutoencoder(4, hidden=(16,), output="linear"),
    lambda: DenseAutoencoder(4, hidden=(16,), objective="bce"),
    lambda: NestedAutoencoder(4, hidden=(16,)),
    lambda: ConvAutoencoder(4),
    lambda: ShallowAutoencoder(4),
    lambda: StackedAutoencoder(4, hidden=(16, 8), depth=3),
    lambda: SparseAutoencoder(16, penalty="l1"),
    lambda: SparseAutoencoder(16, penalty="kl"),
    lambda: SparseAutoencoder(16, penalty="topk", k=3),
    lambda: DenoisingAutoencoder(4, hidden=(16,)),
    lambda: ContractiveAutoencoder(8),
    lambda: VariationalAutoencoder(2, hidden=(16,)),
]


def build(i: int = 0) -> Autoencoder:
    """One of the families, the same each time."""
    torch.manual_seed(i)
    return FAMILIES[i % len(FAMILIES)]()


def images() -> torch.Tensor:
    """40 images that can be learnt, four batches of ten."""
    generator = torch.Generator().manual_seed(0)
    shapes = F.interpolate(torch.rand(5, 1, 7, 7, generator=generator), 28, mode="bilinear").view(5, 784)
    return (torch.rand(40, 5, generator=generator).softmax(1) @ shapes).clamp(0, 1)


def unusable(model: nn.Module, x: torch.Tensor) -> Iterator[str]:
    """What keeps a network from being judged and trained on."""
    if model.training:
        yield "it is in training mode"
    if not all(value.isfinite().all() for value in model.state_dict().values()):
        yield "a weight is no number"
    elif not math.isfinite(reconstruction_mse(model, x)):
        yield "it cannot be judged"
    history = fit(model, x, epochs=1, batch_size=10, **QUIET)
    if history.stopped or not math.isfinite(history.train[-1]["total"]):
        yield "it cannot be trained on"


def outcome(told: str, wrong: Iterator[str]) -> str | None:
    """None, or all that went wrong in one try."""
    try:
        found = list(wrong)
    except Exception as error:
        found = [repr(error)]
    return f"{told}: {'; '.join(found)}" if found else None


def _in_turn(ways: list[Callable[[int], Iterator[str]]], count: int) -> Iterator[str | None]:
    """So many tries, each in the next of these ways."""
    for i in range(count):
        way = ways[i % len(ways)]
        yield outcome(f"{way.__name__.strip('_')}, try {i}", way(i))


# --- Stop


def interrupted(count: int) -> Row:
    """Stop, once, while a cell trains."""
    return row(
        "Training",
        "Stop pressed at a random moment of a cell with fit, fit_layerwise or a TrainingExplorer, in a kernel",
        "the cell goes on with a partial History, or ends with one KeyboardInterrupt; the weights are finite, the "
        "network can be judged and trained on at once, no epoch of the History is half there",
        stopped(count),
    )


def stopped_twice(count: int) -> Row:
    """Stop, twice within 30 milliseconds."""
    return row(
        "Training",
        "Stop pressed twice within 30 ms while a cell runs fit or fit_layerwise, in a kernel",
        "the cell ends with one KeyboardInterrupt; the rest as for one press",
        stopped(count, ("fit", "fit_layerwise"), presses=2),
    )


# --- numbers that go wrong


def spoilt(count: int) -> Row:
    """A loss, a weight or a gradient that is no number any more."""
    return row(
        "Training",
        "at a random step the loss, a weight or a gradient turns NaN or infinite, or the loss raises torch's error "
        "about it; in some tries Stop or Ctrl-C comes before the epoch ends, others run behind an explorer",
        "a FloatingPointError names the epoch and advises a lower lr; the weights are those of the last good epoch, "
        "bit for bit; the network can be trained on",
        _in_turn([_spoil, _spoil, _spoil, _spoil_in_explorer], count),
    )


def _spoil(seed: int) -> Iterator[str]:
    rng, x, model, steps = random.Random(seed), images(), build(seed), []
    step = rng.randrange(3 * STEPS)
    way, ending = rng.choice(["loss", "weight", "gradient", "error"]), rng.choice(["", "", "Stop", "Ctrl-C"])
    until = rng.randrange(step, STEPS * (step // STEPS + 1))  # the step of the same epoch at which the ending comes
    bad, stop, kept = rng.choice([math.nan, math.inf, -math.inf]), threading.Event(), [state_of(model)]
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    weight = rng.choice(weights)

    def poison() -> None:
        with torch.no_grad():
            weight.view(-1)[rng.randrange(weight.numel())] = bad

    def loss(model: Autoencoder, batch: torch.Tensor) -> torch.Tensor:
        due = model.training and len(steps) == step  # neither when it is tried first, nor in validation
        total = model.loss(batch)["total"]
        if way == "error" and due:
            poison()
            raise RuntimeError("all elements of input should be between 0 and 1")
        return total * bad if way == "loss" and due else total

    def on_step() -> None:
        steps.append(1)
        if way == "weight" and len(steps) == step + 1:
            poison()
        if ending and len(steps) == until + 1:
            if ending == "Ctrl-C":
                raise KeyboardInterrupt
            stop.set()

    if way == "gradient":
        weight.register_hook(lambda gradient: gradient * bad if len(steps) == step else gradient)
    options = {"epochs": 4, "batch_size": 10, "validation": x, "stop": stop, "on_step": on_step, "loss": loss}
    epochs = [0]
    try:
        fit(model, x, on_epoch=lambda history: kept.append(state_of(model)) or epochs.append(1), **options, **QUIET)
        yield f"{way}: nothing was found"
    except FloatingPointError as error:
        if f"in epoch {step // STEPS + 1}" not in str(error) and "x_hat holds NaN" not in str(error):
            yield f"{way}: it says {error}"
        if "lr" not in str(error):
            yield f"{way}: no advice in {error}"
    if not same(model.state_dict(), kept[-1]) or len(kept) != step // STEPS + 1:
        yield f"{way}, {ending}: the weights are not those of the last good epoch"
    yield from unusable(model, x)


def _spoil_in_explorer(seed: int) -> Iterator[str]:
    """Behind an explorer, at a random step of its first twenty epochs of fifty steps."""
    usual, step = matchstick_setup(3), random.Random(seed).randrange(500)

    def build_spoilt(k: int) -> Autoencoder:
        model, batches = usual.build(k), []
        model.loss = lambda x: batches.append(1) or F.mse_loss(model(x), x) * (math.nan if len(batches) > step else 1)
        return model

    explorer = TrainingExplorer(setup=replace(usual, build=build_spoilt))
    try:
        explorer.trainer.train(), explorer.trainer.wait(120)
        trainer, shown = explorer.trainer, explorer.training
        if not shown["error"] or shown["running"] or f"in epoch {step // 50 + 1};" not in shown["caption"]:
            yield f"after step {step} the explorer says {shown['caption']}"
        if trainer.history.epochs != step // 50 or not all(
            math.isfinite(y) for _, ys in shown["series"].values() for y in ys
        ):
            yield "the curve has a hole"
        if not all(row.isfinite().all() for row in trainer.rows().values()):
            yield "the pictures are no numbers"
        trainer.setup = usual
        yield from _trains_again(explorer)
    finally:
        explorer.close()


def _trains_again(explorer: TrainingExplorer) -> Iterator[str]:
    explorer.trainer.choose(epochs=1), explorer.trainer.train(), explorer.trainer.wait(120)
    if explorer.training["error"] or explorer.trainer.trained is None:
        yield f"it cannot be trained again: {explorer.training['caption']}"


def too_fast(count: int) -> Row:
    """A learning rate of a million."""
    return row(
        "Training",
        "a learning rate from 1e3 to 1e12, for every family",
        "NaN is found as above; a network that stays finite can be judged, and if it answers every image alike "
        "History.died says so; what built anew trains with a usual rate",
        (outcome(f"seed {seed}", _rush(random.Random(seed), seed)) for seed in range(count)),
    )


def _rush(rng: random.Random, seed: int) -> Iterator[str]:
    x, model, kept = images(), build(seed), []
    kept.append(state_of(model))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            history = fit(
                model, x, epochs=60, batch_size=10, lr=10 ** rng.uniform(3, 12), validation=x,
                on_epoch=lambda history: kept.append(state_of(model)), **QUIET,
            )  # fmt: skip
    except FloatingPointError:
        if not same(model.state_dict(), kept[-1]):
            yield "the weights are not those of the last good epoch"
        return
    alike = reconstruct(model, x).var(0).max() == 0
    if alike and not history.died:
        yield "it answers every image alike, and nobody says so"


# --- two at once


def at_once(count: int) -> Row:
    """Two threads."""
    return row(
        "Training",
        "two trainings at once: two networks in two threads, two TrainingExplorers, one network in two threads",
        "each gives to the last bit what it gives alone (networks that draw no noise), a second training of the same "
        "network is refused in words, the number of CPU threads is as before",
        _in_turn([_two, _two_explorers, _one_twice], count),
    )


def _two(seed: int) -> Iterator[str]:
    x, options = images(), {"epochs": 30, "batch_size": 10, **QUIET}
    pair = (seed % 4, (seed + 1) % 4)  # which draw no random numbers
    alone = [fit(build(i), x, validation=x, **options) for i in pair]
    models, together = [build(i) for i in pair], [History(), History()]

    def train(i: int) -> None:
        together[i] = fit(models[i], x, validation=x, **options)

    threads = [threading.Thread(target=train, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    for i, history in enumerate(together):
        if (history.train, history.validation) != (alone[i].train, alone[i].validation):
            yield f"network {i} learnt something else than alone"


def _two_explorers(seed: int) -> Iterator[str]:
    before, stories = _threads_of_a_thread(), []
    explorers = [TrainingExplorer(data="matchsticks") for _ in range(2)]
    for together in (False, True):
        for i, explorer in enumerate(explorers):
            explorer.trainer.choose(epochs=3 + 2 * i, seed=seed % 100)
            explorer.trainer.train()
            if not together:
                explorer.trainer.wait(120)
        for explorer in explorers:
            explorer.trainer.wait(120)
        stories.append([(explorer.trainer.history.train, explorer.training["caption"]) for explorer in explorers])
    if stories[0] != stories[1]:
        yield "they learnt something else than alone"
    explorers[0].trainer.choose(epochs=20)
    for _ in range(3):  # impatient hands: Train and Stop, again and again
        explorers[0]._hear({"train": True}), explorers[0]._hear({"stop": True}), explorers[0]._hear({"stop": True})
    explorers[0].trainer.wait(120)
    if (
        explorers[0].trainer.training
        or explorers[0].trainer.history.stopped != "Stop"
        or explorers[0].training["error"]
    ):
        yield f"after Train and Stop in a row: {explorers[0].training['caption']}"
    for explorer in explorers:
        explorer.close()
    if _threads_of_a_thread() != before:
        yield f"{before} CPU threads before, {_threads_of_a_thread()} after"


def _threads_of_a_thread() -> int:
    """How many CPU threads torch gives a new thread, such as the next training."""
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
    thread.start(), thread.join()
    return found[0]


def _one_twice(seed: int) -> Iterator[str]:
    x, model, stop, begun = images(), build(seed), threading.Event(), threading.Event()
    options = {"epochs": 1_000_000, "batch_size": 10, "stop": stop, "on_step": begun.set}
    first = threading.Thread(target=fit, args=(model, x), kwargs=options | QUIET)
    first.start()
    try:
        begun.wait(60)
        message = refuses("model", fit, model, x, **QUIET)
        if "another thread" not in message:
            yield f"it says {message}"
        if not all(value.isfinite().all() for value in copy.deepcopy(model).state_dict().values()):
            yield "a copy of a network in training holds no numbers"
    finally:
        stop.set(), first.join(60)
    yield from unusable(model, x)


# --- callbacks


class OwnError(BaseException):
    """What nobody expects."""


def raising(count: int) -> Row:
    """A callback that raises."""
    return row(
        "Training",
        "on_epoch, on_step, augment or the loss raises one of twelve kinds of exceptions at a random step; or what an "
        "explorer does with the trained network",
        "the very exception comes out, or stands in the explorer; the weights are those of the last step (of the last "
        "epoch, after a FloatingPointError); the network can be judged and trained on",
        _in_turn([_raise, _raise, _raise, _raise_in_explorer], count),
    )


def _raise(seed: int) -> Iterator[str]:
    rng, x, model, steps = random.Random(seed), images(), build(seed), []
    step = rng.randrange(3 * STEPS)
    kinds = [
        ValueError, TypeError, RuntimeError, OSError, StopIteration, SystemExit, GeneratorExit, MemoryError,
        AssertionError, RecursionError, FloatingPointError, OwnError,
    ]  # fmt: skip
    error, place = rng.choice(kinds)("mine"), rng.choice(["on_epoch", "on_step", "augment", "loss"])
    last, histories = [state_of(model)], []

    def may_raise(due: bool) -> None:
        if due:
            last.append(state_of(model))
            raise error

    def on_step() -> None:
        steps.append(1)
        may_raise(place == "on_step" and len(steps) == step + 1)

    def on_epoch(history: History) -> None:
        histories.append(history)
        may_raise(place == "on_epoch" and len(steps) > step)

    def augment(batch: torch.Tensor) -> torch.Tensor:
        may_raise(place == "augment" and len(steps) == step)
        return batch

    def loss(model: Autoencoder, batch: torch.Tensor) -> dict[str, torch.Tensor]:
        may_raise(place == "loss" and len(steps) == step and model.training)  # not when it is tried first
        return model.loss(batch)

    try:
        fit(
            model, x, loss=loss, epochs=4, batch_size=10, augment=augment, on_step=on_step, on_epoch=on_epoch,
            **QUIET,
        )  # fmt: skip
        yield f"{place}: {error!r} was swallowed"
    except BaseException as came:
        if came is not error:
            yield f"{place}: {came!r} instead of {error!r}"
    if type(error) is not FloatingPointError and not _same_weights(model, last[-1]):
        yield f"{place}, {error!r}: the weights are not those of the last step"
    if histories and len(histories[-1].train) != len(histories[-1].seconds):
        yield f"{place}: the history has a hole"
    yield from unusable(model, x)


def _raise_in_explorer(seed: int) -> Iterator[str]:
    """What an explorer does with the trained network fails in its thread."""
    explorer = TrainingExplorer(data="matchsticks")
    trainer = explorer.trainer
    try:
        trainer.on_done = lambda trained: {}["mine"]
        trainer.choose(epochs=1), trainer.train(), trainer.wait(120)
        if explorer.training["caption"] != "KeyError: 'mine'" or trainer.trained is None:
            yield f"the explorer says {explorer.training['caption']}"
        trainer.on_done = None
        yield from _trains_again(explorer)
    finally:
        explorer.close()


def _same_weights(model: nn.Module, state: dict) -> bool:
    return all(torch.equal(weight, state[name]) for name, weight in model.named_parameters())


# --- frozen weights, copies, other precisions, compiled networks


def frozen(count: int) -> Row:
    """Weights that must stay."""
    return row(
        "Training",
        "random weights of every family are frozen; or all of them; or all on which the loss depends",
        "the frozen ones stay, bit for bit, the others learn; where nothing can learn a ValueError names model before "
        "any weight has changed",
        _in_turn([_freeze, _freeze, _freeze, _freeze_all], count),
    )


def _freeze(seed: int) -> Iterator[str]:
    rng, x, model = random.Random(seed), images(), build(seed)
    names = [name for name, weight in model.named_parameters() if weight.requires_grad]
    still = set(rng.sample(names, rng.randrange(1, len(names))))
    for name, weight in model.named_parameters():
        if name in still:
            weight.requires_grad_(False)
    before = state_of(model)
    fit(model, x, epochs=2, batch_size=10, **QUIET)
    for name, weight in model.named_parameters():
        moved = not torch.equal(weight, before[name])
        if moved and name in still:
            yield f"{type(model).__name__}: {name} is frozen and has changed"
        if not moved and name not in still and weight.requires_grad and weight.grad is not None and weight.grad.any():
            yield f"{type(model).__name__}: {name} has not learnt"
    yield from unusable(model, x)


def _freeze_all(seed: int) -> Iterator[str]:
    x, model, stack = images(), build(seed).requires_grad_(False), StackedAutoencoder(4, hidden=(16, 8), depth=1)
    stack.layers[0].requires_grad_(False)
    classifier = Classifier(build()).requires_grad_(False)
    upper = StackedAutoencoder(4, hidden=(16, 8))
    upper.layers[2].requires_grad_(False)
    labels = torch.zeros(40, dtype=torch.int64)
    for name, network, train in (
        ("model", model, lambda: fit(model, x, **QUIET)),
        ("model", stack, lambda: fit(stack, x, **QUIET)),
        ("model", classifier, lambda: fit_classifier(classifier, x, labels, **QUIET)),
        ("stack", upper, lambda: fit_layerwise(upper, x, **QUIET)),
    ):
        before = state_of(network)
        if "learn" not in refuses(name, train):
            yield f"{type(network).__name__}: it is not said that nothing learns"
        if not same(network.state_dict(), before):
            yield f"{type(network).__name__}: a weight has changed"


def copies(count: int) -> Row:
    """Deep copies."""
    return row(
        "Training",
        "copy.deepcopy of a network of every family, or of an adopted one, before and within a training",
        "the copy holds the weights of that moment, can be judged and trained on, and leaves the network alone; a copy "
        "trained with the same seed learns the same to the last bit",
        (outcome(f"seed {seed}", _copy(random.Random(seed), seed)) for seed in range(count)),
    )


def _copy(rng: random.Random, seed: int) -> Iterator[str]:
    x, model, step, taken = images(), build(seed), rng.randrange(3 * STEPS), []
    model = adopt(nn.Sequential(*model.encoder, *model.decoder)) if type(model) is DenseAutoencoder else model
    steps, twin = [], copy.deepcopy(model)

    def on_step() -> None:
        steps.append(1)
        if len(steps) == step + 1:
            taken.append((copy.deepcopy(model), state_of(model)))

    for network, options in ((model, {"on_step": on_step}), (twin, {})):
        torch.manual_seed(seed)
        fit(network, x, epochs=3, batch_size=10, **options, **QUIET)
    if not same(model.state_dict(), twin.state_dict()):
        yield "a copy with the same seed learns something else"
    (within, state), after = taken[0], state_of(model)
    if not same(within.state_dict(), state):
        yield "the copy has other weights than the network had"
    within.eval()
    yield from unusable(within, x)
    if not same(model.state_dict(), after):
        yield "to train the copy has changed the network"


def precise_and_compiled(count: int) -> Row:
    """Double precision, and torch.compile."""
    return row(
        "Training",
        "networks of every family in float64, and under torch.compile, alone, in place, and inside adopt",
        "they train, and are judged, as in float32 and without compilation: losses alike but for rounding",
        _in_turn([_double, _compiled], count),
    )


def _losses(model: nn.Module, x: torch.Tensor, **options) -> list[float]:
    torch.manual_seed(0)
    history = fit(model, x, epochs=2, batch_size=10, validation=x, **options, **QUIET)
    return [terms["total"] for terms in history.train + history.validation] + [reconstruction_mse(model, x)]


def _double(seed: int) -> Iterator[str]:
    model, x = build(seed // 2), images()
    expected = _losses(copy.deepcopy(model), x)
    found = _losses(model.double(), x.double())
    if any(weight.dtype != torch.float64 for weight in model.parameters()):
        yield "a weight is no float64 any more"
    draws = isinstance(model, DenoisingAutoencoder | VariationalAutoencoder | NestedAutoencoder)  # others in float64
    if not all(math.isfinite(loss) for loss in found) or (not draws and found != pytest.approx(expected, rel=1e-3)):
        yield f"{type(model).__name__}: losses {found} instead of {expected}"


def _compiled(seed: int) -> Iterator[str]:
    x = images()
    compiled = lambda net: torch.compile(net, backend="eager")  # noqa: E731

    def in_place(net: nn.Module) -> nn.Module:
        net.compile(backend="eager")
        return net

    def plain() -> nn.Sequential:
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(784, 8), nn.Tanh(), nn.Linear(8, 784), nn.Sigmoid())

    for told, wrap, bare in (
        ("a model, compiled", lambda: compiled(build(seed // 2)), lambda: build(seed // 2)),
        ("a model, compiled in place", lambda: in_place(build(seed // 2)), lambda: build(seed // 2)),
        ("adopt(compiled)", lambda: adopt(compiled(plain())), lambda: adopt(plain())),
        ("adopt(in place)", lambda: adopt(in_place(plain())), lambda: adopt(plain())),
        ("compiled adopt", lambda: compiled(adopt(plain())), lambda: adopt(plain())),
    ):
        torch.compiler.reset()
        network = wrap()
        found, expected = _losses(network, x), _losses(bare(), x)
        if found != pytest.approx(expected, rel=1e-4):
            yield f"{told}: losses {found} instead of {expected}"
        if isinstance(network, Autoencoder) and not network.encode(x).isfinite().all():
            yield f"{told}: no code"
        yield from (f"{told}: {wrong}" for wrong in unusable(copy.deepcopy(network), x))


# --- the same numbers


SAME = """
import json, torch
from aecourse.device import pick_device
from aecourse.models import *
from aecourse.training import fit

pick_device("cpu")
x, losses = torch.rand(1_000, 784, generator=torch.Generator().manual_seed(0)), []
for seed in 2 * [*range({count})]:
    torch.manual_seed(seed)
    families = (
        DenseAutoencoder(32, hidden=(512,)), ConvAutoencoder(16), SparseAutoencoder(256, penalty="topk", k=8),
        VariationalAutoencoder(8, hidden=(256,)),
    )
    for model in families[seed % 4 :][:1]:
        history = fit(model, x, epochs=3, batch_size=128, validation=x, seed=seed, progress=False)
        losses.append([terms["total"] for terms in history.train + history.validation])
print(json.dumps([torch.get_num_threads(), losses]))
"""


def same_numbers(count: int) -> Row:
    """One seed, in processes with one thread and with two."""
    one, two = (_process(count, threads) for threads in (1, 2))
    return row(
        "Training",
        "a training is repeated with the same seed in a process with one CPU thread, and in another with two",
        "a repetition gives the same losses to the last bit; one and two threads agree within a millionth of each loss",
        (outcome(f"seed {seed}", _agree(*one[seed::count], *two[seed::count])) for seed in range(count)),
    )


TWO_THREADS = 1e-6  # relative; two threads round sums elsewhere, which made 2e-7 in 470 steps on digits


def _process(count: int, threads: int) -> list[list[float]]:
    """The losses of so many trainings in a process with so many threads."""
    environment = {
        name: value for name, value in os.environ.items() if name not in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
    }
    done = subprocess.run(
        [sys.executable, "-c", SAME.format(count=count)],
        env=environment | {"AECOURSE_THREADS": str(threads)}, capture_output=True, text=True, timeout=3_600, check=True,
    )  # fmt: skip
    found, losses = json.loads(done.stdout)
    assert found == threads
    return losses


def _agree(one: list[float], one_again: list[float], two: list[float], two_again: list[float]) -> Iterator[str]:
    if one != one_again or two != two_again:
        yield "a repetition gives other losses"
    furthest = max(abs(a - b) / abs(a) for a, b in zip(one, two, strict=True))
    if furthest > TWO_THREADS:
        yield f"one and two threads differ by {furthest:.2g} of the loss"


# --- another day


def resumed(count: int) -> Row:
    """A training in two sittings."""
    return row(
        "Training",
        "a network is trained, kept or saved and loaded (float32), and trained for as many epochs more",
        "the loss goes on falling; what was loaded learns the same as what was kept, to the last bit (but top-k counts "
        "its sleeping units anew); as fit's documentation says, Adam, the schedule and the order of the images begin "
        "anew: it is not one training of twice the length",
        (outcome(f"seed {seed}", _resume(seed)) for seed in range(count)),
    )


def _resume(seed: int) -> Iterator[str]:
    x, model, options = images(), build(seed), {"batch_size": 10, **QUIET}
    draw = lambda: torch.manual_seed(seed)  # noqa: E731
    draw()
    first = fit(model, x, epochs=60, **options)
    judged = reconstruction_mse(model, x)
    with tempfile.TemporaryDirectory() as folder:
        path = save_weights(model, Path(folder) / "evening.safetensors", dtype=torch.float32)
        loaded = load_weights(path)
    if reconstruction_mse(loaded, x) != judged:
        yield "what was loaded makes other pictures"
    draw()
    kept = fit(model, x, epochs=60, seed=seed + 1, **options)
    draw()
    again = fit(loaded, x, epochs=60, seed=seed + 1, **options)
    counts = getattr(model, "penalty", "") == "topk"  # how long each unit has slept, which no file keeps
    if not counts and (kept.train != again.train or not same(model.state_dict(), loaded.state_dict())):
        yield "what was loaded learns something else than what was kept"
    if not kept.train[-1]["total"] < first.train[-1]["total"]:
        yield f"{type(model).__name__}: the loss does not go on falling, {first.train[-1]} and then {kept.train[-1]}"


# --- the rows, with few tries each


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Stop is no signal there")
@pytest.mark.parametrize("make", [interrupted, stopped_twice])
def test_stop(make):
    """In a real kernel."""
    make(6).check()


@pytest.mark.slow
def test_same_numbers():
    """In processes of their own."""
    same_numbers(2).check()


@pytest.mark.parametrize(
    ("make", "count"),
    [
        (spoilt, 40),
        (too_fast, 7),
        (at_once, 3),
        (raising, 30),
        (frozen, 12),
        (copies, 14),
        (precise_and_compiled, 2),
        (resumed, 3),
    ],
)
def test_row(make, count):
    """A few tries of each; `make soak` makes many."""
    make(count).check()


def test_half_a_training_is_not_kept(monkeypatch):
    """Stop while an explorer trains the network that it shows first: the next one trains it anew."""
    spiral.first_network.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(spiral, "fit", lambda *_, **__: History(stopped="Ctrl-C"))
        with pytest.raises(KeyboardInterrupt):
            spiral.first_network()
    points = spiral.spiral()
    assert spiral.first_network()(points, torch.full((len(points), 1), 0.1)).sub(points).square().mean() < 0.01


@pytest.mark.parametrize("without", [torch.no_grad, torch.inference_mode])
def test_gradients_switched_off(without):
    """By the learner, or by a step of torch that Stop cut short: a training switches them on for itself."""
    (model, twin, other), x = (build(), build(), build()), images()
    with without():
        history = fit(model, x, loss=lambda model, x: model.loss(x), epochs=2, validation=x, **QUIET)
        fit(other, images(), epochs=1, **QUIET)  # images of inference mode too
        assert not torch.is_grad_enabled()
    assert history.train == fit(twin, x, epochs=2, **QUIET).train


def test_under_autocast_a_network_learns():
    """Autocast keeps rounded weights until its block ends; a training must not go on with those of the first step."""
    x, model = torch.rand(32, 12), DenseAutoencoder(4, hidden=(16,), in_features=12)
    with torch.autocast("cpu", torch.bfloat16):
        before = reconstruct(model, x)
        history = fit(model, x, validation=x, epochs=5, batch_size=8, lr=0.02, **QUIET)
        after = reconstruct(model, x)
    assert history.train[-1]["total"] < 0.9 * history.train[0]["total"]
    assert history.validation[-1]["total"] == pytest.approx(history.train[-1]["total"], rel=0.1)
    assert not torch.equal(before, after)


@pytest.mark.parametrize("loss", ["another network's", "a constant"])
def test_a_loss_that_does_not_depend_on_the_network_is_refused(loss):
    """Though it has a gradient; the weights stay as they were."""
    x, model = torch.rand(8, 12), DenseAutoencoder(2, in_features=12)
    other, before = copy.deepcopy(model), state_of(model)
    wrong = {
        "another network's": lambda model, x: F.mse_loss(other(x), x),
        "a constant": lambda model, x: torch.ones((), requires_grad=True),
    }
    refuses("loss", lambda: fit(model, x, loss=wrong[loss], epochs=1, **QUIET))
    assert same(before, state_of(model))


def test_codes_with_a_graph_are_plain_data():
    """Codes of another network, or images that ask for gradients: neither gets any."""
    first, leaf = DenseAutoencoder(12, in_features=12), torch.rand(8, 12, requires_grad=True)
    for x in (leaf, first.encode(leaf).sigmoid()):
        fit(DenseAutoencoder(2, in_features=12), x, epochs=2, batch_size=4, **QUIET)
        fit_classifier(Classifier(first, classes=2), x, torch.tensor([0, 1] * 4), epochs=2, batch_size=4, **QUIET)
    assert leaf.grad is None and all(weight.grad is None for weight in first.parameters())


def test_a_network_built_in_inference_mode_is_named():
    """It can never learn."""
    with torch.inference_mode():
        model = DenseAutoencoder(2, in_features=12)
    refuses("model", lambda: fit(model, torch.rand(8, 12), epochs=1, **QUIET))
