"""The demo board: every explorer is on it, its presets exist and do something, its pages turn, its answers are true."""

from __future__ import annotations

import re
import threading

import numpy as np
import pytest
import torch
import traitlets
from helpers.paths import ROOT
from sklearn.neighbors import KNeighborsClassifier

import aecourse
from aecourse import DemoBoard, load_mnist, load_weights
from aecourse.explorers.base.page import Explorer
from aecourse.explorers.board import demos
from aecourse.explorers.board.demos import DEMOS
from aecourse.explorers.training_setups import dense_setup
from aecourse.models import Autoencoder
from aecourse.training import fit
from aecourse.zoo import load_split

PAGES = {demo.title: page for page, demo in enumerate(DEMOS, 1)}


@pytest.fixture(scope="module")
def board() -> DemoBoard:
    """One board for all tests, as an explorer takes a second or two to build."""
    return DemoBoard()


def show(board: DemoBoard, title: str) -> Explorer:
    """Turn to a demo by its title."""
    board.page = PAGES[title]
    return board.explorer


def test_every_explorer_is_on_the_board() -> None:
    """Whatever the package exports as an Explorer has a demo of its own, but for what belongs to one notebook."""
    public = {getattr(aecourse, name) for name in aecourse.__all__ if name[0].isupper()}
    explorers = {each.__name__ for each in public if isinstance(each, type) and issubclass(each, Explorer)}
    explorers -= {"PictureUpload", "SpiralExplorer"}
    codes = [getattr(demo.build, "__code__", None) for demo in DEMOS]  # a class has none
    named = {demo.build.__name__ for demo in DEMOS} | {name for code in codes if code for name in code.co_names}
    assert named >= explorers
    assert len(DEMOS) == len(explorers) <= 12


@pytest.mark.parametrize("demo", DEMOS, ids=lambda demo: demo.title)
def test_words_are_short_and_ask(demo: demos.Demo) -> None:
    """One question, two to four votes, an answer of two lines on a projector, and a notebook that is there."""
    assert demo.question.endswith("?") and len(demo.question) <= 80
    assert 2 <= len(set(demo.votes)) == len(demo.votes) <= 4 and all(len(vote) <= 40 for vote in demo.votes)
    assert 1 <= demo.right <= len(demo.votes)
    assert re.fullmatch(r"row \d( columns)?|point|ink", demo.teaser)
    assert demo.answer.endswith(".") and len(demo.answer) <= 112
    assert (ROOT / "notebooks" / f"{demo.notebook}.ipynb").exists()


@pytest.mark.parametrize("title", PAGES)
def test_a_demo_opens_where_its_answer_holds(title: str) -> None:
    """What the answer depends on are settings of the explorer, and at first they are as the question says."""
    demo = DEMOS[PAGES[title] - 1]
    fresh = demo.build()
    settings = fresh.settings() | getattr(fresh, "training", {})
    assert {name: settings[name] for name in demo.holds} == demo.holds
    fresh.close()


@pytest.mark.parametrize("title", PAGES)
def test_presets_exist_are_permitted_and_change_the_picture(board: DemoBoard, title: str) -> None:
    """Each preset sets what the explorer has to values it accepts; at least two of them look different."""
    explorer, presets = show(board, title), DEMOS[PAGES[title] - 1].presets
    assert presets, "a demo for a projector has presets"
    if title in ("Learning, live", "Your own digit"):
        return  # a training run and a pen: the next test and the browser tests look at them
    pictures = []
    for name, preset in presets.items():
        board.apply(name)
        settings = explorer.settings()
        assert {control: settings[control] for control in preset} == preset
        with torch.inference_mode():
            rows = explorer.rows(**settings)
        pictures.append(b"".join(np.asarray(row).tobytes() for row in rows.values()))
    assert len(set(pictures)) > 1


def test_training_presets_press_the_buttons(board: DemoBoard) -> None:
    """A preset sets k and starts; another stops."""
    explorer = show(board, "Learning, live")
    board.apply("train, k = 2")
    assert explorer.trainer.training and explorer.trainer.model.latent_dim == 2
    board.apply("stop")
    explorer.trainer.wait(600)
    assert not explorer.trainer.training
    assert explorer.trainer.history.epochs < explorer.trainer.epochs


def test_pages_turn_and_stop_at_both_ends(board: DemoBoard) -> None:
    """The first has no page before it and the last none after it; explorers stay as they were left."""
    board.page = 1
    board.explorer.k = 5
    board.turn(-1)
    assert board.page == 1
    board.turn()
    assert board.page == 2 and board.frame.page == 1
    board.turn(100)
    assert board.page == len(DEMOS)
    board.page = 1
    assert board.explorer.k == 5
    assert [e.layout.display for e in board.stage.children].count("block") == 1


def test_the_browser_is_heard() -> None:
    """Messages of the frame turn, jump, apply presets and have the next page built."""
    board = DemoBoard(page=PAGES["Your own digit"])
    assert list(board.explorers) == [3], "nothing is built before it is shown"
    board._hear({"apply": {"k": 2}})
    assert board.explorer.k == 2
    board._hear({"apply": DEMOS[2].holds})
    assert board.explorer.k == 8
    board._hear({"ready": 3})
    board._build(4)  # waits for the background, or does its work
    assert list(board.explorers) == [3, 4] and board.page == 3
    board._hear({"turn": 1})
    assert board.page == 4
    board._hear({"go": 3})
    assert board.page == 3 and board.explorer.k == 8


@pytest.mark.parametrize("page", [0, len(DEMOS) + 1, -1])
def test_there_is_no_such_page(page: int) -> None:
    """A page beyond the ends is an error that says which there are."""
    with pytest.raises(ValueError, match=rf"page must be a whole number from 1 to {len(DEMOS)}; got {page}"):
        DemoBoard(page)


def test_wrong_kinds(board: DemoBoard) -> None:
    """Neither a word nor a flag is a page, and a preset must be there."""
    for wrong in ("1", True, 1.0):
        with pytest.raises(TypeError, match="page must be"):
            DemoBoard(wrong)
    with pytest.raises(traitlets.TraitError, match="page must be"):
        board.page = 99
    with pytest.raises(ValueError, match="preset must be one of"):
        board.apply("k = 99")


def test_a_reader_without_a_kernel_sees_the_question(board: DemoBoard) -> None:
    """The stored output carries a picture with alt text."""
    board.page = 1
    bundle, metadata = board._repr_mimebundle_()
    assert bundle["image/png"].startswith("iVBOR") and "application/vnd.jupyter.widget-view+json" in bundle
    assert DEMOS[0].question in metadata["image/png"]["alt"]


def answer(title: str) -> str:
    """What the teacher is to say."""
    return DEMOS[PAGES[title] - 1].answer


def numbers(explorer: Explorer) -> dict[str, float]:
    """The numbers of what is on the screen."""
    with torch.inference_mode():
        return explorer.numbers(**explorer.settings())


def test_answer_of_the_bottleneck_is_true(board: DemoBoard) -> None:
    """PCA needs as many numbers as the answer says for the errors of the autoencoder with 8 and 16."""
    errors = show(board, "The bottleneck").models.errors
    needed = [min(k for k in errors["PCA"] if errors["PCA"][k] <= errors["nested"][size]) for size in (8, 16)]
    assert "PCA needs {} and {} numbers".format(*needed) in answer("The bottleneck")


def test_answer_of_learning_is_true() -> None:
    """A judge reads few restored digits after 640 and most after 8,320: on the site's 2,000 digits as on all."""
    (fitting, _), test = load_split(), load_mnist()[1]
    judge = KNeighborsClassifier(3).fit(fitting.x[:5_000], fitting.y[:5_000])
    for count in (2_000, len(fitting.x)):
        torch.manual_seed(0)
        network, read, stop = dense_setup(16).build(16), [], threading.Event()

        def look(network: Autoencoder = network, read: list = read, stop: threading.Event = stop) -> None:
            with torch.inference_mode():
                read.append(network(test.x[:300]) if len(read) in (9, 129) else None)
            if len(read) == 130:  # steps of 64 digits
                stop.set()

        fit(network, fitting.x[:count], epochs=5, on_step=look, stop=stop, progress=False)
        assert judge.score(read[9], test.y[:300]) < 0.25 and judge.score(read[129], test.y[:300]) > 0.5


def test_answer_of_the_map_is_true(board: DemoBoard) -> None:
    """The crowds are crowds by the explorer's own measure, and few training digits lie between them."""
    explorer = show(board, "A map of digits")
    for name, label in (("among the ones", 1), ("among the zeros", 0)):
        board.apply(name)
        assert numbers(explorer)["label"] == label and numbers(explorer)["share"] > 0.5
    codes = explorer.model.encode(load_split()[0].x).detach()
    presets = {name: torch.tensor([place["z1"], place["z2"]]) for name, place in DEMOS[3].presets.items()}
    near = {name: ((codes - place).norm(dim=1) < 0.3).sum().item() for name, place in presets.items()}
    assert near["between them"] < 0.2 * min(near["among the ones"], near["among the zeros"])


def test_answer_of_the_stack_is_true(board: DemoBoard) -> None:
    """The errors of the three layers and of the tuned stack."""
    errors = [f"{step.test_mse:.4f}".removeprefix("0") for step in show(board, "Layer by layer").steps]
    assert "({}, {}, {})".format(*errors[1:4]) in answer("Layer by layer") and f"reach {errors[4]}" in answer(
        "Layer by layer"
    )


def test_answer_of_the_sparse_demo_is_true(board: DemoBoard) -> None:
    """40 to 70 active in three networks of small error; one in thirteen dead with ten."""
    explorer, found = show(board, "Few units active"), {}
    for name in ("L1", "KL", "top 50", "top 10"):
        board.apply(name)
        found[name] = numbers(explorer)
    for name in ("L1", "KL", "top 50"):
        assert 40 <= 1024 * found[name]["active"] <= 72 and found[name]["MSE"] < 0.0065
    assert 0.07 < found["top 10"]["dead"] < 0.084


def test_answer_of_holding_still_is_true(board: DemoBoard) -> None:
    """Noise moves the contractive code nine times less, three times for its size; a shift moves it more than noise."""
    explorer = show(board, "Holding still")
    gain = {(w, d): explorer.gain(2.0, f"contractive-{w}", d, 0) for w in "01" for d in ("noise", "shift")}
    assert 8.5 < gain["0", "noise"] / gain["1", "noise"] < 9.5
    assert gain["1", "shift"] > 2 * gain["1", "noise"]
    test = load_mnist()[1]
    with torch.inference_mode():
        spread = {w: load_weights(f"contractive-{w}").encode(test.x).var(0).sum().sqrt().item() for w in "01"}
    assert 2.5 < (gain["0", "noise"] / spread["0"]) / (gain["1", "noise"] / spread["1"]) < 3.5


def test_answer_of_the_generator_is_true(board: DemoBoard) -> None:
    """How many digits lie on the map without the prior."""
    explorer = show(board, "Digits nobody wrote")
    board.apply("without the prior")
    assert f"only {numbers(explorer)['inside']:.0%}".replace("%", " %") in answer("Digits nobody wrote")


def test_answer_of_the_stranger_is_true(board: DemoBoard) -> None:
    """How many ones pass for an 8, and that error per ink catches more of them."""
    explorer, passed = show(board, "Spot the stranger"), {}
    for name in ("8 is normal", "error per ink"):
        board.apply(name)
        found = passed[name] = numbers(explorer)
        assert found["most"] == 1
    assert "{of most} of {in all} pass".format(**passed["8 is normal"]) in answer("Spot the stranger")
    assert passed["error per ink"]["of most"] < passed["8 is normal"]["of most"]


def test_answer_of_the_search_is_true(board: DemoBoard) -> None:
    """The mean number of right finds by pixels, by 16 numbers and by 16 bits."""
    explorer = show(board, "Search by code")
    board.apply("k = 16")
    pixels, by_code, bits = (
        f"{numbers(explorer)[f'{name}, mean']:.1f}" for name in ("pixels", "16 numbers", "16 bits")
    )
    assert answer("Search by code").startswith(f"On average {bits}, with 16 bits. The 784 pixels find {pixels}")
    assert answer("Search by code").endswith(f"16 numbers {by_code}.")
