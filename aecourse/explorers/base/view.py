"""What every explorer shares: controls, a picture, a caption, and accessibility."""

from __future__ import annotations

import base64
import contextlib
import html
import io
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import anywidget
import ipywidgets as widgets
import numpy as np
import torch
import traitlets
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from aecourse.bundle import bundle
from aecourse.explorers.base.controls import WholeNumberText
from aecourse.explorers.base.lifetime import close_whole, parts, replaces_earlier_run, return_memory
from aecourse.explorers.base.training_panel import TrainingPanel
from aecourse.plotting import STYLE, figure_png, plot_image

HERE = Path(__file__).parent


def png(array: np.ndarray) -> bytes:
    """A uint8 array (height, width) or (height, width, 3) as the bytes of a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "PNG", compress_level=1)  # the fastest: the browser is on the same machine
    return buffer.getvalue()


def data_uri(array: np.ndarray) -> str:
    """A uint8 array as a link that holds the picture itself."""
    return "data:image/png;base64," + base64.b64encode(png(array)).decode()


class Picture(widgets.HTML):
    """An array as a sharp-edged image with names beside its rows and above its columns.

    Set with `show`; the browser swaps one <img> for the next without a flicker.
    """

    def __init__(self, *, width: str = "100%") -> None:
        super().__init__()
        self.layout.width = width
        self.layout.min_width = "0"
        self.add_class("aecourse-picture")

    def show(self, array: np.ndarray, *, alt: str, rows: Sequence[str] = (), columns: Sequence[str] = ()) -> None:
        """Put an array (height, width[, 3]) of uint8 on the screen; `alt` says in words what it shows."""
        beside, above = ("".join(f"<span>{html.escape(name)}</span>" for name in names) for names in (rows, columns))
        if rows and columns:  # the row names begin below the column names
            beside = f'<div class="aecourse-columns" aria-hidden="true">&nbsp;</div>{beside}'
        self.value = (
            f'<div class="aecourse-rows"><div class="aecourse-names">{beside}</div>'
            f'<figure><div class="aecourse-columns">{above}</div>'
            f'<img alt="{html.escape(alt)}" src="{data_uri(array)}"></figure></div>'
        )


class Accessibility(anywidget.AnyWidget):
    """An invisible widget with an explorer's style sheet; it names slider handles and has the caption spoken.

    Without a kernel it puts the explorer to sleep.
    """

    _esm = bundle(HERE / "view.js")
    _css = bundle(HERE / "view.css")

    def __init__(self) -> None:
        super().__init__()
        self.add_class("aecourse-accessibility")


class Explorer(widgets.VBox):
    """A picture and a caption computed by `render` and `describe` from the values of some controls.

    A subclass calls `super().__init__(controls)`, arranges itself by setting `children`, and calls `refresh()`.
    It overrides `render` and `describe`, and `decorate` if it shows more than one picture. None of them may use
    pyplot or change a model's mode: JupyterLab may call them on another thread while a cell runs.

    Attributes
    ----------
    controls : {name: widget with a `value`}; each is a keyword of `render`
    row_names, column_names : what stands beside the picture's rows and above its columns
    training_panel : the panel below the explorer in which its network can be trained; None without one
    """

    row_names: Sequence[str] = ()
    column_names: Sequence[str] = ()
    training_panel: TrainingPanel | None = None

    def __init__(self, controls: Mapping[str, widgets.Widget]) -> None:
        super().__init__()
        self._remembered = replaces_earlier_run(self)
        self.add_class("aecourse")
        self.controls = dict(controls)
        self.picture = Picture()
        self.caption = widgets.HTML()
        self.accessibility = Accessibility()
        self._drawing = threading.Lock()
        self._stale = False
        self.observe(self._hear_refusals, "children")
        for control in self.controls.values():
            control.observe(lambda change: self.refresh(), "value")
            if isinstance(control, widgets.SelectionSlider):  # its readout takes keys and forgets them
                control.add_class("aecourse-choice")

    def _hear_refusals(self, change) -> None:
        """Say under the picture why a box has put the old number back."""
        for box in parts(self):
            if isinstance(box, WholeNumberText):
                box.observe(lambda change: change.new and self.say(change.new, error=True), "refusal")

    def close(self) -> None:
        """Take the explorer off the page and give back its memory; running its cell again does so too."""
        close_whole(self)

    def render(self, **controls) -> np.ndarray:
        """The picture for these control values, (height, width) or (height, width, 3) uint8."""
        raise NotImplementedError

    def describe(self, **controls) -> str:
        """One sentence about the picture, for the caption and for those who cannot see it."""
        raise NotImplementedError

    def decorate(self, **controls) -> None:
        """Update whatever stands beside the picture."""

    def settings(self) -> dict:
        """The present value of every control."""
        return {name: control.value for name, control in self.controls.items()}

    def memory(self) -> dict:
        """What goes on when the explorer's cell runs again: its settings, and the network in its training panel."""
        trainer = getattr(self.training_panel, "trainer", None)
        return {"settings": self.settings(), "trainer": trainer and trainer.memory()}

    def remember(self, memory: dict) -> None:
        """Go on where the explorer of an earlier run of the cell stood."""
        for name, value in memory["settings"].items():
            with contextlib.suppress(traitlets.TraitError):  # not among the options any more
                self.controls[name].value = value
        if memory["trainer"]:
            self.training_panel.button.value = True
            self.training_panel.trainer.remember(memory["trainer"])

    def presettable(self) -> dict[str, widgets.Widget]:
        """What a preset of the demo board may set or press, by name: the controls, and what a subclass adds."""
        return self.controls

    def prepare_for_board(self) -> None:
        """Make room for large type on the demo board, which calls this once; a subclass narrows its pictures, too."""
        if self.training_panel is not None:
            self.training_panel.button.layout.display = "none"

    def refresh(self) -> None:
        """Draw the newest state of the controls; requests that come while drawing become one more drawing."""
        if memory := self._remembered:
            self._remembered = None
            self.remember(memory)
        self._stale = True
        while self._stale and self._drawing.acquire(blocking=False):
            try:
                self._stale = False
                self._draw()
            finally:
                self._drawing.release()

    def _draw(self) -> None:
        settings = self.settings()
        try:
            with torch.inference_mode():
                array, sentence = self.render(**settings), self.describe(**settings)
                self.decorate(**settings)
            self.picture.show(array, alt=sentence, rows=self.row_names, columns=self.column_names)
        except Exception as error:  # a widget's exception would vanish in the log: show it where the learner looks
            self.say(f"{type(error).__name__}: {error}", error=True)
            return
        self.say(sentence)

    def say(self, sentence: str, *, error: bool = False) -> None:
        """Put a sentence under the picture; screen readers speak it, an error at once."""
        look = 'class="aecourse-caption aecourse-error" role="alert"' if error else 'class="aecourse-caption"'
        self.caption.value = f"<span {look}>{html.escape(sentence)}</span>"

    def draw_static(self, figure: Figure) -> None:
        """Draw what a reader without a kernel sees; by default the picture with its row names."""
        plot_image(self.render(**self.settings()), ax=figure.subplots(), vmin=0, vmax=255)

    def static_png(self) -> bytes:
        """The explorer's present state as a PNG file, for a notebook read without a kernel."""
        figure = Figure(figsize=(10, 3.6), dpi=STYLE["figure.dpi"], layout="constrained")
        FigureCanvasAgg(figure)
        with torch.inference_mode():
            self.draw_static(figure)
        figure.supxlabel("a stored picture: run this cell to get the controls", fontsize=10, color="#666666")
        return figure_png(figure)

    def _repr_mimebundle_(self, **kwargs) -> dict:
        bundle = super()._repr_mimebundle_(**kwargs)
        bundle["text/plain"] = f"{type(self).__name__}: run this cell to use it"
        try:
            bundle["image/png"] = base64.b64encode(self.static_png()).decode()
        except Exception as error:  # without a picture the explorer itself can still be shown, and say why
            self.say(f"{type(error).__name__}: {error}", error=True)
        return_memory()
        return bundle
