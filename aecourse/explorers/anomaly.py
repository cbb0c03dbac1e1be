"""One digit is normal, nine are not: set the threshold, see the false alarms and the anomalies missed."""

from __future__ import annotations

import functools

import ipywidgets as widgets
import numpy as np
import torch
from matplotlib.figure import Figure

from aecourse.checks import check_whole
from aecourse.data import ImageSet, load_mnist
from aecourse.evaluation import reconstruct
from aecourse.evaluation.anomaly import DetectionResult, anomaly_scores, threshold_at
from aecourse.explorers.base.chart import log_bins, svg_histogram
from aecourse.explorers.base.controls import with_number_box
from aecourse.explorers.base.shown_images import shown_images
from aecourse.explorers.base.view import Explorer
from aecourse.plotting import BLUE, VERMILION, mosaic, plain_ticks, plot_reconstructions
from aecourse.zoo.shipped import COMPONENTS, load_detectors

SCORERS = {"denoising autoencoder": "autoencoder", f"PCA-{COMPONENTS}": "PCA"}
SCORES = {"squared error": 0.0, "error per ink": 0.5, "share lost": 1.0}
SHOWN = 10
PALE = 0.75  # how far towards white a picture fades that is no mistake


class AnomalyExplorer(Explorer):
    """Pick the normal digit and how many false alarms you accept; see the mistakes on both sides of the threshold.

    The autoencoder is the shipped denoising one, which learnt to fill in a black square on the normal digit alone; both
    scorers keep 16 numbers. The threshold is set on validation digits; all pictures and rates are of test digits.
    Taught in notebooks/09_applications.ipynb.

    Parameters
    ----------
    normal : int from 0 to 9, the digit that is normal
    images : ImageSet or float tensor (n, 784) in [0, 1], optional
        Pictures of one's own to judge; shown instead of the mistakes among the test digits.

    Attributes
    ----------
    rate : the slider, accepted false alarms in per cent of the normal digits
    normal, scorer, score : the normal digit, what reconstructs, and the ink power of the score
    """

    column_names = ("slight mistake", "→", "grave mistake")

    def __init__(self, normal: int = 8, *, images: ImageSet | torch.Tensor | None = None) -> None:
        self.own = None if images is None else shown_images(images)
        self.column_names = self.column_names if images is None else ()
        normal = check_whole("normal", normal, minimum=0, maximum=9)
        self.detectors, self.test = load_detectors(), load_mnist()[1]
        wide = {"description_width": "initial"}
        self.normal = widgets.Dropdown(
            options=[(str(digit), digit) for digit in range(10)], value=normal, description="normal digit", style=wide,
            layout={"width": "160px"},
        )  # fmt: skip
        self.scorer = widgets.Dropdown(options=SCORERS, description="scorer", style=wide, layout={"width": "260px"})
        self.score = widgets.Dropdown(options=SCORES, description="score", style=wide, layout={"width": "220px"})
        self.rate = widgets.FloatSlider(5.0, min=0, max=50, step=0.5)
        super().__init__({"rate": self.rate, "normal": self.normal, "scorer": self.scorer, "score": self.score})
        self.curve = widgets.HTML(layout={"flex": "4 1 340px", "min_width": "300px", "max_width": "520px"})
        self.picture.layout.flex = "5 1 440px"
        wrap = {"flex_flow": "row wrap", "align_items": "center"}
        self.children = [
            self.accessibility,
            widgets.HBox([self.normal, self.scorer, self.score], layout=wrap),
            with_number_box(self.rate, "accepted false alarms (% of normal)"),
            widgets.HBox([self.picture, self.curve], layout=wrap | {"grid_gap": "0 16px"}),
            self.caption,
        ]
        self.refresh()

    def prepare_for_board(self) -> None:
        """Narrow the tall picture."""
        super().prepare_for_board()
        self.picture.layout.max_width = "480px"

    def _threshold(self, rate: float, normal: int, scorer: str, score: float) -> tuple[DetectionResult, float]:
        result = self.detectors.results[normal, scorer, score]
        return result, threshold_at(result.valid_normal, rate / 100)

    def mistakes(self, rate: float, normal: int, scorer: str, score: float) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Ten test digits on the wrong side of the threshold, from the nearest to it to the farthest, evenly spread.

        If there are fewer, those on the right side that come nearest are put in front of them.

        Returns
        -------
        {"false alarm": (places in the test set, whether each is a mistake), "missed": the same}
        """
        result, threshold = self._threshold(rate, normal, scorer, score)
        normals, strangers = result.normal_places, result.abnormal_places
        above = np.searchsorted(result.normal, threshold, side="right")  # from here on an alarm
        below = np.searchsorted(result.abnormal, threshold, side="right")  # up to here none
        return {
            "false alarm": _spread(normals[above:], normals[:above][::-1]),
            "missed": _spread(strangers[:below][::-1], strangers[below:]),
        }

    def _rows(self, rate: float, normal: int, scorer: str, score: float) -> dict[str, torch.Tensor]:
        """Six rows: each kind of mistake, as it was restored, and where the error lies; three of one's own pictures."""
        if self.own is not None:
            x = self.own.ten(self.own.first)
            calm = ~self._alarms(x, rate, normal, scorer, score)
            return self._judged("yours", x, normal, scorer, PALE * calm.float()[:, None])
        rows = {}
        for i, (name, (places, wrong)) in enumerate(self.mistakes(rate, normal, scorer, score).items()):
            x = self.test.x[torch.from_numpy(places.copy())]  # (10, 784)
            fade = torch.from_numpy(np.where(wrong, 0.0, PALE)).float()[:, None]
            rows |= {label + " " * i: row for label, row in self._judged(name, x, normal, scorer, fade).items()}
        return rows

    def _judged(
        self, name: str, x: torch.Tensor, normal: int, scorer: str, fade: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        """Pictures (n, 784), as they were restored, and where the error lies, each faded towards white."""
        x_hat = reconstruct(self.detectors.models[normal, scorer], x).clamp(0, 1)
        rows = {name: x, "restored": x_hat, "error": (x - x_hat).abs()}
        return {label: row + fade * (1 - row) for label, row in rows.items()}

    def _alarms(self, x: torch.Tensor, rate: float, normal: int, scorer: str, score: float) -> torch.Tensor:
        """Which pictures raise an alarm; (n, 784) → (n,)."""
        x_hat = reconstruct(self.detectors.models[normal, scorer], x)
        return anomaly_scores(x, x_hat, ink_power=score) > self._threshold(rate, normal, scorer, score)[1]

    def render(self, rate: float, normal: int, scorer: str, score: float) -> np.ndarray:
        """Ten false alarms and ten misses, each with its restoration and error; pale ones are no mistakes."""
        rows = self._rows(rate, normal, scorer, score)
        self.row_names = [name.strip() for name in rows]
        return mosaic(list(rows.values()))

    def _rates(self, rate: float, normal: int, scorer: str, score: float) -> tuple[float, int, int]:
        """The threshold, and how many test digits raise a false alarm and slip through."""
        result, threshold = self._threshold(rate, normal, scorer, score)
        return threshold, int((result.normal > threshold).sum()), int((result.abnormal <= threshold).sum())

    def describe(self, rate: float, normal: int, scorer: str, score: float) -> str:
        """AUROC, the threshold, and both kinds of mistakes on the test set."""
        result = self.detectors.results[normal, scorer, score]
        threshold, alarms, misses = self._rates(rate, normal, scorer, score)
        count, others = len(result.normal), len(result.abnormal)
        missed = self.test.y.numpy()[result.abnormal_places[:misses]]
        which = ""
        if misses:
            labels, counts = np.unique(missed, return_counts=True)
            totals = (self.test.y == int(labels[counts.argmax()])).sum().item()
            which = f", most often {labels[counts.argmax()]} ({counts.max()} of {totals})"
        if self.own is not None:
            alarmed = int(self._alarms(self.own.x, rate, normal, scorer, score).sum())
            return (
                f"{normal} is normal; {self._scorer_name(scorer)}. A threshold of {threshold:.3g} lets {rate:g} % of "
                f"the validation {normal}s raise an alarm: so do {alarmed} of your {len(self.own)} pictures. "
                "Pale: no alarm."
            )
        wrong = [wrong.all() for _, wrong in self.mistakes(rate, normal, scorer, score).values()]
        pale = "" if all(wrong) else " Pale digits were judged rightly."
        return (
            f"{normal} is normal; {self._scorer_name(scorer)}, AUROC {result.auroc:.3f}. "
            f"A threshold of {threshold:.3g} lets {rate:g} % of the validation {normal}s raise an alarm. "
            f"On the test set: {alarms} false alarms among {count} ({alarms / count:.1%}), "
            f"{misses} of {others} strangers missed ({misses / others:.1%}){which}.{pale}"
        )

    def decorate(self, rate: float, normal: int, scorer: str, score: float) -> None:
        """Both groups' scores with the threshold."""
        result, threshold = self._threshold(rate, normal, scorer, score)
        edges, (normals, others) = _histogram(result)
        self.curve.value = svg_histogram(
            {f"{normal}: normal": (BLUE, normals), "all other digits": (VERMILION, others)},
            edges,
            title="Where the hills overlap, it errs",
            x_label=f"{self._score_name(score)} (log scale)",
            y_label="share of the group's test digits",
            threshold=threshold,
        )

    def _scorer_name(self, scorer: str) -> str:
        return next(name for name, kind in SCORERS.items() if kind == scorer)

    def _score_name(self, score: float) -> str:
        return next(name for name, power in SCORES.items() if power == score)

    def draw_static(self, figure: Figure) -> None:
        """The six rows and the two histograms."""
        settings = self.settings()
        left, right = figure.subplots(1, 2, width_ratios=(1.35, 1))
        result, threshold = self._threshold(**settings)
        what = "the mistakes" if self.own is None else "your pictures"
        plot_reconstructions(self._rows(**settings), ax=left, title=f"{settings['normal']} is normal: {what}")
        edges, groups = _histogram(result)
        looks = ((f"{settings['normal']}: normal", BLUE, "-"), ("all other digits", VERMILION, "--"))
        for (name, colour, line), shares in zip(looks, groups, strict=True):
            right.stairs(100 * shares, edges, color=colour, fill=True, alpha=0.3)
            right.stairs(100 * shares, edges, color=colour, linestyle=line, label=name)
        right.axvline(threshold, ymax=0.85, color="black", linestyle=":", label="threshold")
        right.set(xscale="log", xlabel=self._score_name(settings["score"]), ylabel="share of the group (%)")
        right.set_title(f"AUROC {result.auroc:.3f}")
        plain_ticks(right.xaxis)
        right.set_ylim(0, 1.25 * right.get_ylim()[1])
        right.legend(loc="upper left", ncols=3, fontsize=9, columnspacing=1, handlelength=1.5)


@functools.cache
def _histogram(result: DetectionResult) -> tuple[np.ndarray, list[np.ndarray]]:
    """Edges of bins, and the share of the normal and of the other test digits in each."""
    edges = log_bins(np.concatenate([result.normal, result.abnormal]))
    return edges, [np.histogram(scores, edges)[0] / len(scores) for scores in (result.normal, result.abnormal)]


def _spread(wrong: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ten mistakes, evenly spread, after the first right ones if there are too few; and which of them are mistakes."""
    wrong = wrong[np.linspace(0, len(wrong) - 1, min(SHOWN, len(wrong))).round().astype(int)]
    places = np.concatenate([right[: SHOWN - len(wrong)][::-1], wrong])
    return places, np.arange(SHOWN) >= SHOWN - len(wrong)
