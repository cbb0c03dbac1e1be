"""Figures: the Axes that came in go out, say what they show, and nothing stays open."""

import itertools

import numpy as np
import pytest
import torch
from helpers.strategies import junk, refuses
from hypothesis import example, given, strategies as st
from hypothesis.extra import numpy as hnp
from matplotlib import pyplot as plt
from sklearn import decomposition

from aecourse import plotting
from aecourse.plotting import (
    as_images,
    mosaic,
    plot_error_by_k,
    plot_history,
    plot_image,
    plot_latent_map,
    plot_rate_distortion,
    plot_reconstructions,
    show,
)
from aecourse.training import History

IMAGES = torch.linspace(0, 1, 3 * 784).view(3, 784)
HISTORY = History(
    train=[{"total": 0.1}, {"total": 0.05}, {"total": 0.02}],
    validation=[{"total": 0.12}, {"total": 0.07}, {"total": 0.03}],
    seconds=[1, 2, 3],
)
CODES, LABELS = np.random.default_rng(0).normal(size=(60, 2)), np.arange(60) % 10
CURVES = {"JPEG": ([100, 200], [20, 25]), "autoencoder": ([8, 32], [18, 24])}
ERRORS = {"PCA": {1: 0.05, 2: 0.04, 4: 0.03}, "autoencoder": {1: [0.04, 0.05], 2: [0.03, 0.03], 4: [0.01, 0.02]}}
PLOTS = {
    "reconstructions": (plot_reconstructions, ({"original": IMAGES, "restored": IMAGES},)),
    "image": (plot_image, (IMAGES[0].view(28, 28),)),
    "latent map": (plot_latent_map, (CODES, LABELS)),
    "history": (plot_history, (HISTORY,)),
    "rate-distortion": (plot_rate_distortion, (CURVES,)),
    "error by k": (plot_error_by_k, (ERRORS,)),
}


@pytest.fixture(autouse=True)
def _tidy():
    """Each test starts and ends without figures, and without a changed style."""
    before = dict(plt.rcParams)
    yield
    plt.close("all")
    plt.rcParams.update(before)


def grays() -> st.SearchStrategy:
    """Rows of small images in bytes."""
    side = st.shared(st.integers(1, 4), key="side")
    row = side.flatmap(lambda s: hnp.arrays(np.uint8, st.tuples(st.integers(1, 4), st.just(s), st.just(s))))
    return st.lists(row, min_size=1, max_size=3)


@given(rows=grays(), gap=st.integers(0, 3), background=st.integers(0, 255))
def test_mosaic_to_the_pixel(rows, gap, background):
    """Each image where it belongs, and background everywhere else."""
    side, longest = rows[0].shape[1], max(map(len, rows))
    picture = mosaic(rows, gap=gap, background=background)
    assert picture.dtype == np.uint8
    assert picture.shape == (len(rows) * (side + gap) - gap, longest * (side + gap) - gap)
    lines = []
    for row in rows:
        blank = np.full((longest - len(row), side, side), background, np.uint8)
        padded = np.pad(np.concatenate([row, blank]), ((0, 0), (0, gap), (0, gap)), constant_values=background)
        lines.append(np.concatenate(list(padded), axis=1))
    expected = np.concatenate(lines)[: picture.shape[0], : picture.shape[1]]
    assert np.array_equal(picture, expected)


def test_pixels_become_bytes():
    """Rounded to the nearest of 256, clipped, whatever holds them; bytes stay."""
    values = np.array([[0, 1, 0.5, 1 / 255, -3, 7, 0.0019, 0.0021, 0]])
    expected = [0, 255, 128, 1, 0, 255, 0, 1, 0]
    assert as_images(values).ravel().tolist() == expected
    assert as_images(torch.tensor(values, requires_grad=True)).shape == (1, 3, 3)
    assert as_images(np.uint8([[7, 8, 9, 250]])).ravel().tolist() == [7, 8, 9, 250]
    assert as_images(np.array([[True, False, False, True]])).ravel().tolist() == [255, 0, 0, 255]
    assert as_images(np.zeros((5, 3, 3))).shape == (5, 3, 3)


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((2, 5)),
        np.zeros(4),
        np.zeros((0, 4)),
        np.zeros((1, 1, 4, 4)),
        np.ones((2, 4), int),
        "x",
        None,
        np.zeros((2, 3, 4)),
        np.zeros((2, 4, 3), np.uint8),
        np.zeros((2, 0)),
        np.zeros((2, 0, 0)),
    ],
)
def test_bad_images(images):
    """Shape and kind."""
    refuses("images", as_images, images)
    refuses("images", plot_reconstructions, {"original": images})
    refuses("images", mosaic, [images])


not_a_gray = junk | st.integers(max_value=-1) | st.integers(min_value=256)


@given(background=not_a_gray, gap=junk | st.integers(max_value=-1))
@example(background=256, gap=-1)
@example(background=-1, gap=True)
def test_bad_mosaic(background, gap):
    """No rows, images of two sizes, impossible gaps."""
    refuses("rows", mosaic, [])
    refuses("rows", mosaic, [np.zeros((1, 4)), np.zeros((1, 9))])
    refuses("gap", mosaic, [np.zeros((1, 4))], gap=gap)
    refuses("background", mosaic, [np.zeros((1, 4))], background=background)


@pytest.mark.parametrize("kind", PLOTS)
def test_axes_go_in_and_out(kind):
    """The given Axes are drawn on and returned; no second figure appears."""
    plot, arguments = PLOTS[kind]
    ax = plt.figure().subplots()
    assert plot(*arguments, ax=ax, title="what it shows") is ax
    assert ax.get_title(loc="left") == "what it shows" or ax.get_title() == "what it shows"
    assert ax.has_data()
    assert len(plt.get_fignums()) == 1


@pytest.mark.parametrize("kind", PLOTS)
def test_axes_are_made_where_none_came(kind, displayed):
    """One figure in the course's style, which show() displays and closes."""
    plot, arguments = PLOTS[kind]
    ax = plot(*arguments)
    assert len(plt.get_fignums()) == 1
    assert ax.figure.dpi == plotting.STYLE["figure.dpi"]
    show(ax, alt="a figure")
    assert displayed
    assert plt.get_fignums() == []


@pytest.mark.parametrize("kind", ["latent map", "history", "rate-distortion", "error by k"])
def test_axes_say_what_they_show(kind):
    """Every plot of numbers names both axes and has a legend."""
    plot, arguments = PLOTS[kind]
    ax = plot(*arguments)
    assert len(ax.get_xlabel()) > 3
    assert len(ax.get_ylabel()) > 3
    assert ax.get_legend().get_texts()


def test_reconstructions_name_their_rows():
    """Each name stands in the middle of its row."""
    ax = plot_reconstructions({"original": IMAGES, "restored": 1 - IMAGES})
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["original", "restored"]
    assert ax.get_yticks().tolist() == [13.5, 43.5]
    shown = ax.get_images()[0].get_array()
    assert np.array_equal(shown[:28, :28], as_images(IMAGES)[0])
    assert np.array_equal(shown[30:, 60:], as_images(1 - IMAGES)[2])


def test_history_draws_what_was_recorded():
    """Solid for training, dashed for validation, on a logarithmic scale."""
    ax = plot_history(HISTORY, label="k = 8")
    training, validation = ax.get_lines()
    assert training.get_xydata().tolist() == [[1, 0.1], [2, 0.05], [3, 0.02]]
    assert validation.get_xydata().tolist() == [[1, 0.12], [2, 0.07], [3, 0.03]]
    assert (training.get_linestyle(), validation.get_linestyle()) == ("-", "--")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["k = 8, training", "k = 8, validation"]
    assert ax.get_yscale() == "log"


def visible(ax) -> list[list[tuple[float, float]]]:
    """The points of each line that lie within the axes once drawn."""
    ax.figure.canvas.draw()
    box = ax.bbox.padded(1)
    return [[tuple(p) for p in line.get_xydata() if box.contains(*ax.transData.transform(p))] for line in ax.lines]


def test_history_below_zero():
    """A Gaussian VAE's losses: all ten points are seen, on an axis that says what it is; on the same axes again too."""
    losses = [1194.0, 119.0, -74.0, -133.0, -148.0]
    history = History(train=[{"total": t} for t in losses], validation=[{"total": t + 5} for t in losses])
    ax = plot_history(history)
    assert [len(points) for points in visible(ax)] == [5, 5]
    assert (ax.get_ylabel(), ax.get_yscale()) == ("loss", "linear")
    assert plot_history(HISTORY).get_ylabel() == "loss (log scale)"
    for first, second in ((history, HISTORY), (HISTORY, history)):
        ax = plot_history(second, ax=plot_history(first))
        assert sorted(len(points) for points in visible(ax)) == [3, 3, 5, 5]
        assert ax.get_ylabel() == "loss"
        assert len(ax.get_yticks()) > 2


@pytest.mark.parametrize("loss", [0.03, -20.0])
def test_history_of_one_epoch(loss):
    """Two marks."""
    ax = plot_history(History(train=[{"total": loss}], validation=[{"total": loss + 1}]))
    assert visible(ax) == [[(1, loss)], [(1, loss + 1)]]
    assert all(line.get_marker() not in ("", "None", None) for line in ax.lines)


def test_no_point_of_a_comparison_is_lost():
    """A perfect copy has infinite PSNR and no error, the mean picture needs no numbers: all are on the axes."""
    ax = plot_rate_distortion({"PNG": ([200, 300], [np.inf, 30]), "mean": ([0], [12]), "exact": ([8], [np.inf])})
    assert [len(points) for points in visible(ax)] == [2, 1, 1]
    assert [text.get_text() for text in ax.texts] == ["∞", "∞"]
    assert [text.xy[0] for text in ax.texts] == [200, 8]
    assert min(text.xy[1] for text in ax.texts) > 30
    assert (ax.get_xlabel(), ax.get_xscale()) == ("bytes per image", "linear")
    ax = plot_error_by_k({"PCA": {0: 0.07, 1: 0.06, 784: 0.0}, "ours": {4: [0.0, 0.0]}})
    assert [len(points) for points in visible(ax)[:1]] == [3]
    assert ax.containers[1][0].get_xydata().tolist() == [[4, 0]]
    assert (ax.get_xscale(), ax.get_yscale()) == ("linear", "linear")
    plot_error_by_k({"one": {8: 0.01}})


@pytest.mark.filterwarnings("error")
def test_history_of_a_training_that_was_stopped_at_once(displayed):
    """An empty History is drawn as an empty plot, without a complaint."""
    show(plot_history(History(stopped="Ctrl-C")), alt="nothing was learnt")
    assert displayed


def test_latent_map_draws_every_code():
    """Each class by its own colour and marker, at its own codes."""
    ax = plot_latent_map(torch.from_numpy(CODES), torch.from_numpy(LABELS), names=[f"kind {i}" for i in range(10)])
    clouds = ax.collections
    assert len(clouds) == 10
    for label, cloud in enumerate(clouds):
        np.testing.assert_allclose(cloud.get_offsets(), CODES[label == LABELS])
    assert len({cloud.get_facecolor()[0].tobytes() for cloud in clouds}) == 10
    assert len({cloud.get_paths()[0].vertices.tobytes() for cloud in clouds}) > 8
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [f"kind {i}" for i in range(10)]


def test_latent_map_names_do_not_cover_each_other():
    """Three classes at one place and one far away: the three names are moved apart, the fourth stays at its codes."""
    codes = np.array([[0, 0], [0, 0], [0, 0], [9, 9]], dtype=float)
    ax = plot_latent_map(codes, np.arange(4), names=["shirt", "coat", "T-shirt", "bag"], legend=False)
    boxes = [text.get_window_extent() for text in ax.texts]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
    np.testing.assert_allclose(ax.texts[3].get_position(), [9, 9])


def test_latent_map_of_many_classes():
    """Letters: no two of 26 look alike, and digits look as ever."""
    labels = np.arange(52) % 26
    clouds = plot_latent_map(CODES[:52], labels).collections
    looks = {(cloud.get_facecolor()[0].tobytes(), cloud.get_paths()[0].vertices.tobytes()) for cloud in clouds}
    assert len(looks) == 26


@pytest.mark.parametrize(
    ("name", "arguments", "options"),
    [
        ("z", (np.zeros((4, 1)), np.zeros(4, int)), {}),
        ("z", (np.full((4, 2), np.nan), np.zeros(4, int)), {}),
        ("z", (np.zeros((4, 2)), np.zeros(3, int)), {}),
        ("z", (np.zeros(4), np.zeros(4, int)), {}),
        ("labels", (np.zeros((4, 2)), np.zeros(4)), {}),
        ("labels", (np.zeros((4, 2)), np.full(4, -1)), {}),
        ("labels", (np.zeros((0, 2)), np.zeros(0, int)), {}),
        ("names", (np.zeros((4, 2)), np.arange(4)), {"names": ["zero", "one"]}),
    ],
)
def test_bad_latent_map(name, arguments, options):
    """Codes, labels and names are checked before a figure is opened."""
    refuses(name, plot_latent_map, *arguments, **options)
    assert plt.get_fignums() == []


def test_latent_map_of_long_codes():
    """Of five numbers the plane of their first two principal components, as scikit-learn finds it; the axes say so."""
    codes = np.random.default_rng(1).normal(size=(60, 5)) * (1, 5, 2, 1, 1)
    ax = plot_latent_map(codes, np.zeros(60, int))
    expected = np.abs(decomposition.PCA(2).fit_transform(codes))  # up to the sign
    np.testing.assert_allclose(np.abs(ax.collections[0].get_offsets()), expected, atol=1e-9)
    assert "first principal component of 5 code numbers" in ax.get_xlabel()
    plt.close("all")


def test_pictures_that_could_be_two_things_are_not_cut():
    """Sixteen rows of sixteen are one picture or sixteen: the message says how to write either."""
    for side in (16, 64):
        message = refuses("images", mosaic, [np.eye(side)])
        assert f"x.reshape({side}, " in message and "x[None]" in message
        assert mosaic([np.eye(side)[None]]).shape == (side, side)
    assert mosaic([np.eye(784)[:3]]).shape == (28, 88)


def test_pixels_of_another_range_are_not_clipped_in_silence():
    """Digits in [-1, 1] would lose what is dark, bytes as floats all but black; a little beyond is clipped."""
    assert "(x + 1) / 2" in refuses("images", mosaic, [2.0 * (IMAGES > 0.9) - 1])
    assert "divide them by 255" in refuses("images", mosaic, [254 * IMAGES + 1])
    assert mosaic([1.2 * IMAGES - 0.1]).dtype == np.uint8


@pytest.mark.parametrize("rows", [{}, [IMAGES], IMAGES, None])
def test_bad_rows(rows):
    """Rows have names."""
    refuses("rows", plot_reconstructions, rows)
    assert plt.get_fignums() == []


def test_no_curve_is_dropped():
    """Eleven curves give eleven lines, each with its own look."""
    ax = plot_rate_distortion({f"codec {i}": ([1, 2], [i, i + 1]) for i in range(11)})
    assert [line.get_ydata()[0] for line in ax.get_lines()] == list(range(11))
    ax = plot_error_by_k({f"model {i}": {1: 0.1, 2: 0.01 + i} for i in range(11)})
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [f"model {i}" for i in range(11)]


def test_error_by_k_averages_over_seeds():
    """Mean over the runs, deviation as bars, ticks at the powers of two."""
    ax = plot_error_by_k(ERRORS)
    lines = [container[0].get_xydata() for container in ax.containers]
    np.testing.assert_allclose(lines[0], [[1, 0.05], [2, 0.04], [4, 0.03]])
    np.testing.assert_allclose(lines[1], [[1, 0.045], [2, 0.03], [4, 0.015]])
    assert [container.has_yerr for container in ax.containers] == [False, True]
    bars = ax.containers[1][2][0].get_segments()
    np.testing.assert_allclose([bar[1, 1] - bar[0, 1] for bar in bars], [0.01, 0, 0.01], atol=1e-12)
    assert ax.get_xticks().tolist() == [1, 2, 4]


def test_error_by_k_at_any_k():
    """Sizes that are no powers of two are marked too."""
    ax = plot_error_by_k({"ours": {3: 0.1, 10: 0.05}})
    assert ax.get_xticks().tolist() == [3, 10]
    assert ax.containers[0][0].get_markevery() is None
