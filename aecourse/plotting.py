"""The figures of the course, in one style: functions take arrays, return Axes, and never show a figure themselves."""

from __future__ import annotations

import base64
import html
import io
import itertools
import math
from collections.abc import Iterable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from matplotlib.transforms import Bbox
from PIL import Image

from aecourse.checks import check_number, check_whole, scaling_hint
from aecourse.data import PIXELS
from aecourse.evaluation.arrays import as_numbers
from aecourse.models import PCA
from aecourse.training import History

# Okabe & Ito (2008): distinct for every common kind of colour vision; blue, vermilion and green print alike
BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, YELLOW, BLACK = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442", "#000000",
)  # fmt: skip
CYCLE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)
LINE_STYLES = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)))  # in turn; three of the colours give one gray in print
CLASS_COLOURS = (BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, "#8A7A00", "#555555", "#7F3C8D", BLACK)
CLASS_MARKERS = "os^Dv<>Pp*"  # no meaning rests on colour alone
STYLE = {
    "figure.dpi": 110,
    "figure.facecolor": "white",
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "lines.linewidth": 2,
    "lines.markersize": 6,
    "image.cmap": "gray",
    "axes.prop_cycle": plt.cycler(color=CYCLE),
}
SHARPNESS = 1.6  # stored pixels for each displayed pixel, so that a projector shows clean edges

INK_ALPHA = 235  # of 255; on a white page nobody sees it

Images = torch.Tensor | np.ndarray


def use_style() -> None:
    """Give every figure of this notebook the style of the course."""
    plt.rcParams.update(STYLE)


def panels(columns: int = 1, rows: int = 1, *, width: float = 9.0, height: float = 3.4, **options) -> np.ndarray | Axes:
    """Return empty axes side by side in the course's style: one Axes, or an array of them.

    Parameters
    ----------
    width, height : float
        Size of the whole figure in inches.
    options
        Passed on to `matplotlib.pyplot.subplots`.
    """
    columns, rows = check_whole("columns", columns, maximum=100), check_whole("rows", rows, maximum=100)
    width = check_number("width", width, maximum=100, open_ends=True)
    height = check_number("height", height, maximum=100, open_ends=True)
    with plt.rc_context(STYLE):
        return plt.subplots(rows, columns, figsize=(width, height), layout="constrained", **options)[1]


def show(axes: Axes | np.ndarray, *, alt: str) -> None:
    """Display the figure of these axes with a description for those who cannot see it, and close it.

    The description is the image's `alt` metadata; because JupyterLab does not pass it on to its <img>, it also follows
    as text that only screen readers find.
    """
    from IPython.display import display

    if not isinstance(alt, str) or not alt.strip():
        raise ValueError(f"alt must say in words what the figure shows; got {alt!r}")
    if not all(isinstance(ax, Axes) for ax in np.ravel(axes)) or np.size(axes) == 0:
        raise TypeError(f"axes must be what panels() or a plot returns; got {type(axes).__name__}")
    figure = np.ravel(axes)[0].figure
    if not isinstance(figure, Figure) or any(ax.figure is not figure for ax in np.ravel(axes)):
        raise ValueError("axes must all be of one whole figure: show each figure by its own call")
    width = round(figure.get_figwidth() * figure.dpi)
    picture = {"image/png": base64.b64encode(figure_png(figure, sharpness=SHARPNESS)).decode(), "text/plain": alt}
    display(picture, raw=True, metadata={"image/png": {"alt": alt, "width": width}})
    hidden = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)"
    display({"text/html": f'<p style="{hidden}">Figure: {html.escape(alt)}</p>', "text/plain": ""}, raw=True)
    plt.close(figure)


def figure_png(figure: Figure, *, sharpness: float = 1.0) -> bytes:
    """Return a figure as the bytes of a PNG file.

    Its pictures and colour bars are opaque; all else is slightly transparent (`INK_ALPHA`). A page with a dark theme
    can so invert the ink and leave the pictures as they are (`assets/widgets/awake.css`).
    """
    if not isinstance(figure, Figure):
        raise TypeError(f"figure must be a Figure of matplotlib; got {type(figure).__name__}")
    sharpness = check_number("sharpness", sharpness, minimum=0.1, maximum=10)
    raw = io.BytesIO()
    figure.savefig(raw, format="png", dpi=figure.dpi * sharpness, pil_kwargs={"compress_level": 0})
    pixels = np.array(Image.open(raw).convert("RGBA"))[::-1]  # from the bottom, as boxes are
    opaque = np.zeros(pixels.shape[:2], bool)
    for axes in figure.axes:
        for shown in (*axes.images, *(c for c in axes.collections if isinstance(c, QuadMesh))):
            box = Bbox.intersection(shown.get_window_extent(), axes.bbox)
            if box is not None:
                left, bottom, right, top = (math.ceil(edge * sharpness - 0.5) for edge in box.extents)
                opaque[max(bottom, 0) : top, max(left, 0) : right] = True
    pixels[..., 3] = np.where(opaque, 255, INK_ALPHA)
    buffer = io.BytesIO()
    Image.fromarray(pixels[::-1]).save(buffer, "png", optimize=True)
    return buffer.getvalue()


def as_images(x: Images) -> np.ndarray:
    """Return flat or square images as (n, side, side) bytes; values are clipped to [0, 1].

    Raises
    ------
    ValueError
        If the images are neither (n, side²) nor (n, side, side), if (side, side) could be either, if a value is NaN or
        infinite, or if most values that are not 0 lie far outside [0, 1].
    """
    array = as_numbers("images", x)
    if array.ndim == 2 and array.shape[0] == array.shape[1] != PIXELS and math.isqrt(len(array)) ** 2 == len(array) > 1:
        size = math.isqrt(n := len(array))
        raise ValueError(
            f"images of shape {array.shape} are {n} of {size} × {size} pixels or one of {n} × {n}: write "
            f"x.reshape({n}, {size}, {size}) or x[None]"
        )
    side = math.isqrt(array.shape[1]) if array.ndim > 1 else 0
    if array.ndim == 2 and side**2 == array.shape[1] and side > 0:
        array = array.reshape(-1, side, side)
    if array.ndim != 3 or array.shape[1] != array.shape[2] or array.size == 0:
        raise ValueError(f"images must have shape (n, side²) or (n, side, side); got {array.shape}")
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind not in "fb":
        raise TypeError(f"images must be floats in [0, 1] or bytes (uint8); got {array.dtype}")
    far = (array < -0.5) | (array > 1.5)
    if array.dtype.kind == "f" and far.sum() > np.count_nonzero(array) / 2:  # black tells nothing of the scale
        low, high = float(np.nanmin(array)), float(np.nanmax(array))
        raise ValueError(f"images must hold pixels in [0, 1]; got {low:.3g} to {high:.3g}: {scaling_hint(low, high)}")
    if not np.isfinite(array).all():
        raise ValueError("images must hold finite numbers; got NaN or infinity among them")
    return (np.clip(array, 0, 1) * 255 + 0.5).astype(np.uint8)


def mosaic(rows: Sequence[Images], *, gap: int = 2, background: int = 255) -> np.ndarray:
    """Arrange images in rows of one large image; each row (n, side²) → (height, width) uint8.

    Parameters
    ----------
    rows : sequence of (n, side²) or (n, side, side)
        Values in [0, 1]; a shorter row leaves its end empty.
    gap : int
        Pixels between neighbours.
    background : int
        Gray value of the gaps.
    """
    if not isinstance(rows, Sequence | np.ndarray | torch.Tensor) or isinstance(rows, str):
        raise TypeError(f"rows must be a list of rows of images; got {type(rows).__name__}")
    pictures = [as_images(row) for row in rows]
    if len({picture.shape[1:] for picture in pictures}) != 1:
        raise ValueError(f"rows must hold images of one size; got {[picture.shape for picture in pictures]}")
    gap = check_whole("gap", gap, minimum=0, maximum=1_000)
    background = check_whole("background", background, minimum=0, maximum=255)
    side = pictures[0].shape[1]
    longest = max(map(len, pictures))
    canvas = np.full((len(rows) * (side + gap) - gap, longest * (side + gap) - gap), background, np.uint8)
    for i, row in enumerate(pictures):
        for j, picture in enumerate(row):
            canvas[i * (side + gap) : i * (side + gap) + side, j * (side + gap) : j * (side + gap) + side] = picture
    return canvas


def plot_reconstructions(rows: Mapping[str, Images], *, ax: Axes | None = None, title: str = "") -> Axes:
    """Plot rows of images below each other, each with its name at the left.

    Parameters
    ----------
    rows : dict
        {name: images (n, side²)}, e.g. {"original": x, "restored": x_hat}.
    """
    if not isinstance(rows, Mapping):
        raise TypeError(f"rows must be a dict {{name: images}}; got {type(rows).__name__}")
    if not rows:
        raise ValueError("rows must name at least one row of images; got none")
    pictures = [as_images(row) for row in rows.values()]
    side, gap = pictures[0].shape[1], 2
    picture = mosaic(pictures, gap=gap)
    ax = _axes(ax, width=9, height=0.55 + 7.6 * picture.shape[0] / max(picture.shape[1], picture.shape[0]))
    ax.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    ax.set_yticks([i * (side + gap) + side / 2 - 0.5 for i in range(len(pictures))], list(rows))
    ax.set_xticks([])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.grid(False)
    ax.set_title(title)
    return ax


def plot_image(
    image: Images, *, ax: Axes | None = None, title: str = "", label: str = "", cmap: str = "gray", **limits
) -> Axes:
    """Plot an array (height, width) as an image without ticks, with a colour bar if it has a `label`.

    Parameters
    ----------
    limits
        `vmin` and `vmax`, passed on to `Axes.imshow`.
    """
    array = as_numbers("image", image)
    if not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))) or not np.isfinite(array).any():
        told = f"got shape {array.shape}, or no finite one"
        raise ValueError(f"image must be numbers of shape (height, width), or (height, width, 3) for colours; {told}")
    if array.ndim == 3 and array.dtype.kind == "f" and not (array.min() >= 0 and array.max() <= 1):
        told = f"got {array.min():.3g} to {array.max():.3g}"
        raise ValueError(f"image in colour must hold floats in [0, 1] or bytes; {told}")
    ax = _axes(ax, width=4, height=3.6)
    shown = ax.imshow(array, cmap=cmap, interpolation="nearest", **limits)
    ax.set(xticks=[], yticks=[], title=title)
    ax.spines[:].set(visible=True, color="#BBBBBB")
    ax.grid(False)
    if label:
        ax.figure.colorbar(shown, ax=ax, shrink=0.85, label=label)
    return ax


def as_written(name: str) -> str:
    """Return a name that a figure shows unchanged; matplotlib would read text between two dollars as a formula."""
    return str(name).replace("$", r"\$")


def plot_latent_map(
    z: Images,
    labels: Images,
    *,
    ax: Axes | None = None,
    title: str = "",
    names: Sequence[str] | None = None,
    legend: bool = True,
) -> Axes:
    """Plot codes as a scatter plot, with one colour and marker for each class.

    Parameters
    ----------
    z : tensor or array (n, k)
        For codes of more than two numbers the first two principal components are drawn, and the axes say so.
    labels : tensor or array (n,)
        Whole numbers from 0; from 10 on the colours repeat, with other markers.
    names : sequence of str, optional
        Names of the classes; by default their numbers.
    legend : bool
        Whether to list the classes beside the plot; they are named in it anyway.
    """
    z, labels = as_numbers("z", z), as_numbers("labels", labels)
    if labels.ndim != 1 or z.ndim != 2 or z.shape[1] < 2 or len(z) != len(labels) or not np.isfinite(z).all():
        raise ValueError(
            f"z must hold finite codes of two numbers or more, with one label for each row; got {z.shape} and "
            f"labels {labels.shape}"
        )
    if labels.dtype.kind not in "iu" or labels.ndim != 1 or not len(labels) or labels.min() < 0:
        raise ValueError(f"labels must be whole numbers from 0, at least one; got {labels.dtype} of {labels.shape}")
    if names is not None and (isinstance(names, str | bytes) or not isinstance(names, Sequence)):
        raise TypeError(f"names must be a list with a name for each class; got {names!r}")
    if names is not None and len(names) <= labels.max():
        raise ValueError(f"names must name every class up to {labels.max()}; got {len(names)}")
    ax = _axes(ax, width=7.5, height=6.2)
    axes = ("first code number $z_1$", "second code number $z_2$")
    if (k := z.shape[1]) > 2:
        rows = torch.from_numpy(z.astype(np.float64, order="C"))
        z = PCA.fit(rows, 2).encode(rows).numpy()
        axes = tuple(f"{nth} principal component of {k} code numbers" for nth in ("first", "second"))
    texts = []
    for label in np.unique(labels).tolist():
        here = labels == label
        style = {"c": CLASS_COLOURS[label % 10], "marker": CLASS_MARKERS[(label + label // 10) % 10]}
        name = as_written(names[label]) if names else str(label)
        ax.scatter(*z[here].T, s=9, alpha=0.55, linewidths=0, label=name, **style)
        texts.append(ax.annotate(
            name, np.median(z[here], axis=0), ha="center", va="center", weight="bold",
            bbox={"boxstyle": "round,pad=0.25", "fc": "white", "ec": CLASS_COLOURS[label % 10], "alpha": 0.9},
        ))  # fmt: skip
    _push_apart(texts)
    ax.set(xlabel=axes[0], ylabel=axes[1], title=title)
    if legend:
        ax.legend(markerscale=2.5, title="class", loc="center left", bbox_to_anchor=(1, 0.5))
    return ax


def _push_apart(texts: list[Annotation]) -> None:
    """Move texts, step by step, until none covers another; of a pair that does, along the shorter way."""
    ax = texts[0].axes
    ax.autoscale_view()  # else the limits are old ones
    places = ax.transData.transform([text.xy for text in texts])  # pixels
    sizes = [np.add(text.get_window_extent().size, ax.figure.dpi / 8) for text in texts]  # with their boxes
    moved = set()
    for _ in range(100):
        settled = True
        for i, j in itertools.combinations(range(len(texts)), 2):
            apart = places[j] - places[i]
            missing = (sizes[i] + sizes[j]) / 2 - np.abs(apart)
            if (missing > 0).all():
                k = missing.argmin()
                step = math.copysign(missing[k] / 2, apart[k])
                places[i, k], places[j, k] = places[i, k] - step, places[j, k] + step
                moved |= {i, j}
                settled = False
        if settled:
            break
    for i in moved:
        texts[i].set_position(ax.transData.inverted().transform(places[i]))


def plot_history(history: History, *, ax: Axes | None = None, title: str = "", label: str = "") -> Axes:
    """Plot the loss after each epoch: solid for training, dashed for validation.

    The scale is logarithmic unless a loss is 0 or below, as that of a Gaussian VAE may be.
    """
    if not isinstance(history, History):
        raise TypeError(f"history must be the History that fit returns; got {type(history).__name__}")
    ax = _axes(ax, width=6.5)
    epochs = range(1, history.epochs + 1)
    prefix = f"{label}, " if label else ""
    (line,) = ax.plot(epochs, [terms["total"] for terms in history.train], marker="o", label=f"{prefix}training")
    if history.validation:
        held_out = [terms["total"] for terms in history.validation]
        ax.plot(epochs, held_out, "s--", color=line.get_color(), markerfacecolor="white", label=f"{prefix}validation")
    drawn = np.concatenate([line.get_ydata() for line in ax.get_lines()])  # including earlier calls
    ax.set(xlabel="epoch", ylabel="loss" + _scale(ax, "y", drawn), title=title)
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.legend()
    return ax


def plot_rate_distortion(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]], *, ax: Axes | None = None, title: str = ""
) -> Axes:
    """Plot quality against size for several compressors; up and to the left is better.

    Parameters
    ----------
    curves : dict
        {name: (bytes per image, PSNR in dB)}; an infinite PSNR, no error at all, is drawn at the top and marked ∞.
    """
    arrays: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for name, pair in _named(curves).items():
        two = isinstance(pair, tuple | list | np.ndarray) and len(pair) == 2
        size, quality = (as_numbers("curves", part) for part in (pair if two else (0, 0)))
        if size.ndim != 1 or size.shape != quality.shape or not np.isfinite(size).all() or np.isnan(quality).any():
            raise ValueError(f"curves must hold (bytes, PSNR), two lists of one length without NaN; {name!r} does not")
        arrays[name] = (size, quality)
    ax = _axes(ax, width=6.5, height=4)
    looks = zip(itertools.cycle("osD^vP*"), itertools.cycle(LINE_STYLES), strict=False)
    finite = [decibels for _, quality in arrays.values() for decibels in quality if math.isfinite(decibels)]
    top = max(finite, default=0) + 3
    for (name, (size, quality)), (marker, line) in zip(arrays.items(), looks, strict=False):
        ax.plot(size, np.minimum(quality, top), marker=marker, linestyle=line, label=name)
        for place in (place for place, decibels in zip(size, quality, strict=True) if decibels == math.inf):
            ax.annotate("∞", (place, top), xytext=(0, 5), textcoords="offset points", ha="center")
    suffix = _scale(ax, "x", [place for size, _ in arrays.values() for place in size])
    ax.set(xlabel=f"bytes per image{suffix}", ylabel="PSNR (dB), higher is better", title=title)
    ax.legend()
    return ax


def plot_error_by_k(
    curves: Mapping[str, Mapping[int, float] | Mapping[int, Sequence[float]]],
    *,
    ax: Axes | None = None,
    title: str = "",
) -> Axes:
    """Plot the mean squared error against the code size, on logarithmic scales unless a value is 0 or below.

    Parameters
    ----------
    curves : dict
        {name: {k: error}} or {name: {k: errors over several seeds}}; several are drawn as mean ± standard deviation.
    """
    arrays: dict[str, dict[int, np.ndarray]] = {}
    for name, errors in _named(curves).items():
        if not isinstance(errors, Mapping) or not errors:
            raise TypeError(f"curves must hold a dict {{k: error}} for each name; got {errors!r} for {name!r}")
        arrays[name] = {}
        for k, error in errors.items():
            runs = np.atleast_1d(as_numbers("curves", error))
            if not runs.size or not np.isfinite(runs).all():
                raise ValueError(f"curves must hold finite errors; that of {name!r} for k = {k} is {error!r}")
            arrays[name][check_whole("k in curves", k, minimum=0)] = runs
    ax = _axes(ax, width=6.5, height=4)
    colours = (VERMILION, BLUE, GREEN, *CYCLE[3:])  # PCA, which comes first, keeps its colour in every figure
    looks = zip(itertools.cycle(colours), itertools.cycle("sovD^P*"), itertools.cycle(LINE_STYLES), strict=False)
    for (name, errors), (colour, marker, line) in zip(arrays.items(), looks, strict=False):
        mean, spread = [runs.mean() for runs in errors.values()], [runs.std() for runs in errors.values()]
        landmarks = [i for i, k in enumerate(errors) if k & (k - 1) == 0]
        look = {"color": colour, "marker": marker, "linestyle": line, "markevery": landmarks or None}
        ax.errorbar(list(errors), mean, yerr=spread if max(spread) else None, capsize=3, label=name, **look)
    every = {k for errors in arrays.values() for k in errors}
    ticks = sorted({k for k in every if k & (k - 1) == 0} or every)
    ax.set(xlabel="numbers in the code, k", ylabel="test MSE per pixel", title=title)
    _scale(ax, "x", every)
    _scale(ax, "y", [runs.mean() for errors in arrays.values() for runs in errors.values()])
    ax.set_xticks(ticks, [str(k) for k in ticks])
    ax.set_xticks([], minor=True)
    ax.legend()
    return ax


def plain_ticks(axis: Axis) -> None:
    """Label a logarithmic axis with 0.01, 0.02, 0.05, … instead of powers of ten."""
    if not isinstance(axis, Axis):
        raise TypeError(f"axis must be one of a figure, such as ax.xaxis; got {type(axis).__name__}")
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _axes(ax: Axes | None, **size: float) -> Axes:
    """Return the axes to draw on: the given ones, or new ones of this size."""
    if ax is not None and not isinstance(ax, Axes):
        raise TypeError(f"ax must be an Axes of matplotlib, as panels() returns them; got {type(ax).__name__}")
    return panels(**size) if ax is None else ax


def _named(curves: Mapping) -> Mapping:
    """Return the curves of a comparison; raise an error unless they have names."""
    if not isinstance(curves, Mapping) or not curves:
        raise TypeError(f"curves must be a dict {{name: curve}} with at least one; got {curves!r}")
    return curves


def _scale(ax: Axes, axis: str, values: Iterable[float]) -> str:
    """Make an axis, "x" or "y", logarithmic, or linear if a value is 0 or below; return the suffix for its label."""
    if any(value <= 0 for value in values):
        ax.set(**{f"{axis}scale": "linear"})
        return ""
    ax.set(**{f"{axis}scale": "log"})
    plain_ticks(getattr(ax, f"{axis}axis"))
    return " (log scale)"
