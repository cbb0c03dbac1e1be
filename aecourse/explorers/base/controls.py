"""Controls that ipywidgets lacks: boxes for whole numbers, a slider with a box to type in, many sliders as one code."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import ipywidgets as widgets
import traitlets

SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


class WholeNumberText(widgets.BoundedIntText):
    """A box that refuses 3.7, where that of ipywidgets drops the dot while it is typed and reads 37.

    Attributes
    ----------
    refusal : why the number typed last was put back, in words; an explorer says them under its picture
    """

    _view_name = traitlets.Unicode("FloatTextView").tag(sync=True)  # lets a dot be typed
    refusal = traitlets.Unicode("")

    def set_state(self, sync_data: dict) -> None:
        """Take what the browser sends; of a number that is not whole, put the old value back and say why."""
        typed = sync_data.get("value")
        if not isinstance(typed, float) or typed.is_integer():
            super().set_state(sync_data)
            return
        super().set_state(sync_data | {"value": self.value})
        self.send_state("value")  # the browser still shows what was typed
        self.refusal = ""
        self.refusal = f"{self.description.capitalize()} must be a whole number; {typed:g} is not. Still {self.value}."


def with_number_box(slider: widgets.IntSlider | widgets.FloatSlider, label: str) -> widgets.HBox:
    """A slider with a labelled box to type the number in."""
    kinds = (widgets.IntSlider, WholeNumberText), (widgets.FloatSlider, widgets.BoundedFloatText)
    box_kind = next(box for kind, box in kinds if isinstance(slider, kind))
    box = box_kind(
        value=slider.value, min=slider.min, max=slider.max, step=slider.step, description=label,
        style={"description_width": "initial"}, layout={"width": "auto"},
    )  # fmt: skip
    slider.readout = False
    slider.description, slider.tooltip = "", label  # Accessibility calls the handle by its tooltip
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
    return widgets.HBox(
        [box, slider], layout={"flex": "1 1 auto", "min_width": "min(300px, 100%)", "align_items": "center"}
    )


def number_box(value: int, largest: int, label: str, *, width: int = 190) -> WholeNumberText:
    """A labelled box for a whole number from 0, such as the number of a picture."""
    return WholeNumberText(
        min(value, largest), 0, largest, description=label, style={"description_width": "initial"},
        layout={"width": f"{width}px"},
    )  # fmt: skip


class CodeSliders(widgets.HBox):
    """Upright sliders side by side.

    Parameters
    ----------
    count : how many
    reach : each goes from -reach to reach
    names : a word over each; default z₁, z₂, …

    Attributes
    ----------
    value : tuple of all numbers; set it to move every slider, and observers hear of it once
    """

    value = traitlets.Tuple()

    def __init__(self, count: int, *, reach: float = 3.0, names: Sequence[str] | None = None) -> None:
        self.min, self.max = (-reach,) * count, (reach,) * count
        self._here = threading.local()
        names = names or [f"z{i + 1}".translate(SUBSCRIPTS) for i in range(count)]
        self.sliders = [
            widgets.FloatSlider(
                0.0, min=-reach, max=reach, step=0.1, description=name, orientation="vertical", readout_format=".1f",
                layout={"width": "48px", "height": "150px", "margin": "2px 6px"},
            )
            for name in names
        ]  # fmt: skip
        super().__init__(self.sliders, layout={"flex_flow": "row wrap"})
        self.value = (0.0,) * count
        for slider in self.sliders:
            slider.observe(self._collect, "value")
        self.observe(self._spread, "value")

    @traitlets.validate("value")
    def _right_length(self, proposal) -> tuple[float, ...]:
        value = tuple(float(v) for v in proposal["value"])
        if len(value) != len(self.sliders):
            raise traitlets.TraitError(f"value must hold {len(self.sliders)} numbers; got {len(value)}")
        return tuple(max(low, min(high, v)) for v, low, high in zip(value, self.min, self.max, strict=True))

    def _collect(self, change) -> None:
        if not getattr(self._here, "spreading", False):
            self.value = tuple(slider.value for slider in self.sliders)

    def _spread(self, change) -> None:
        self._here.spreading = True
        try:
            for slider, number in zip(self.sliders, change.new, strict=True):
                slider.value = number
        finally:
            self._here.spreading = False
