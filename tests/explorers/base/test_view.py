"""What every explorer owes its user: the newest picture, words that agree, and errors in the open."""

import base64
import io
import threading
import time

import ipywidgets as widgets
import numpy as np
import pytest
from helpers.strategies import alt_in, caption_in, picture_in
from PIL import Image

from aecourse.explorers.base.controls import with_number_box
from aecourse.explorers.base.view import Explorer, Picture


class Gray(Explorer):
    """One gray value, and every way to go wrong."""

    row_names = ("a & b",)

    def __init__(self, pause: float = 0) -> None:
        self.level = widgets.IntSlider(0, 0, 1000)
        self.drawn, self.pause, self.busy = [], pause, 0
        super().__init__({"level": self.level})
        self.children = [self.level, self.picture, self.caption]
        self.refresh()

    def render(self, level: int) -> np.ndarray:
        self.busy += 1
        assert self.busy == 1, "two drawings at once"
        time.sleep(self.pause)
        self.drawn.append(level)
        self.busy -= 1
        if level == 13:
            raise RuntimeError("no <13>, please")
        return np.full((2, 3), level % 256, np.float64 if level == 14 else np.uint8)

    def describe(self, level: int) -> str:
        return None if level == 15 else f'level "{level}" <b>'

    def decorate(self, level: int) -> None:
        if level == 16:
            raise ZeroDivisionError("sixteen")


def shows(explorer: Gray, level: int) -> bool:
    """Whether picture, alt text and caption are those of this level."""
    words = f'level "{level}" <b>'
    same_pixels = np.array_equal(picture_in(explorer), np.full((2, 3), level % 256))
    return same_pixels and alt_in(explorer) == words and caption_in(explorer) == ("status", words)


def test_a_control_changes_picture_and_words():
    """Both, at once, with the words escaped and the rows named."""
    explorer = Gray()
    assert shows(explorer, 0)
    explorer.level.value = 77
    assert shows(explorer, 77)
    assert "<span>a &amp; b</span>" in explorer.picture.value
    assert explorer.drawn == [0, 77]


@pytest.mark.parametrize(
    ("level", "words"),
    [(13, "RuntimeError: no <13>, please"), (14, "Error"), (15, "Error"), (16, "ZeroDivisionError: six")],
)
def test_errors_come_into_the_open(level, words):
    """Whatever fails, picture, words or decoration, is said where the learner looks, and the next value works."""
    explorer = Gray()
    explorer.level.value = level
    role, said = caption_in(explorer)
    assert role == "alert"
    assert words in said
    assert (picture_in(explorer) == 0).all()  # the last good picture stays
    explorer.level.value = 18
    assert shows(explorer, 18)


def test_an_error_at_birth_does_not_hide_the_explorer():
    """The widget is shown all the same, with its alert."""

    class Stillborn(Gray):
        def render(self, level):
            raise RuntimeError("never")

    explorer = Stillborn()
    bundle = explorer._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "image/png" not in bundle
    assert caption_in(explorer) == ("alert", "RuntimeError: never")


def test_a_storm_ends_on_the_last_value():
    """1,000 events from five threads: few drawings, never two at once, and the last value on the screen."""
    explorer = Gray(pause=0.003)
    rng = np.random.default_rng(0)
    values = rng.integers(20, 1001, (5, 200)).tolist()

    def storm(mine: list[int]) -> None:
        for value in mine:
            explorer.level.value = value

    threads = [threading.Thread(target=storm, args=(mine,)) for mine in values]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert explorer.level.value in {mine[-1] for mine in values}
    assert shows(explorer, explorer.level.value)
    assert len(explorer.drawn) < 1_000


def test_events_while_drawing_become_one_drawing():
    """A request that comes in the middle is not lost, and ten such are one."""

    class Held(Gray):
        entered, go_on = threading.Event(), threading.Event()

        def render(self, level: int) -> np.ndarray:
            if level == 50:
                self.entered.set()
                self.go_on.wait(600)
            return super().render(level)

    explorer = Held()
    first = threading.Thread(target=setattr, args=(explorer.level, "value", 50))
    first.start()
    assert explorer.entered.wait(600)
    for value in range(60, 70):
        explorer.level.value = value  # returns at once: the first thread draws
    explorer.go_on.set()
    first.join()
    assert explorer.drawn == [0, 50, 69]
    assert shows(explorer, 69)


def test_bundle_for_readers_without_a_kernel():
    """Words, a picture and the live widget."""
    explorer = Gray()
    explorer.level.value = 200
    bundle = explorer._repr_mimebundle_()
    assert {"text/plain", "image/png", "application/vnd.jupyter.widget-view+json"} <= bundle.keys()
    assert "Gray" in bundle["text/plain"]
    image = np.asarray(Image.open(io.BytesIO(base64.b64decode(bundle["image/png"]))).convert("L"))
    assert min(image.shape) > 200
    assert (image == 200).mean() > 0.1  # the present value, not the first


@pytest.mark.parametrize(("kind", "value"), [(widgets.IntSlider, 7), (widgets.FloatSlider, 2.5)])
def test_number_box_and_slider_are_one(kind, value):
    """The box can be spoken and typed into, and keeps to the slider's bounds."""
    slider = kind(1, min=0, max=10)
    row = with_number_box(slider, "numbers in the code, k")
    box = next(part for part in row.children if part is not slider)
    assert box.description == "numbers in the code, k"
    box.value = value
    assert slider.value == value
    slider.value = 3
    assert box.value == 3
    box.value = 99
    assert box.value == slider.value == 10


def test_number_box_follows_a_storm():
    """Slider and box agree after events from several threads."""
    slider = widgets.IntSlider(1, min=0, max=1000)
    box = with_number_box(slider, "k").children[0]
    failures = []

    def storm(start: int) -> None:
        try:
            for value in range(start, 1000, 4):
                slider.value = value
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=storm, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert box.value == slider.value


@pytest.mark.parametrize("shape", [(3, 5), (3, 5, 3)])
def test_picture_shows_the_pixels(shape):
    """Gray or colour, exactly, with words and row names."""
    array = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    holder = type("Holder", (), {"picture": Picture()})
    holder.picture.show(array, alt='five "pixels" <wide>', rows=("first", "second"))
    assert np.array_equal(picture_in(holder), array)
    assert alt_in(holder) == 'five "pixels" <wide>'
    assert "<span>first</span><span>second</span>" in holder.picture.value
