"""What `tests/gpu.py` measures: each part names its figures, and gives what measures them."""

from __future__ import annotations

import copy
import inspect
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from benchmarks.loops import BATCH, LR, bare_epochs, wait
from helpers.paths import NOTEBOOKS, ROOT

from aecourse.data import CORRUPTIONS, corrupt, load_mnist, shift_images
from aecourse.device import seed_everything
from aecourse.evaluation import mse, reconstruction_mse
from aecourse.models import FAMILIES, Autoencoder
from aecourse.models.denoising import DEFAULT_STRENGTHS
from aecourse.training import fit
from aecourse.zoo import load_weights, shipped_weights

TESTS = ROOT / "tests"
TRAINED = {name: {} for name in FAMILIES if name != "PCA"} | {"StackedAutoencoder": {"depth": 3}}
RANDOM = ("DenoisingAutoencoder", "VariationalAutoencoder")  # their losses draw other numbers on another device
DAMAGES = {n: partial(corrupt, noise=n, strength=s, seed=0) for n, s in DEFAULT_STRENGTHS.items() if n in CORRUPTIONS}
DAMAGES |= {"shift": shift_images}
Figures = Iterator[tuple[str, Callable[[], dict]]]  # names, and what measures them; what is "wrong" is in each result


def device_tests(device: str, quick: bool) -> Figures:
    """The unit tests that run on each device of a machine."""
    takes_device = re.compile(r"def test_\w+\([^)]*\bdevice\b")
    files = [file for file in sorted(TESTS.rglob("test_*.py")) if takes_device.search(file.read_text("utf-8"))]
    for file in files[: 1 if quick else None]:
        yield file.stem, partial(run_tests, file, device)


def run_tests(file: Path, device: str) -> dict:
    """How the tests of one file come out on this device."""
    import pytest

    class Tally:
        outcomes, failed = Counter(), []

        def pytest_runtest_logreport(self, report) -> None:
            if report.when == "call" or not report.passed:
                Tally.outcomes[report.outcome] += 1
                Tally.failed += [f"{report.nodeid}: {report.longreprtext.splitlines()[-1]}"] if report.failed else []

    code = pytest.main([str(file), "-k", device, "-q", "-p", "no:nbval", "-p", "no:cacheprovider"], plugins=[Tally()])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED):
        raise RuntimeError("pytest could not start: are pytest-xdist, hypothesis and scikit-image installed?")
    return {**Tally.outcomes, "wrong": Tally.failed}


def numbers(device: str, quick: bool) -> Figures:
    """Networks, losses and damages, here and on the CPU."""
    x = load_mnist()[1].x[: 200 if quick else None]
    for name in shipped_weights()[:: 9 if quick else 1]:
        yield f"{name}: test MSE", partial(on_both, partial(network_error, name, x), device, 1e-5)
    for family in TRAINED:
        allowed = 0.05 if family in RANDOM else 1e-4
        yield f"{family}: loss, gradient", partial(on_both, partial(loss_terms, family, x[:2_000]), device, allowed)
    for name, damage in DAMAGES.items():
        yield f"damage: {name}", partial(on_both, partial(damaged, damage, x[:2_000]), device, 0.01)


def on_both(measure: Callable[[str], dict[str, float]], device: str, allowed: float) -> dict:
    """Measure on the CPU and on the device; wrong if a number, relative to its size above 1, differs by more."""
    here, there = measure("cpu"), measure(device)
    difference = max(abs(here[name] - there[name]) / max(1, abs(here[name])) for name in here)
    return {"cpu": here, "device": there, "difference": difference, "wrong": not difference <= allowed}


def network_error(name: str, x: torch.Tensor, device: str) -> dict[str, float]:
    """The test error of a shipped network."""
    return {"test MSE": reconstruction_mse(load_weights(name, device=device), x.to(device))}


def built(family: str, device: str) -> Autoencoder:
    """A network with the family's default settings, from the same seed each time."""
    seed_everything(0)
    return FAMILIES[family](**TRAINED[family]).to(device)


def loss_terms(family: str, x: torch.Tensor, device: str) -> dict[str, float]:
    """The terms of the loss of a new network, and the length of the gradient."""
    model = built(family, device).eval()
    terms = model.loss(x.to(device))
    terms["total"].backward()
    squares = sum(weight.grad.square().sum() for weight in model.parameters() if weight.grad is not None)
    return {name: value.item() for name, value in terms.items()} | {"gradient": squares.sqrt().item()}


def damaged(damage: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor, device: str) -> dict[str, float]:
    """How much a damage changes images, and whether the same seed gives the same twice."""
    x, found = x.to(device), []
    for _ in range(2):
        torch.manual_seed(0)
        found.append(damage(x))
    return {"change": mse(x, found[0]), "same again": float(torch.equal(*found))}


def calls(device: str, quick: bool) -> Figures:
    """Every measure with all its arguments on the device, and every function with only one of them there."""
    from trust.calls import ROWS, evaluation_rows

    torch.backends.cudnn.allow_tf32 = False  # convolutions then have all digits
    measures = evaluation_rows().keys() - {"errors_by_strength"}  # which draws other numbers there
    for name, row in list(ROWS.items())[:: 10 if quick else 1]:
        yield name, partial(call, row, device, whole=name in measures and inspect.isfunction(row.call))


def call(row, device: str, *, whole: bool) -> dict:
    """What is wrong with what a function answers there, and with its errors on mixed devices."""
    from trust.faults import agree, trial

    expected, wrong = row.call(**row.good), []
    if whole:
        moved = {n: copy.deepcopy(v).to(device) if hasattr(v, "to") else v for n, v in row.good.items()}
        found = row.call(**moved)
        agree(found.cpu() if isinstance(found, torch.Tensor) else found, expected)
    fault, there = ("meta", {}) if device == "cpu" else ("cuda", {"cuda": lambda x: x.to(device)})
    row = replace(row, faults={name: faults | there for name, faults in row.faults.items() if fault in faults})
    for name in row.faults:
        if what := trial(row, name, fault, expected):
            wrong.append(f"{name} {what}")
    return {"mixed": len(row.faults), "whole": whole, "wrong": wrong}


def speed(device: str, quick: bool) -> Figures:
    """An epoch of each family: by `fit`, by the shortest loop that does it, and by `fit` on the CPU."""
    data = {where: load_mnist(device=where) for where in {"cpu", device}}
    for family in TRAINED:
        yield family, partial(epoch_of, family, data, device, 300 if quick else 60_000, turns=1 if quick else 3)


def epoch_of(family: str, data: dict, device: str, images: int, turns: int) -> dict:
    """Seconds of the fastest of some epochs, in turns, with the test error after it."""
    ways = {"fit": (by_fit, device), "plain loop": (by_loop, device), "CPU": (by_fit, "cpu")}
    found = {way: {"seconds": float("inf")} for way in ways}
    peak(device)
    for turn in range(turns + 1):  # the first, of few images, warms up
        for way, (train, where) in ways.items():
            if where == "cpu" != device and turn > 1:
                continue  # once is enough
            model, x = built(family, where), data[where][0].x[: images if turn else min(images, 10 * BATCH)]
            wait(where)
            started = time.perf_counter()
            train(model, x)
            wait(where)
            seconds = time.perf_counter() - started
            if turn and seconds < found[way]["seconds"]:
                found[way] = {"seconds": seconds, "test MSE": reconstruction_mse(model, data[where][1].x[:images])}
    errors = [each["test MSE"] for each in found.values()]
    return found | {"GB": peak(device), "wrong": not max(errors) < 1.25 * min(errors)}


def by_fit(model: Autoencoder, x: torch.Tensor) -> None:
    """One epoch of the course's `fit`."""
    fit(model, x, epochs=1, batch_size=BATCH, lr=LR, schedule="constant", progress=False)


def by_loop(model: Autoencoder, x: torch.Tensor) -> None:
    """One epoch of the plain loop."""
    bare_epochs(model, x, lambda batch: model.loss(batch)["total"], epochs=1)


def notebooks(device: str, quick: bool) -> Figures:
    """The code of every notebook."""
    os.environ.update(AECOURSE_DEVICE=device, AECOURSE_STRICT="1", MPLBACKEND="Agg")  # a missed claim is an error
    os.chdir(ROOT / "notebooks")
    for path in NOTEBOOKS[-1 if quick else 0 :]:
        yield path.stem, partial(run_notebook, path, device, 2 if quick else None)


def run_notebook(path: Path, device: str, cells: int | None) -> dict:
    """Run a notebook's cells in IPython, as a kernel would, and go on where one fails."""
    from helpers.notebooks import code_cells, read
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    shell = InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}))
    shell.reset()
    started, failed = time.perf_counter(), []
    peak(device)
    for number, cell in enumerate(code_cells(read(path))[:cells], start=1):
        ran = shell.run_cell(cell.source)
        if error := ran.error_before_exec or ran.error_in_exec:
            failed.append(f"code cell {number}: {type(error).__name__}: {error}")
    return {"seconds": time.perf_counter() - started, "GB": peak(device), "wrong": failed}


def peak(device: str) -> float | None:
    """The most memory that tensors took on the card since the last call, in GB; only CUDA counts it."""
    if device != "cuda":
        return None
    most = torch.cuda.max_memory_allocated() / 1e9
    torch.cuda.reset_peak_memory_stats()
    return most


PARTS = {  # {name: (what measures it, seconds at most)}; together they stay below 8 minutes
    "tests": (device_tests, 80),
    "numbers": (numbers, 50),
    "calls": (calls, 30),
    "speed": (speed, 80),
    "notebooks": (notebooks, 230),
}
