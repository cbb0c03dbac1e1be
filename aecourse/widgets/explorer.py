"""What every explorer shares: controls, a picture, a caption, and manners."""

from __future__ import annotations

import base64
import html
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import anywidget
import ipywidgets as widgets
import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from aecourse.plotting import STYLE, figure_png
from aecourse.widgets.lifetime import close_whole, replaces_earlier_run, return_memory
from aecourse.widgets.picture import Picture

HERE = Path(__file__).parent


class Manners(anywidget.AnyWidget):
    """an explorer's style sheet, names for its sliders' handles, and its caption for screen readers; not seen itself"""

    _esm = HERE / "explorer.js"
    _css = HERE / "explorer.css"

    def __init__(self) -> None:
        super().__init__()
        self.add_class("aecourse-manners")


class Explorer(widgets.VBox):
    """a pure `render(**controls) -> uint8 array` with its controls around it

    A subclass calls `super().__init__(controls)`, arranges itself by setting `children`, and calls `refresh()`.
    It overrides `render` and `describe`, and `decorate` if it shows more than one picture. None of them may use
    pyplot or change a model's mode: JupyterLab may call them on another thread while a cell runs.

    Attributes
    ----------
    controls : {name: widget with a `value`}; each is a keyword of `render`
    """

    row_names: Sequence[str] = ()
    column_names: Sequence[str] = ()

    def __init__(self, controls: Mapping[str, widgets.Widget]) -> None:
        super().__init__()
        replaces_earlier_run(self)
        self.add_class("aecourse")
        self.controls = dict(controls)
        self.picture = Picture()
        self.caption = widgets.HTML()
        self.style_sheet = Manners()
        self._drawing = threading.Lock()
        self._stale = False
        for control in self.controls.values():
            control.observe(lambda change: self.refresh(), "value")
            if isinstance(control, widgets.SelectionSlider):  # its readout takes keys and forgets them
                control.add_class("aecourse-choice")

    def close(self) -> None:
        """take the explorer off the page and give back its memory; running its cell again does so too"""
        close_whole(self)

    def render(self, **controls) -> np.ndarray:
        """the picture for these control values, (height, width) or (height, width, 3) uint8"""
        raise NotImplementedError

    def describe(self, **controls) -> str:
        """one sentence about the picture, for the caption and for who cannot see it"""
        raise NotImplementedError

    def decorate(self, **controls) -> None:
        """update whatever stands beside the picture"""

    def settings(self) -> dict:
        """the present value of every control"""
        return {name: control.value for name, control in self.controls.items()}

    def refresh(self) -> None:
        """draw the newest state of the controls; requests that come while drawing become one more drawing"""
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
        """put a sentence under the picture; screen readers speak it, an error at once"""
        look = 'class="aecourse-caption aecourse-error" role="alert"' if error else 'class="aecourse-caption"'
        self.caption.value = f"<span {look}>{html.escape(sentence)}</span>"

    def draw_static(self, figure: Figure) -> None:
        """draw what a reader without a kernel sees; by default the picture with its row names"""
        from aecourse.plotting import plot_image

        plot_image(self.render(**self.settings()), ax=figure.subplots(), vmin=0, vmax=255)

    def static_png(self) -> bytes:
        """the explorer's present state as a PNG file, for a notebook read without a kernel"""
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


def with_number_box(slider: widgets.IntSlider | widgets.FloatSlider, label: str) -> widgets.HBox:
    """a slider with a labelled box to type the number in"""
    kinds = (widgets.IntSlider, widgets.BoundedIntText), (widgets.FloatSlider, widgets.BoundedFloatText)
    box_kind = next(box for kind, box in kinds if isinstance(slider, kind))
    box = box_kind(
        value=slider.value, min=slider.min, max=slider.max, step=slider.step, description=label,
        style={"description_width": "initial"}, layout={"width": "auto"},
    )  # fmt: skip
    slider.readout = False
    slider.description, slider.tooltip = "", label  # Manners calls the handle by its tooltip
    slider.layout.flex = "1 1 160px"
    lock, here = threading.Lock(), threading.local()

    def follow(change) -> None:  # traitlets' own link breaks when two threads move the slider; here the newest wins
        with lock:
            here.following = True
            box.value = round(slider.value, 6)  # a browser's 1.9400000000000004 is 1.94
            here.following = False

    def lead(change) -> None:
        if not getattr(here, "following", False):
            slider.value = box.value

    slider.observe(follow, "value")
    box.observe(lead, "value")
    return widgets.HBox([box, slider], layout={"flex": "1 1 auto", "min_width": "300px", "align_items": "center"})


def digit_set_box() -> widgets.BoundedIntText:
    """a box for the number that `one_of_each` takes; the rarest digit of the test set, 5, has 892 images"""
    return widgets.BoundedIntText(
        1, 0, 891, description="set of ten digits", style={"description_width": "initial"}, layout={"width": "190px"}
    )
