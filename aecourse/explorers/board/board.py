"""All explorers for the front of a room: one at a time, large, each with a question to the class."""

from __future__ import annotations

import base64
import threading
from pathlib import Path

import anywidget
import ipywidgets as widgets
import torch
import traitlets
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from aecourse.bundle import bundle
from aecourse.checks import check_choice, check_whole
from aecourse.explorers.base.background import interrupted_later
from aecourse.explorers.base.lifetime import replaces_earlier_run, return_memory
from aecourse.explorers.base.page import Explorer
from aecourse.explorers.board.demos import DEMOS
from aecourse.plotting import STYLE, figure_png

HERE = Path(__file__).parent


class BoardFrame(anywidget.AnyWidget):
    """The frame around the explorer, which fits it to the screen; it sends {"turn" | "go" | "apply" | "ready": …}.

    Attributes
    ----------
    demos : for each demo its words, its presets and for which settings its answer holds
    page : the demo on the screen, from 0
    """

    _esm = bundle(HERE / "board.js")
    _css = bundle(HERE / "board.css")
    demos = traitlets.List(traitlets.Dict()).tag(sync=True)
    page = traitlets.Int(0).tag(sync=True)


class DemoBoard(widgets.VBox):
    """One demo on the screen, Page Up and Page Down to the next; taught in notebooks/10_demo_board.ipynb.

    An explorer is built when its page is first shown. Once a browser shows a page, the next one is built in the
    background, so that turning to it takes no time.

    Parameters
    ----------
    page : int from 1, which demo comes first

    Attributes
    ----------
    page : int, the demo on the screen, from 1; set it to turn
    explorers : {page: its explorer}, those built so far
    """

    page = traitlets.Int(1)

    def __init__(self, page: int = 1) -> None:
        self.explorers: dict[int, Explorer] = {}
        page = check_whole("page", page, maximum=len(DEMOS))
        super().__init__()
        replaces_earlier_run(self)
        self.add_class("aecourse-board")
        self._building = threading.Lock()
        self.frame = BoardFrame(demos=[demo.in_words() for demo in DEMOS])
        self.frame.on_msg(lambda _, message, buffers: self._take(message))
        self.stage = widgets.VBox()
        self.stage.add_class("aecourse-stage")
        self.children = [self.frame, self.stage]
        self.page = page
        self._show()
        self.observe(lambda change: self._show(), "page")

    @traitlets.validate("page")
    def _on_the_board(self, proposal) -> int:
        try:
            return check_whole("page", proposal["value"], maximum=len(DEMOS))
        except ValueError as error:
            raise traitlets.TraitError(str(error)) from None

    @property
    def explorer(self) -> Explorer:
        """The explorer on the screen."""
        return self.explorers[self.page]

    def turn(self, step: int = 1) -> None:
        """Turn so many pages on, or back if `step` is below 0; stop at the first and the last."""
        self.page = min(max(self.page + step, 1), len(DEMOS))

    def apply(self, preset: str) -> None:
        """Press a preset's button, by what it says."""
        presets = DEMOS[self.page - 1].presets
        check_choice("preset", preset, tuple(presets))
        self.explorer.apply(presets[preset])

    def close(self) -> None:
        """Take the board off the page and give back its memory; running its cell again does so too."""
        for part in (*self.explorers.values(), *self.children):
            part.close()
        super().close()
        self.explorers.clear()
        return_memory()

    def _take(self, message: dict) -> None:
        """Do what the browser asks for; the explorer shows an error, which would otherwise appear below some cell."""
        try:
            self._hear(message)
        except Exception as error:
            self.explorer.notice = f"{type(error).__name__}: {error}"

    def _hear(self, message: dict) -> None:
        for word, value in message.items():
            if word == "turn":
                self.turn(value)
            elif word == "go":
                self.page = value
            elif word == "apply":
                self.explorer.apply(value)
            elif word == "ready" and check_whole("ready", value) < len(DEMOS):
                with interrupted_later():
                    threading.Thread(target=self._build_ahead, args=(value + 1,), daemon=True).start()

    def _build(self, page: int) -> Explorer:
        """The explorer of a page, built and put hidden on the stage if it is not there yet."""
        with self._building:
            if page not in self.explorers:
                explorer = DEMOS[page - 1].build()
                explorer.layout.display = "none"
                self.explorers[page] = explorer
                self.stage.children = [*self.stage.children, explorer]
                return_memory()
        return self.explorers[page]

    def _build_ahead(self, page: int) -> None:
        """Build a page in the background, unless the board is closed meanwhile."""
        try:
            self._build(page)
        except AttributeError:
            if self.comm is not None:
                raise

    def _show(self) -> None:
        """Bring the page on the screen; explorers seen before stay as they were left."""
        shown = self._build(self.page)
        self.frame.page = self.page - 1
        for explorer in self.stage.children:
            explorer.layout.display = "block" if explorer is shown else "none"

    def static_png(self) -> bytes:
        """The demo on the screen as a PNG file, for a notebook read without a kernel."""
        demo = DEMOS[self.page - 1]
        figure = Figure(figsize=(10, 4.8), dpi=STYLE["figure.dpi"], layout="constrained")
        FigureCanvasAgg(figure)
        top, middle = figure.subfigures(2, 1, height_ratios=(1, 3.6))
        top.text(0.01, 0.62, f"{self.page} / {len(DEMOS)} · {demo.title}", fontsize=13, color="#666666")
        top.text(0.01, 0.3, demo.question, fontsize=17)
        top.text(0.01, 0, "     ".join(f"{nth}: {vote}" for nth, vote in enumerate(demo.votes, 1)), fontsize=12)
        with torch.inference_mode():
            self.explorer.draw_static(middle)
        figure.supxlabel("a stored picture: run this cell, or: aecourse demo", fontsize=10, color="#666666")
        return figure_png(figure)

    def _repr_mimebundle_(self, **kwargs) -> tuple[dict, dict]:
        bundle = super()._repr_mimebundle_(**kwargs)
        bundle["text/plain"] = f"{type(self).__name__}: run this cell to use it"
        bundle["image/png"] = base64.b64encode(self.static_png()).decode()
        question = DEMOS[self.page - 1].question
        return bundle, {"image/png": {"alt": f"The demo board asks: {question} Below, the explorer that answers."}}
