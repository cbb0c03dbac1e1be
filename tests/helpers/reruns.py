"""How much memory a kernel keeps when the cells of explorers run again and again, their training panels open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

import aecourse.explorers

EXPLORERS = [name for name in aecourse.explorers.__all__ if name.endswith(("Explorer", "Pad"))]
RERUNS = 20
CELL = """
import aecourse
explorer = aecourse.{name}()
if hasattr(explorer, "open_training"):
    explorer.open_training()
explorer
"""
PENALTIES = """
for penalty in ("kl", "topk", "l1"):
    explorer.penalty = penalty
"""
MEMORY = """
import gc, psutil
from aecourse.explorers.base.lifetime import return_memory
gc.collect()
return_memory()  # what is free again does not count
print(psutil.Process().memory_info().rss)
"""
BOARD = "board = aecourse.DemoBoard()\nfor page in range(1, 12): board.page = page\nboard"
CLOSE = "board.close()"


@contextmanager
def kernel() -> Iterator[BlockingKernelClient]:
    """A kernel of its own, ended afterwards."""
    manager, client = start_new_kernel(startup_timeout=600)
    try:
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def run(client: BlockingKernelClient, cell: str) -> int:
    """Run a cell; what it printed, as a number."""
    printed = []

    def hear(message: dict) -> None:
        content = message["content"]
        assert message["msg_type"] != "error", "\n".join(content.get("traceback", []))
        printed.append(content.get("text", ""))

    client.execute_interactive(cell, output_hook=hear, timeout=600)
    return int("".join(printed) or 0)


def growth(client: BlockingKernelClient, names: Sequence[str] = EXPLORERS, *, reruns: int = RERUNS) -> float:
    """Megabytes by which the kernel grows while each cell runs so many times more, after it has run twice."""

    def once() -> None:
        for name in names:
            run(client, CELL.format(name=name))
            if name == "SparsityExplorer":
                run(client, PENALTIES)

    once(), once()
    before = run(client, MEMORY)
    for _ in range(reruns):
        once()
    return (run(client, MEMORY) - before) / 1e6


def board(client: BlockingKernelClient) -> float:
    """Megabytes of the demo board with all its explorers built, beyond those of the packages it needs."""
    run(client, "import aecourse, torch, ipywidgets, matplotlib.pyplot")
    before = run(client, MEMORY)
    run(client, BOARD)
    taken = (run(client, MEMORY) - before) / 1e6
    run(client, CLOSE)
    return taken
