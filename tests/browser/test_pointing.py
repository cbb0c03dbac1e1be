"""Pointing at a map and dragging along a way: mouse, finger, keys, and the sliders that go with them."""

import math
import re

import pytest
import torch
from browser.lab import PATIENCE
from helpers.parity import show
from playwright.sync_api import Locator, Page, expect

from aecourse.explorers import GeneratorExplorer, LatentMapExplorer, SpiralExplorer

pytestmark = pytest.mark.browser


def traits(page: Page, *names: str) -> tuple:
    """What the page has set."""
    return tuple(page.evaluate("(names) => names.map((name) => state[name])", list(names)))


def go(page: Page, pad: Locator, right: float, down: float) -> None:
    """Move the mouse to a place on a picture, given as shares of its sides."""
    box = pad.bounding_box()
    page.mouse.move(box["x"] + right * box["width"], box["y"] + down * box["height"])


def place_at(explorer: LatentMapExplorer, right: float, down: float) -> list:
    """The code of a place: the left edge is the lowest z₁, the top the highest z₂."""
    frame = explorer.map.frame
    z = frame.low + frame.sides * (right, 1 - down)
    return [pytest.approx(value, abs=0.03) for value in z]


def test_the_mouse_and_the_keys_move_the_point(blank: Page) -> None:
    """It follows; a click holds it, Escape frees it, a drag takes it along; arrow keys go on from there."""
    explorer = LatentMapExplorer()
    show(blank, explorer)
    pad = blank.get_by_role("application")
    for right, down in ((0.2, 0.7), (0.9, 0.1)):
        go(blank, pad, right, down)
        assert list(traits(blank, "z1", "z2")) == place_at(explorer, right, down)
    z1, z2 = traits(blank, "z1", "z2")
    assert f"z = ({z1:.2f}, {z2:.2f})" in blank.locator(".aecourse-caption").inner_text()
    blank.mouse.down(), blank.mouse.up()
    go(blank, pad, 0.4, 0.4)
    assert list(traits(blank, "z1", "z2")) == place_at(explorer, 0.9, 0.1)
    assert "Pinned" in blank.locator(".aecourse-point").inner_text()
    blank.keyboard.press("Escape")
    go(blank, pad, 0.5, 0.5)
    assert list(traits(blank, "z1", "z2")) == place_at(explorer, 0.5, 0.5)
    blank.mouse.down()
    go(blank, pad, 0.3, 0.6)
    blank.mouse.up()
    for key in ("ArrowRight", "ArrowRight", "ArrowUp"):
        blank.keyboard.press(key)
    assert list(traits(blank, "z1", "z2")) == place_at(explorer, 0.3 + 2 / 60, 0.6 - 1 / 60)


def test_the_mark_stands_where_the_sliders_are(blank: Page) -> None:
    """At both ends of both, and it never leaves the map."""
    explorer = LatentMapExplorer()
    show(blank, explorer)
    pad, mark = blank.get_by_role("application"), blank.locator(".aecourse-point i")
    for name, place in (("z₁", 0), ("z₂", 1)):
        for key, share in (("Home", 0), ("End", 1)):
            blank.get_by_role("slider", name=name).press(key)
            box, ring = pad.bounding_box(), mark.bounding_box()
            across = (ring["x"] + ring["width"] / 2 - box["x"]) / box["width"]
            down = (ring["y"] + ring["height"] / 2 - box["y"]) / box["height"]
            assert (across, 1 - down)[place] == pytest.approx(share, abs=0.015)


def test_the_ellipse_and_its_slider(blank: Page) -> None:
    """The point is put on the ellipse of the chosen digit, at the angle of the slider."""
    explorer = GeneratorExplorer()
    show(blank, explorer)
    blank.get_by_role("button", name="q(z|x) of one digit").click()
    blank.get_by_role("spinbutton", name="test digit").fill("7")
    blank.get_by_role("spinbutton", name="test digit").press("Enter")
    slider = blank.get_by_role("slider", name="direction of ε, in degrees")
    for key, degrees in (("Home", 0), ("ArrowRight", 5), ("End", 360)):
        slider.press(key)
        q = explorer.numbers(**explorer.settings() | {"digit": 7})
        angle = math.radians(degrees)
        expected = [q["mu1"] + q["sigma1"] * math.cos(angle), q["mu2"] + q["sigma2"] * math.sin(angle)]
        assert list(traits(blank, "z1", "z2")) == pytest.approx(expected, abs=0.0051)
    assert blank.locator(".aecourse-point ellipse").count() == 4  # as it lies there, and magnified
    blank.get_by_role("button", name="q(z|x) of one digit").click()
    assert traits(blank, "digit") == (-1,)


def test_a_drag_along_the_way(blank: Page) -> None:
    """The pictures between two digits are a slider, too; another pair is two other digits."""
    show(blank, GeneratorExplorer("between"))
    way = blank.get_by_role("application")
    go(blank, way, 0.1, 0.5)
    assert traits(blank, "share") == (0.5,)  # the mouse alone moves nothing
    blank.mouse.down()
    go(blank, way, 0.8, 0.2)
    blank.mouse.up()
    assert traits(blank, "share") == (0.8,)
    way.press("ArrowLeft")
    assert traits(blank, "share") == (0.78,)
    blank.get_by_role("button", name="another pair").click()
    first, second = traits(blank, "first", "second")
    assert first != second and (first, second) != (2, 0)


def test_the_buttons_of_the_dials(blank: Page) -> None:
    """A draw is new, zero is zero, a digit comes back."""
    explorer, complaints = GeneratorExplorer("twenty"), []
    blank.on("pageerror", lambda error: complaints.append(str(error)))
    show(blank, explorer)
    blank.get_by_role("button", name="draw from the prior").click()
    (drawn,) = traits(blank, "z")
    assert len(set(drawn)) > 15 and max(map(abs, drawn)) <= 3
    blank.get_by_role("button", name="all to zero").click()
    assert traits(blank, "z") == ([0] * 20,)
    box = blank.get_by_role("spinbutton", name="or start from test digit")
    box.fill("612")  # of the second part of the pictures
    box.press("Enter")
    explorer.start_from(612)
    assert traits(blank, "z") == (pytest.approx(explorer.z, abs=0.02),)
    expect(box).to_have_count(1)
    assert complaints == []


def test_a_point_is_dragged_and_repaired(blank: Page) -> None:
    """The spiral's point follows a pressed mouse only, and the arrow keys; the way of its repairs is drawn anew."""
    explorer = SpiralExplorer()
    show(blank, explorer)
    pad, way = blank.get_by_role("application"), blank.locator("svg polyline").last
    before = way.get_attribute("points")
    go(blank, pad, 0.3, 0.9)
    assert traits(blank, "point") == ([-0.2, 0.6],)
    blank.mouse.down()
    go(blank, pad, 0.75, 0.25)
    blank.mouse.up()
    assert traits(blank, "point") == (pytest.approx([0.7, 0.7], abs=0.02),)
    assert way.get_attribute("points") != before
    right, up = traits(blank, "point")[0]
    for key in ("ArrowLeft", "ArrowDown", "ArrowDown"):
        blank.keyboard.press(key)
    assert traits(blank, "point") == (pytest.approx([right - 2.8 / 60, up - 5.6 / 60], abs=0.02),)
    path = torch.cat(explorer.way(torch.tensor(traits(blank, "point")), 0.15, b""))
    drawn = [list(map(float, place.split(","))) for place in way.get_attribute("points").split()]
    assert drawn == [pytest.approx([x, -y], abs=1e-4) for x, y in path.tolist()]


def test_a_denoiser_learns_while_everything_answers(blank: Page) -> None:
    """Train changes the arrows again and again, Stop keeps them, and the first network comes back."""
    show(blank, SpiralExplorer())
    caption, stop = blank.locator(".aecourse-caption"), blank.get_by_role("button", name="Stop")
    first = caption.inner_text()
    blank.get_by_role("button", name="Train").click()
    expect(caption).to_contain_text("trained in this page")
    blank.get_by_label("noise σ").last.press("ArrowRight")
    expect(caption).to_contain_text("σ = 0.16")
    expect(stop).to_be_enabled()
    stop.click()
    kept = caption.inner_text()
    blank.wait_for_timeout(300)
    assert caption.inner_text() == kept
    blank.get_by_role("button", name="Train").click()
    expect(stop).to_be_disabled(timeout=60_000 + 1000 * PATIENCE)  # all 200 epochs
    means = re.search(r"this noise: (\S+), then (\S+), then ([\d.]+)\. ", caption.inner_text()).groups()
    before, once, often = map(float, means)
    assert often < once < 0.6 * before
    blank.get_by_role("button", name="first network").click()
    blank.get_by_label("noise σ").last.press("ArrowLeft")
    expect(caption).to_have_text(first)
