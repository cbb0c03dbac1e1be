"""Does the thread policy of `make class` keep a busy server useful? Four kernels that train at once, and one alone."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack, redirect_stdout

from traitlets.config import Config, PyFileConfigLoader
from trial_hub import HUB_CONFIG, three_ports

KERNELS = 4
ROUNDS = 3

# Trains for one epoch for each line it reads, and answers with the images it saw in a second.
KERNEL = """
import sys, time
import aecourse
from aecourse.device import pick_device, seed_everything
device = pick_device()
train, test = aecourse.load_mnist(device=device)
seed_everything(0)
model = aecourse.DenseAutoencoder(latent_dim=32).to(device)
aecourse.fit(model, train.x[:5000], epochs=1, progress=False)
print("ready", flush=True)
for line in sys.stdin:
    start = time.perf_counter()
    aecourse.fit(model, train.x, epochs=1, progress=False)
    print(len(train) / (time.perf_counter() - start), flush=True)
"""


class Kernel:
    """A process that trains when told to."""

    def __init__(self, environment: dict[str, str]) -> None:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
        self.process = subprocess.Popen([sys.executable, "-c", KERNEL], env=environment, **pipes)

    def __enter__(self) -> Kernel:
        return self

    def __exit__(self, *error) -> None:
        self.process.stdin.close()
        self.process.wait(30)

    def wait(self) -> str:
        """Its next answer."""
        return self.process.stdout.readline().strip()

    def go(self) -> None:
        """Let it train for an epoch."""
        self.process.stdin.write("go\n")


def policy() -> dict[str, str]:
    """What the shipped hub adds to the environment of a student's server."""
    with tempfile.TemporaryDirectory() as home:
        before = dict(os.environ)
        os.environ.update(AECOURSE_CLASS=home, AECOURSE_PORT=str(three_ports()))
        try:
            with redirect_stdout(None):
                config: Config = PyFileConfigLoader(str(HUB_CONFIG)).load_config()
        finally:
            os.environ.clear()
            os.environ.update(before)
    return dict(config.Spawner.environment)


def measure() -> tuple[list[float], list[float]]:
    """Images a second in each round: (one kernel alone with the whole machine, four kernels under the policy)."""
    plain = {name: value for name, value in os.environ.items() if name not in ("AECOURSE_THREADS", "OMP_NUM_THREADS")}
    student = plain | policy()
    alone, together = [], []
    with ExitStack() as stack:
        single = stack.enter_context(Kernel(plain))
        class_ = [stack.enter_context(Kernel(student)) for _ in range(KERNELS)]
        for kernel in (single, *class_):
            assert kernel.wait() == "ready"
        for _ in range(ROUNDS):
            for kernels, rates in (([single], alone), (class_, together)):
                for kernel in kernels:
                    kernel.go()
                rates.append(sum(float(kernel.wait()) for kernel in kernels))
    return alone, together


def lines() -> list:
    """For the table of `make class-trial`."""
    from run import Line

    alone, together = measure()
    ratio = statistics.median(t / a for a, t in zip(alone, together, strict=True))
    return [
        Line("one kernel training alone, images a second", statistics.median(alone), ""),
        Line(f"{KERNELS} kernels training at once, together", statistics.median(together), ""),
        Line(f"{KERNELS} kernels / one alone", ratio, "×", at_least=0.8),
    ]
