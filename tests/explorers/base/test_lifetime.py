"""An explorer whose cell runs again is closed and freed, and so is a training panel that is replaced."""

import gc
import weakref

import pytest
from helpers import reruns
from ipywidgets.widgets.widget import _instances

from aecourse.explorers import BottleneckExplorer, SparsityExplorer, TrainingExplorer
from aecourse.explorers.base.lifetime import parts

MEGABYTES = 7  # for three explorers and three re-runs; the whole bench holds eleven and twenty of them below 50
BOARD_MEGABYTES = 900


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


def open_panel(explorer) -> TrainingExplorer:
    """The training panel, opened."""
    explorer.training_panel.button.value = True
    return explorer.training_panel.trainer


def test_a_closed_explorer_leaves_no_widget_behind():
    """Children, layouts and styles go with it, and so do networks and pictures, whoever still has its name."""
    BottleneckExplorer()  # what is loaded once a session is loaded now
    before = set(_instances)
    explorer = BottleneckExplorer()
    panel = open_panel(explorer)
    inside, k = len([*parts(explorer)]), explorer.k
    network = weakref.ref(panel.model)
    assert inside > 60
    explorer.close()
    assert set(_instances) == before
    del panel
    gc.collect()
    assert network() is None
    k.value = 3  # a slider that somebody kept moves nothing, and does not complain
    explorer.close()


def test_a_panel_that_is_replaced_is_closed():
    """The sparsity explorer's, when the penalty changes; the new one trains the new penalty."""
    explorer = SparsityExplorer("l1")
    panel = open_panel(explorer)
    count = len(_instances)
    for penalty in ("kl", "topk", "kl"):
        explorer.penalty.value = penalty
        assert explorer.training_panel.trainer is not panel
        assert explorer.training_panel.trainer.model.penalty == penalty
    assert panel.comm is None
    assert len(_instances) <= count + 5


def test_closing_stops_a_run():
    """The thread has ended when close returns, and nobody is handed a network."""
    received = []
    explorer = TrainingExplorer(4, on_done=received.append)
    explorer.epochs.value = 20
    explorer.train()
    thread = explorer._thread
    explorer.close()
    assert not thread.is_alive()
    assert received == []


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
