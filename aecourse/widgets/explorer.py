"""What every explorer shares: controls, a picture, a caption, and manners."""

from __future__ import annotations

import base64
import html
import threading
from collections.abc import Mapping, Sequence

import ipywidgets as widgets
import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from aecourse.plotting import STYLE, figure_png
from aecourse.widgets.picture import Picture

CSS = """
<style>
.aecourse { max-width: 1180px; }
.aecourse .widget-label { color: inherit; }
.aecourse-rows { display: flex; gap: 10px; align-items: stretch; width: 100%; }
.aecourse-rows figure { flex: 1 1 0; min-width: 0; margin: 0; }
.aecourse-rows img { display: block; width: 100%; height: auto; image-rendering: pixelated; }
.aecourse-columns { display: flex; justify-content: space-around; text-align: center; font-size: 14px; }
.aecourse-columns span { flex: 1 1 0; }
.aecourse-names { display: flex; flex-direction: column; justify-content: space-around; text-align: right;
  flex: 0 0 auto; max-width: 9.5em; font-size: 14px; line-height: 1.2; }
.aecourse-names:empty { display: none; }
.aecourse-names > span { flex: 1 1 0; display: flex; align-items: center; justify-content: flex-end; }
.aecourse-curve { width: 100%; height: auto; font: 13px sans-serif; fill: currentColor; }
.aecourse-curve .title { font-size: 15px; font-weight: bold; }
.aecourse-curve polyline { fill: none; stroke-width: 2.5; }
.aecourse-curve .grid { stroke: currentColor; stroke-opacity: .14; }
.aecourse-curve .now { stroke: currentColor; stroke-opacity: .6; stroke-dasharray: 4 4; }
.aecourse-caption { font-size: 15px; line-height: 1.45; margin: 4px 0; }
.aecourse-error { border-left: 4px solid #D55E00; padding: 4px 10px; }
.aecourse .widget-html, .aecourse .widget-html-content { height: auto; }
</style>
"""


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
        self.add_class("aecourse")
        self.controls = dict(controls)
        self.picture = Picture()
        self.caption = widgets.HTML()
        self.style_sheet = widgets.HTML(CSS, layout={"display": "none"})
        self._drawing = threading.Lock()
        self._stale = False
        for control in self.controls.values():
            control.observe(lambda change: self.refresh(), "value")

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
        """put a sentence under the picture; screen readers speak it"""
        look, role = ("aecourse-caption aecourse-error", "alert") if error else ("aecourse-caption", "status")
        self.caption.value = f'<span class="{look}" role="{role}" aria-live="polite">{html.escape(sentence)}</span>'

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
        return bundle


def with_number_box(slider: widgets.IntSlider | widgets.FloatSlider, label: str) -> widgets.HBox:
    """a slider with a labelled box to type the number in: the handle alone has no name that can be spoken"""
    kinds = (widgets.IntSlider, widgets.BoundedIntText), (widgets.FloatSlider, widgets.BoundedFloatText)
    box_kind = next(box for kind, box in kinds if isinstance(slider, kind))
    box = box_kind(
        value=slider.value, min=slider.min, max=slider.max, step=slider.step, description=label,
        style={"description_width": "initial"}, layout={"width": "auto"},
    )  # fmt: skip
    slider.readout = False
    slider.description = ""
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
