"""The little chart: well-formed, to scale, and readable by a screen reader."""

import itertools
import re
from xml.etree import ElementTree

import pytest
from helpers import node
from helpers.paths import ROOT
from hypothesis import given, strategies as st

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 380, 270, 66, 12, 32, 46  # as base/chart.js has them
LABELS = {"title": "error & size", "xLabel": "k", "yLabel": "MSE <log>"}
# A chart as text, for what its parts return as Preact draws it.
AS_TEXT = """async ({ file, chart, ...given }) => {
  const escaped = (words) => String(words).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
  const text = (node) => {
    if (Array.isArray(node)) return node.map(text).join("");
    if (node === null || node === undefined || node === false) return "";
    if (typeof node !== "object") return escaped(node);
    const { type, props: { children, ...rest } } = node;
    if (typeof type === "function") return text(type(node.props));
    const attributes = Object.entries(rest).map(([name, value]) => ` ${name}="${escaped(value)}"`).join("");
    return `<${type}${attributes}>${text(children)}</${type}>`;
  };
  return text((await import(file))[chart](given));
}"""
values = st.floats(1e-6, 1e3)


def parsed(chart: str, **given) -> ElementTree.Element:
    """The <svg> of a "Curve" or a "Histogram"; a badly formed one fails here."""
    file = (ROOT / "aecourse/explorers/base/chart.js").as_uri()
    return ElementTree.fromstring(node.call(AS_TEXT, {"file": file, "chart": chart} | LABELS | given))


def draw(series: dict, **options) -> ElementTree.Element:
    """A curve of {name: (colour, x, y)}."""
    lines = [{"name": name, "colour": colour, "x": x, "y": y} for name, (colour, x, y) in series.items()]
    return parsed("Curve", series=lines, **options)


def lines(svg) -> list[list[tuple[float, float]]]:
    """The points of each line."""
    return [[tuple(map(float, p.split(","))) for p in line.get("points").split()] for line in svg.iter("polyline")]


def words(svg) -> list[str]:
    """Everything written."""
    return [text.text for text in svg.iter("text")]


@given(points=st.dictionaries(st.integers(1, 512), values, min_size=1, max_size=12), x_log=st.booleans())
def test_every_point_lies_inside(points, x_log):
    """Whatever the numbers, lines and marks stay within the axes, left to right, larger numbers higher."""
    xs = sorted(points)
    ys = [points[x] for x in xs]
    svg = draw({"ours": ("red", xs, ys)}, xLog=x_log, points=[{"x": xs[0], "y": ys[0], "colour": "red"}], now=xs[-1])
    (line,) = lines(svg)
    for x, y in [*line, *((float(c.get("cx")), float(c.get("cy"))) for c in svg.iter("circle"))]:
        assert LEFT - 0.1 <= x <= WIDTH - RIGHT + 0.1
        assert TOP - 0.1 <= y <= HEIGHT - BOTTOM + 0.1
    assert [x for x, _ in line] == sorted(x for x, _ in line)
    order = sorted(range(len(ys)), key=lambda i: ys[i])
    assert all(line[a][1] >= line[b][1] - 0.1 for a, b in itertools.pairwise(order))


def test_both_axes_can_be_logarithmic():
    """Doublings of k and tenths of the error are equal steps."""
    (line,) = lines(draw({"ours": ("red", [1, 2, 4, 8], [1, 0.1, 0.01, 0.001])}, xLog=True))
    across = [b[0] - a[0] for a, b in itertools.pairwise(line)]
    down = [b[1] - a[1] for a, b in itertools.pairwise(line)]
    assert max(across) - min(across) < 0.2
    assert max(down) - min(down) < 0.2
    (plain,) = lines(draw({"ours": ("red", [1, 2, 4, 8], [1, 1, 1, 1])}))
    assert plain[2][0] - plain[1][0] == pytest.approx(2 * (plain[1][0] - plain[0][0]), abs=0.2)


def test_words():
    """Title for screen readers, both axes, legend, ticks at powers of two."""
    svg = draw({"a & b": ("red", [1, 64], [0.05, 0.005])}, xLog=True)
    assert svg.get("role") == "img"
    assert svg.get("aria-label") == "error & size"
    assert {"error & size", "k", "MSE <log>", "a & b", "1", "2", "4", "8", "16", "32", "64"} <= set(words(svg))
    assert {"0.005", "0.01", "0.02", "0.05"} <= set(words(svg))


def test_mark_stands_at_its_place():
    """The slider's position as a vertical line, the present errors as discs on it."""
    svg = draw(
        {"ours": ("red", [1, 4, 16], [0.3, 0.2, 0.1])}, xLog=True, now=4, points=[{"x": 4, "y": 0.2, "colour": "blue"}]
    )
    middle = LEFT + (WIDTH - LEFT - RIGHT) / 2
    (mark,) = [path for path in svg.iter("path") if path.get("class") == "now"]
    assert mark.get("d").startswith(f"M{middle:.1f} ")
    (disc,) = svg.iter("circle")
    assert float(disc.get("cx")) == pytest.approx(middle, abs=0.1)
    assert (float(disc.get("cx")), float(disc.get("cy"))) == pytest.approx(lines(svg)[0][1], abs=0.1)
    assert disc.get("fill") == "blue"


@pytest.mark.parametrize(("low", "high", "most"), [(1, 2, 2), (1, 5, 5), (1, 20, 12), (1, 100, 20), (0.5, 3.5, 4)])
def test_epochs_have_whole_ticks(low, high, most):
    """Whole numbers only, not too many."""
    svg = draw({}, range=(low, high))
    ticks = [float(t.text) for t in svg.iter("text") if t.get("y") == f"{HEIGHT - BOTTOM + 16}"]
    assert 1 <= len(ticks) <= most
    assert all(tick == int(tick) and low <= tick <= high for tick in ticks)


def test_empty_chart():
    """Axes without lines, before anything was measured."""
    svg = draw({})
    assert lines(svg) == []
    assert "error & size" in words(svg)


def height(value: float, svg) -> float:
    """Where a value must lie, by the chart's own ticks: two of them, the farthest apart, and a straight line."""
    ticks = [(float(t.text), float(t.get("y")) - 4) for t in svg.iter("text") if t.get("text-anchor") == "end"]
    (low, bottom), (high, top) = min(ticks), max(ticks)
    return bottom + (value - low) / (high - low) * (top - bottom)


@pytest.mark.parametrize(
    "ys", [[1194, 119, -74, -133, -148], [0.1, 0.0, 0.05], [-1e-3, -2e-3], [0, 0, 0], [-5, -5], [3, -4000]]
)
def test_losses_may_be_negative(ys):
    """Those of a Gaussian VAE: every point is there, to scale, on a linear axis that says so."""
    xs = list(range(1, len(ys) + 1))
    svg = draw({"training": ("red", xs, ys)}, yLabel="loss (log scale)")
    (line,) = lines(svg)
    assert [y for _, y in line] == pytest.approx([height(y, svg) for y in ys], abs=0.6)
    assert all(TOP <= y <= HEIGHT - BOTTOM for _, y in line)
    ticks = [t.text for t in svg.iter("text") if t.get("text-anchor") == "end"]
    assert 2 <= len(set(ticks)) == len(ticks) <= 11
    assert "loss" in words(svg)
    assert "loss (log scale)" in words(draw({"training": ("red", [1, 2], [2, 1])}, yLabel="loss (log scale)"))


def test_x_may_begin_at_zero():
    """No logarithm of 0 numbers in the code, and no claim of one."""
    svg = draw({"ours": ("red", [0, 1, 2], [3, 2, 1])}, xLog=True, xLabel="k (log scale)")
    (line,) = lines(svg)
    assert [x for x, _ in line] == pytest.approx([LEFT, (LEFT + WIDTH - RIGHT) / 2, WIDTH - RIGHT], abs=0.1)
    assert "k" in words(svg)


@pytest.mark.parametrize("loss", [0.03, -20.0])
def test_one_epoch_is_a_dot(loss):
    """A line of one point has no length; each series shows its point, in its colour."""
    svg = draw({"training": ("red", [1], [loss]), "validation": ("blue", [1], [loss + 1])}, range=(1, 5))
    dots = [(float(c.get("cx")), float(c.get("cy")), c.get("fill")) for c in svg.iter("circle")]
    assert dots == [(*line[0], colour) for line, colour in zip(lines(svg), ("red", "blue"), strict=True)]
    assert not list(draw({"training": ("red", [1, 2], [2, 1])}).iter("circle"))


@pytest.mark.parametrize("edges", [[0.1, 1, 10, 100], [0, 1, 2, 3]])
def test_histograms_are_to_scale(edges):
    """Each group's outline rises to its shares, by the ticks; the threshold stands at its place, on either axis."""
    groups = [
        {"name": f"group {i}", "colour": "red", "shares": shares}
        for i, shares in enumerate(([0.5, 0.3, 0.2], [0, 0, 1]))
    ]
    svg = parsed("Histogram", groups=groups, edges=edges, threshold=edges[1], xLabel="score (log scale)")
    ticks = [(float(t.text[:-2]), float(t.get("y")) - 4) for t in svg.iter("text") if t.text.endswith(" %")]
    (none, ground), (most, highest) = min(ticks), max(ticks)
    outlines = [path.get("d") for path in svg.iter("path") if path.get("d").endswith("Z")]
    for group, outline in zip(groups, outlines, strict=True):
        tops = [float(top) for top in re.findall(r"L[\d.]+ ([\d.]+)H", outline)]
        assert tops == pytest.approx(
            [ground + 100 * s / (most - none) * (highest - ground) for s in group["shares"]], abs=0.2
        )
    (mark,) = [path.get("d") for path in svg.iter("path") if path.get("class") == "now"]
    assert float(mark[1:].split()[0]) == pytest.approx(LEFT + (WIDTH - LEFT - RIGHT) / 3, abs=0.1)
    assert {"group 0", "group 1", "alarm →", "score (log scale)" if edges[0] else "score"} <= set(words(svg))
    assert len({rect.get("stroke-dasharray") for rect in svg.iter("rect")}) == 2  # not by colour alone
