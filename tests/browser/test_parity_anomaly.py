"""Anomaly detection in the page against torch: every detector, score and threshold, every picture and word."""

import random
import re

import numpy as np
import pytest
import torch
from helpers.parity import compare, load, random_states, show
from playwright.sync_api import Page

from aecourse.explorers import AnomalyExplorer
from aecourse.explorers.anomaly import SCORES
from aecourse.models import ConvAutoencoder
from aecourse.plotting import as_images

pytestmark = pytest.mark.browser


def some_states(explorer: AnomalyExplorer, rng: random.Random, count: int) -> list[dict]:
    """Every control drawn anew; both ends of the slider, its steps, and rates in between that can be typed."""
    draw = {
        "rate": lambda: rng.choice([0.0, 50.0, rng.randrange(101) / 2, rng.randrange(101) / 2, rng.uniform(0, 2)]),
        "normal": lambda: rng.randrange(10),
        "scorer": lambda: rng.choice(list(explorer.scorers)),
        "score": lambda: rng.choice(list(SCORES)),
    }
    return random_states(explorer, draw, count)


def test_every_row_and_number(blank: Page) -> None:
    """Mistakes from the slight to the grave, and those that are none; AUROC, threshold and counts."""
    explorer = AnomalyExplorer()
    load(blank, explorer)
    states = some_states(explorer, random.Random(0), 100)
    for state, words in zip(states, compare(blank, explorer, states), strict=True):
        n, normal = explorer.numbers(**state), state["normal"]
        which = f", most often {n['most']} ({n['of most']} of {n['in all']})" if n["misses"] else ""
        assert words.removesuffix(" Pale digits were judged rightly.") == (
            f"{normal} is normal; {explorer.scorers[state['scorer']]}, AUROC {n['AUROC']:.3f}. A threshold of "
            f"{n['threshold']:.3g} lets {state['rate']:g} % of the validation {normal}s raise an alarm. On the test "
            f"set: {n['alarms']} false alarms among {n['normal']} ({n['alarms'] / n['normal']:.1%}), {n['misses']} of "
            f"{n['others']} strangers missed ({n['misses'] / n['others']:.1%}){which}."
        )
        assert words.endswith("judged rightly.") == (min(n["alarms"], n["misses"]) < 10)


@pytest.mark.parametrize("count", [1, 3, 45])
def test_pictures_of_ones_own(blank: Page, mnist, count: int) -> None:
    """Of any gray; alarms are counted among all, the first ten are shown, pale without one."""
    torch.manual_seed(0)
    explorer = AnomalyExplorer(images=mnist[1].x[:count] * torch.rand(count, 1))
    load(blank, explorer)
    states = some_states(explorer, random.Random(1), 50)
    found = [words.split("so do ")[1] for words in compare(blank, explorer, states)]
    expected = [explorer.numbers(**state)["alarms"] for state in states]
    assert found == [f"{alarms} of your {count} pictures. Pale: no alarm." for alarms in expected]
    assert len(set(found)) > 1


def test_the_slider_needs_nothing_more(blank: Page) -> None:
    """The first detector's pictures at every rate are those that came with it, in a page that has nothing else."""
    explorer = AnomalyExplorer(4)
    full = [explorer.rows(**(explorer.settings() | {"rate": rate / 2})) for rate in range(0, 101, 4)]
    explorer.later = {}
    load(blank, explorer)
    for rate, rows in zip(range(0, 101, 4), full, strict=True):
        state = explorer.settings() | {"rate": rate / 2}
        found = blank.evaluate("(s) => [...explorer.compute(s, data).rows['missed ']]", state)
        here = as_images(torch.tensor(found).view(-1, 784)).astype(int)
        assert np.abs(here - as_images(rows["missed "]).astype(int)).max() <= 1


def test_the_chart_draws_the_shares(blank: Page) -> None:
    """Two outlines as high as the shares of the digits in each bin, on a logarithmic axis, and the threshold's line."""
    explorer = AnomalyExplorer()
    show(blank, explorer)
    result = explorer.detectors.results[8, "autoencoder", 0.0]
    every = np.concatenate([result.normal, result.abnormal])
    edges = np.geomspace(every.min() * 0.999, every.max() * 1.001, 49)
    chart = blank.get_by_role("img", name="Where the two histograms overlap, it errs")
    outlines = [path.get_attribute("d") for path in chart.locator("path").all()]
    outlines = [outline for outline in outlines if outline.endswith("Z")]
    tops = []
    for outline, scores in zip(outlines, (result.normal, result.abnormal), strict=True):
        shares = np.histogram(scores, edges)[0] / len(scores)
        left, ground = map(float, re.match(r"M(\S+) (\S+?)L", outline).groups())
        steps = np.array([[float(v) for v in step] for step in re.findall(r"L(\S+) (\S+?)H([\d.]+)", outline)])
        assert steps.shape == (48, 3)
        heights, rights = ground - steps[:, 1], steps[:, 2]
        assert heights == pytest.approx(shares * (heights.max() / shares.max()), abs=0.2)
        assert np.diff(rights) == pytest.approx((rights[-1] - left) / 48, abs=0.2)  # equal in the logarithm
        tops.append(heights.max() / shares.max())
    assert tops[0] == pytest.approx(tops[1], rel=0.01)  # one scale
    x = float(re.match(r"M([\d.]+) ", chart.locator("path.now").get_attribute("d"))[1])
    share = np.log(explorer.numbers(**explorer.settings())["threshold"] / edges[0]) / np.log(edges[-1] / edges[0])
    assert x == pytest.approx(left + share * (rights[-1] - left), abs=0.2)
    for words in ("8: normal", "all other digits", "squared error (log scale)"):
        assert chart.get_by_text(words).is_visible()


def test_the_keyboard_moves_everything(blank: Page) -> None:
    """Three menus and a slider, each with a name; the caption follows."""
    show(blank, AnomalyExplorer())
    for label, name, value in (("normal digit", "normal", 9), ("scorer ", "scorer", "PCA"), ("score ", "score", 0.5)):
        blank.get_by_label(re.compile(f"^{label}")).focus()
        blank.keyboard.press("ArrowDown")
        assert blank.evaluate("(name) => model.get(name)", name) == value
    blank.get_by_role("slider").focus()
    blank.keyboard.press("ArrowRight")
    assert blank.evaluate("model.get('rate')") == 5.5
    blank.get_by_text("9 is normal; PCA-16, AUROC").wait_for()
    blank.get_by_text("lets 5.5 % of the validation 9s raise an alarm").wait_for()


@pytest.mark.parametrize("own_pictures", [False, True])
def test_a_network_of_ones_own(blank: Page, mnist, own_pictures: bool) -> None:
    """Beside PCA of as many numbers; there is no menu of the normal digit."""
    torch.manual_seed(0)
    explorer = AnomalyExplorer(
        3, model=ConvAutoencoder(5, hidden=(4, 8)), images=mnist[1][:40] if own_pictures else None
    )
    load(blank, explorer)
    states = [state | {"normal": 3} for state in some_states(explorer, random.Random(2), 50)]
    for state, words in zip(states, compare(blank, explorer, states), strict=True):
        assert words.startswith(f"3 is normal; {'your ConvAutoencoder' if state['scorer'] != 'PCA' else 'PCA-5'}")
    show(blank, explorer)
    assert blank.get_by_role("combobox").count() == 2
