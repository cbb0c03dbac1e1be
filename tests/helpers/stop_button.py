"""The Stop button of a notebook, pressed at a random moment of a cell that trains, in a kernel of its own."""

from __future__ import annotations

import json
import os
import random
import signal
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from helpers.reruns import kernel
from jupyter_client.blocking import BlockingKernelClient

GAP = 0.03  # seconds within which the second press of an impatient hand follows
BEGIN = """
import json, os, signal, time, torch
from aecourse.evaluation import reconstruction_mse
from aecourse.explorers import TrainingExplorer
from aecourse.models import DenseAutoencoder, StackedAutoencoder
from aecourse.training import fit, fit_layerwise

x, threads = torch.rand(600, 784), torch.get_num_threads()

def pressed(*_):
    if not over:
        raise KeyboardInterrupt

def begin():
    '''The cell is under way: whoever presses Stop may do so now.'''
    global over, histories, explorer, started
    over, histories, explorer, started = False, [], None, time.perf_counter()
    signal.signal(signal.SIGINT, pressed)
    print("go", flush=True)

def wait(sent, count):
    '''The cell goes on until Stop was pressed so often: a press after its end would be one into IPython.'''
    global over
    over = True
    while os.path.getsize(sent) < count:
        time.sleep(0.001)

def numbers(model):
    return [*model.parameters(), *model.buffers()]

def whole(history):
    counts = {len(history.train), len(history.seconds), len(history.validation) or len(history.train)}
    return len(counts) == 1 and all(terms["total"] < float("inf") for terms in history.train)

def found():
    '''What is wrong after a cell in which Stop was pressed.'''
    if not all(value.isfinite().all() for value in numbers(model)):
        yield "a weight is no number"
    if not all(map(whole, histories)):
        yield "the history has a hole"
    if not torch.is_grad_enabled() or torch.is_inference_mode_enabled() or torch.get_num_threads() != threads:
        yield "gradients or threads are not as before"
    if getattr(model, "depth", 1) and not reconstruction_mse(model, x) < 1:
        yield "it cannot be judged"
    if not whole(fit_layerwise(model, x, epochs=1, progress=False)[-1] if hasattr(model, "depth") else
                 fit(model, x, epochs=1, progress=False)):
        yield "it cannot be trained on"

def found_in_explorer():
    '''The same of an explorer, whose run goes on behind the cell unless it is stopped.'''
    trainer = (explorer or TrainingExplorer(data="matchsticks")).trainer
    trainer.stop(), trainer.stop(), trainer.wait(20)
    if trainer.training:
        yield "it still runs"
        return
    if not all(value.isfinite().all() for value in numbers(trainer.model)):
        yield "a weight is no number"
    if not whole(trainer.history):
        yield "the history has a hole"
    trainer.choose(epochs=1), trainer.train(), trainer.wait(20)
    if trainer.trained is None or trainer.history.epochs != 1 or trainer._error:
        yield f"it cannot be trained again: {trainer._error}"
"""
CELLS = {  # what trains, and how what is left is looked at
    "fit": (
        """
model = DenseAutoencoder(8, hidden=(64,), batch_norm=True)
try:
    begin()
    histories.append(fit(model, x, epochs=6, validation=x[:200]))
    ended = time.perf_counter()
finally:
    wait({sent!r}, {presses})
""",
        "found()",
    ),
    "fit_layerwise": (
        """
model = StackedAutoencoder(8, hidden=(32, 16))
try:
    begin()
    histories += fit_layerwise(model, x, epochs=2, validation=x[:200])
    ended = time.perf_counter()
finally:
    wait({sent!r}, {presses})
""",
        "found()",
    ),
    "TrainingExplorer": (
        """
try:
    begin()
    explorer = TrainingExplorer(data="matchsticks")
    explorer.trainer.choose(epochs=5), explorer.trainer.train(), explorer.trainer.wait()
    ended = time.perf_counter()
finally:
    wait({sent!r}, {presses})
""",
        "found_in_explorer()",
    ),
}


def stopped(count: int, names: Sequence[str] = tuple(CELLS), *, presses: int = 1) -> Iterator[str | None]:
    """Press Stop in so many of these cells; for each None, or what is wrong afterwards."""
    rng = random.Random(presses)
    with kernel() as client, tempfile.TemporaryDirectory() as folder:
        sent = Path(folder) / "presses"  # a byte for each
        pid = int(_run(client, BEGIN + "\nprint(os.getpid())")[0])
        seconds = {name: _seconds(client, cell, sent) for name, (cell, _) in CELLS.items() if name in names}
        for i in range(count):
            name = names[i % len(names)]
            cell, look = CELLS[name]
            moment = rng.uniform(0, 1.1 * seconds[name])
            delays = [moment, *(moment + rng.uniform(0, GAP) for _ in range(presses - 1))]
            told = f"{name}, Stop after {', '.join(f'{delay:.3f} s' for delay in delays)}"
            try:
                sent.write_bytes(b"")
                _, errors = _run(client, cell.format(sent=str(sent), presses=presses), press=(pid, sent, delays))
                printed, failed = _run(client, f"print(json.dumps(list({look})))")
            except TimeoutError:
                yield f"{told}: the kernel does not answer any more"
                return
            wrong = failed or json.loads(printed)
            if errors not in ([], ["KeyboardInterrupt"]):
                wrong.append(f"the cell ended with {errors}")
            yield f"{told}: {'; '.join(wrong)}" if wrong else None


def _seconds(client: BlockingKernelClient, cell: str, sent: Path) -> float:
    """How long a cell takes if nobody presses Stop; the second run counts, the first loads what it needs."""
    sent.write_bytes(b"")
    for _ in range(2):
        printed, errors = _run(client, cell.format(sent=str(sent), presses=0) + "\nprint(ended - started)")
        assert not errors, errors
    return float(printed.split()[-1])


def _run(client: BlockingKernelClient, cell: str, *, press: tuple = (0, None, ())) -> tuple[str, list[str]]:
    """Run a cell and press Stop so many seconds after it said "go"; what it printed, and its errors by name."""
    printed, errors, (pid, sent, delays) = [], [], press

    def stop() -> None:
        os.kill(pid, signal.SIGINT)
        with sent.open("ab") as file:
            file.write(b".")

    def hear(message: dict) -> None:
        content = message["content"]
        if message["msg_type"] == "error":
            errors.append(content["ename"])
        if content.get("name") == "stdout":
            printed.append(content["text"])
            for delay in delays if content["text"].startswith("go") else ():
                threading.Timer(delay, stop).start()

    client.execute_interactive(cell, output_hook=hear, timeout=120)
    return "".join(printed), errors
