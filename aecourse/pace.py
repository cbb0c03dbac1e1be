"""How long a notebook takes on this machine: what it took on the reference, times the ratio of a short measurement."""

from __future__ import annotations

import functools
import json
import statistics
import time
from importlib import resources
from pathlib import Path

import torch

from aecourse.checks import check_choice
from aecourse.device import own_random_numbers, pick_device

RESULTS = Path(str(resources.files("aecourse") / "assets" / "results" / "seconds.json"))  # a Run All and a step there


@functools.cache
def step_seconds() -> float:
    """Return what a step of a small autoencoder takes here: the median of three short runs, cached for the process."""
    device, runs = pick_device(), []
    with own_random_numbers(seed=0):
        model = torch.nn.Sequential(torch.nn.Linear(784, 256), torch.nn.GELU(), torch.nn.Linear(256, 784)).to(device)
        x = torch.rand(64, 784).to(device)
    for steps in (3, 15, 15, 15):  # the first run only warms up
        started = time.perf_counter()
        for _ in range(steps):
            gradients = torch.autograd.grad(((model(x) - x) ** 2).mean(), list(model.parameters()))
        gradients[0].sum().item()  # waits for the device
        runs.append((time.perf_counter() - started) / steps)
    return statistics.median(runs[1:])


def ratio() -> float:
    """Return how many times as long as the reference machine this one takes."""
    return step_seconds() / statistics.median(run["step"] for run in json.loads(RESULTS.read_text("utf-8")).values())


def run_all_takes(notebook: str) -> str:
    """Return a sentence such as "Run All takes ≈ 50 seconds on this machine."; `notebook` is its number, "03"."""
    runs = json.loads(RESULTS.read_text("utf-8"))
    run = runs[check_choice("notebook", notebook, tuple(runs))]
    seconds = run["seconds"] * step_seconds() / run["step"]
    long = f"{max(10, round(seconds, -1)):.0f} seconds" if seconds < 95 else f"{seconds / 60:.0f} minutes"
    return f"Run All takes ≈ {long} on this machine."
