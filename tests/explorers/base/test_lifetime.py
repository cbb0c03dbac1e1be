"""An explorer whose cell runs again is closed and freed, and so is a training panel that is replaced."""

import gc
import weakref

import pytest
from helpers import reruns

from aecourse.explorers import BottleneckExplorer, SparsityExplorer, TrainingExplorer

MEGABYTES = 7  # for three explorers and three re-runs; the whole bench holds eleven and twenty of them below 50
BOARD_MEGABYTES = 650


@pytest.fixture(scope="module")
def kernel():
    """A kernel as a notebook has it."""
    with reruns.kernel() as client:
        yield client


@pytest.mark.slow
def test_memory_of_the_board(kernel):
    """All eleven explorers built, in a kernel that has loaded nothing: this test must come before the next."""
    assert reruns.board(kernel) < BOARD_MEGABYTES


@pytest.mark.slow
def test_memory_stays_when_cells_run_again(kernel):
    """With the training panel open each time; `make bench ONLY=memory` measures all of them, 20 times."""
    names = ["BottleneckExplorer", "SparsityExplorer", "ContractionExplorer"]
    assert reruns.growth(kernel, names, reruns=3) < MEGABYTES


def test_a_closed_explorer_drops_its_network():
    """The one in its training panel, whoever still has the explorer's name; and it stops to tell the page."""
    explorer = BottleneckExplorer()
    network = weakref.ref(explorer.open_training().model)
    explorer.close()
    gc.collect()
    assert network() is None and not explorer.training
    explorer.k = 3  # somebody who kept it moves nothing, and nothing complains


def test_another_penalty_gets_another_trainer():
    """In the sparsity explorer; the new one trains the new penalty, and the old network goes."""
    explorer = SparsityExplorer("l1")
    network = weakref.ref(explorer.open_training().model)
    for penalty in ("kl", "topk", "kl"):
        explorer.penalty = penalty
        assert explorer.trainer.model.penalty == penalty
        assert explorer.training["label"] == explorer.trainer.setup.label
    gc.collect()
    assert network() is None


def test_closing_stops_a_run():
    """The thread has ended when close returns, and nobody is handed a network."""
    explorer, received = TrainingExplorer(4), []
    explorer.adopt = explorer.trainer.on_done = received.append
    explorer.apply({"epochs": 20, "train": True})
    thread = explorer.trainer._thread
    explorer.close()
    assert not thread.is_alive()
    assert received == []


@pytest.mark.slow
def test_ipython_keeps_none_of_them(kernel):
    """But the last three results, as _, __ and ___."""
    count = "import gc; gc.collect(); print(sum(type(each).__name__ == 'SearchExplorer' for each in gc.get_objects()))"
    for _ in range(8):
        reruns.run(kernel, reruns.CELL.format(name="SearchExplorer"))
    assert reruns.run(kernel, count) <= 4


@pytest.mark.slow
def test_another_run_of_the_cell_goes_on(kernel):
    """Each explorer where the one in its place stood, and afresh once the cell has been changed."""
    made = "BottleneckExplorer(4), DrawingPad(), BottleneckExplorer(8)"
    cell = f"from aecourse.explorers import BottleneckExplorer, DrawingPad\nfour, pad, eight = {made}"
    ask = "print(four.k * 10_000 + pad.k * 100 + eight.k)"
    reruns.run(kernel, cell)
    reruns.run(kernel, "four.k, pad.k, eight.k = 5, 6, 7")
    reruns.run(kernel, cell)
    assert reruns.run(kernel, ask) == 50_607
    reruns.run(kernel, cell + "  # changed")  # nothing but the code tells cells apart here
    assert reruns.run(kernel, ask) == 41_608


@pytest.mark.slow
def test_only_another_run_of_the_cell_closes(kernel):
    """Two explorers of one run live side by side, and those of other cells go on."""
    reruns.run(kernel, "import aecourse\nfirst, second = aecourse.DrawingPad(), aecourse.DrawingPad()")
    reruns.run(kernel, "third = aecourse.DrawingPad()")
    ask = "print(sum((pad.comm is not None) << i for i, pad in enumerate((first, second, third))))"
    assert reruns.run(kernel, ask) == 0b111
    reruns.run(kernel, "kept = third\nthird = aecourse.DrawingPad()")
    assert reruns.run(kernel, ask) == 0b111
    reruns.run(kernel, "old = first, second")
    reruns.run(kernel, "import aecourse\nfirst, second = aecourse.DrawingPad(), aecourse.DrawingPad()")
    assert reruns.run(kernel, ask) == 0b111
    assert reruns.run(kernel, "print(sum(pad.comm is not None for pad in old))") == 0
