"""How a figure reaches the reader: a picture, its words, and nothing left behind."""

import base64
import io

import numpy as np
import pytest
from helpers.strategies import refuses
from hypothesis import given, strategies as st
from matplotlib import pyplot as plt
from PIL import Image

from aecourse.plotting import INK_ALPHA, STYLE, figure_png, panels, plot_image, show, use_style


@pytest.fixture(autouse=True)
def _tidy():
    """Each test starts and ends without figures, and without a changed style."""
    before = plt.rcParams.copy()
    yield
    plt.close("all")
    plt.rcParams.update(before)


def test_the_picture_carries_its_words(displayed, capfd, no_figure_left):
    """A PNG with alt text, and the same words for screen readers, escaped."""
    ax = plot_image(np.eye(28), title="identity")
    ax.figure.set_dpi(100)
    show(ax, alt="a <white> diagonal")
    (picture, metadata), (words, _) = displayed
    image = Image.open(io.BytesIO(base64.b64decode(picture["image/png"])))
    width = metadata["image/png"]["width"]
    assert metadata["image/png"]["alt"] == picture["text/plain"] == "a <white> diagonal"
    assert width == 400
    assert image.width > 1.4 * width  # sharp on a projector
    assert len(set(image.convert("L").tobytes())) > 2
    assert "Figure: a &lt;white&gt; diagonal" in words["text/html"]
    assert capfd.readouterr() == ("", "")


def test_pictures_are_opaque_and_ink_is_not():
    """What `awake.css` tells apart on a dark page: pictures and colour bars from paper, lines and words."""
    left, right = panels(2)
    plot_image(np.eye(28), ax=left, label="size")
    right.plot([0, 1], [0, 1], color="black")
    image = Image.open(io.BytesIO(figure_png(left.figure, sharpness=1.5)))
    alpha = np.asarray(image)[..., 3]
    height = len(alpha)
    boxes = [axes.bbox.extents * 1.5 for axes in left.figure.axes]  # picture, chart, colour bar; from the bottom
    for (x0, y0, x1, y1), expected in zip(boxes, (255, INK_ALPHA, 255), strict=True):
        inside = alpha[round(height - y1) + 2 : round(height - y0) - 2, round(x0) + 2 : round(x1) - 2]
        assert inside.size and (inside == expected).all()
    assert sorted(set(alpha.ravel())) == [INK_ALPHA, 255]
    picture_and_bar = sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in (boxes[0], boxes[2]))
    assert (alpha == 255).sum() == pytest.approx(picture_and_bar, rel=0.03)


@pytest.mark.parametrize("width", [8.6, 8.7, 7.33, 9.001])
def test_any_width_is_drawn(width):
    """Also one that is no whole number of pixels."""
    image = Image.open(io.BytesIO(figure_png(panels(width=width).figure, sharpness=1.6)))
    assert abs(image.width - width * 110 * 1.6) < 1


def test_any_of_several_axes_stands_for_the_figure(displayed):
    """An array of panels is shown as one figure, and other figures stay open."""
    other = plt.figure()
    axes = panels(3, 2)
    assert axes.shape == (2, 3)
    show(axes, alt="six empty panels")
    assert len(displayed) == 2
    assert plt.get_fignums() == [other.number]


@given(alt=st.none() | st.integers() | st.sampled_from(["", "  ", "\n"]) | st.binary(max_size=3))
def test_words_are_required(alt):
    """A figure without words is not shown."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("IPython.display.display", lambda *data, **options: pytest.fail("it was shown"))
        refuses("alt", show, panels(), alt=alt)
    plt.close("all")


def test_words_cannot_be_forgotten():
    """Alt has no default."""
    with pytest.raises(TypeError, match="alt"):
        show(panels())


def test_panels_leave_the_notebooks_style_alone():
    """Only use_style changes it."""
    plt.rcParams["font.size"] = 5
    ax = panels(width=6, height=2)
    assert tuple(ax.figure.get_size_inches()) == (6, 2)
    assert plt.rcParams["font.size"] == 5
    use_style()
    assert plt.rcParams["font.size"] == STYLE["font.size"]
