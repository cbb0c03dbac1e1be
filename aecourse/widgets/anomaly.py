"""One digit is normal, nine are not: set the alarm and see who raises it in vain and who slips through."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import ipywidgets as widgets
import numpy as np
import torch
from matplotlib.figure import Figure

from aecourse.anomaly import anomaly_scores, threshold_at
from aecourse.checks import check_whole
from aecourse.data import ImageSet, load_mnist
from aecourse.evaluation import reconstruct
from aecourse.models import PCA, Autoencoder
from aecourse.plotting import BLUE, VERMILION, mosaic, plain_ticks, plot_reconstructions
from aecourse.weights import shared_weights
from aecourse.widgets.explorer import Explorer, with_number_box
from aecourse.widgets.histogram import log_bins, svg_histogram
from aecourse.zoo import NORMAL, load_split

COMPONENTS = 16  # of PCA, as many numbers as the code of the networks
SCORERS = {"autoencoder": "autoencoder", f"PCA-{COMPONENTS}": "PCA"}
SCORES = {"squared error": 0.0, "error per ink": 0.5}
SHOWN = 10
BATCH = 1_000  # pictures scored at once
PALE = 0.75  # how far towards white a picture fades that was judged rightly


@dataclass(frozen=True)
class Verdicts:
    """how one scorer of one normal digit judges all test digits

    Attributes
    ----------
    auroc : float, on the test set
    valid_normal : (v,), scores of the validation images of the normal digit, sorted: they set the threshold
    normal, abnormal : (n,) and (m,), scores of the test images, sorted
    normal_places, abnormal_places : where these images stand in the test set
    edges : bins of the histogram
    shares : {group: share of it in each bin}
    """

    auroc: float
    valid_normal: np.ndarray
    normal: np.ndarray
    abnormal: np.ndarray
    normal_places: np.ndarray
    abnormal_places: np.ndarray
    edges: np.ndarray
    shares: dict[str, np.ndarray]


@dataclass(frozen=True)
class Guards:
    """ten scorers of each kind, each fitted to one digit, and what they make of the test digits

    Attributes
    ----------
    test : ImageSet
    verdicts : {(normal digit, scorer, ink power): Verdicts}
    models : {(normal digit, scorer): what restores}
    """

    test: ImageSet
    verdicts: dict[tuple[int, str, float], Verdicts]
    models: dict[tuple[int, str], Autoencoder]


def judge(test: ImageSet, scores: np.ndarray, valid_normal: np.ndarray, *, normal: int) -> Verdicts:
    """sort the test images of the normal digit and of all others by their scores (n,)"""
    from sklearn.metrics import roc_auc_score

    strange = test.y.numpy() != normal
    order = np.argsort(scores, kind="stable")
    places = {"normal": order[~strange[order]], "abnormal": order[strange[order]]}
    edges = log_bins(scores)
    shares = {name: np.histogram(scores[at], edges)[0] / len(at) for name, at in places.items()}
    normal_scores, abnormal_scores = (scores[at] for at in places.values())
    auroc = float(roc_auc_score(strange, scores))
    return Verdicts(auroc, np.sort(valid_normal), normal_scores, abnormal_scores, *places.values(), edges, shares)


@functools.cache
def load_guards() -> Guards:
    """load the ten shipped networks, compute PCA of each digit, and judge every test digit by all; some seconds"""
    test, (fitting, valid) = load_mnist()[1], load_split()
    verdicts, models = {}, {}
    for normal, name in NORMAL.items():
        models[normal, "autoencoder"] = shared_weights(name)
        models[normal, "PCA"] = PCA.fit(fitting.x[fitting.y == normal], COMPONENTS)
        held_back = valid.x[valid.y == normal]
        for scorer in SCORERS.values():
            scores, valid_scores = (_scores(models[normal, scorer], x) for x in (test.x, held_back))
            for power in SCORES.values():
                verdicts[normal, scorer, power] = judge(test, scores[power], valid_scores[power], normal=normal)
    return Guards(test, verdicts, models)


def _scores(model: Autoencoder, x: torch.Tensor) -> dict[float, np.ndarray]:
    """{ink power: the score of each picture (n,)}; some pictures at a time, which takes little memory"""
    scores: dict[float, list[torch.Tensor]] = {power: [] for power in SCORES.values()}
    for batch in x.split(BATCH):
        x_hat = reconstruct(model, batch)
        for power, found in scores.items():
            found.append(anomaly_scores(batch, x_hat, ink_power=power))
    return {power: torch.cat(found).numpy() for power, found in scores.items()}


class AnomalyExplorer(Explorer):
    """pick the normal digit and how many false alarms you accept; see the mistakes on both sides of the threshold

    The threshold is set on validation digits; all pictures and rates are of test digits. Taught in
    notebooks/09_applications.ipynb.

    Parameters
    ----------
    normal : int from 0 to 9, the digit that is normal

    Attributes
    ----------
    rate : the slider, accepted false alarms in per cent of the normal digits
    normal, scorer, score : the normal digit, who restores, and how the error becomes a score
    """

    column_names = ("slight mistake", "→", "grave mistake")

    def __init__(self, normal: int = 8) -> None:
        normal = check_whole("normal", normal, least=0, most=9)
        self.guards = load_guards()
        wide = {"description_width": "initial"}
        self.normal = widgets.Dropdown(
            options=[(str(digit), digit) for digit in range(10)],
            value=normal,
            description="normal digit",
            style=wide,
            layout={"width": "160px"},
        )
        self.scorer = widgets.Dropdown(options=SCORERS, description="scorer", style=wide, layout={"width": "220px"})
        self.score = widgets.Dropdown(options=SCORES, description="score", style=wide, layout={"width": "220px"})
        self.rate = widgets.FloatSlider(5.0, min=0, max=50, step=0.5)
        super().__init__({"rate": self.rate, "normal": self.normal, "scorer": self.scorer, "score": self.score})
        self.curve = widgets.HTML(layout={"flex": "4 1 340px", "min_width": "300px", "max_width": "520px"})
        self.picture.layout.flex = "5 1 440px"
        wrap = {"flex_flow": "row wrap", "align_items": "center"}
        self.children = [
            self.style_sheet,
            widgets.HBox([self.normal, self.scorer, self.score], layout=wrap),
            with_number_box(self.rate, "accepted false alarms (% of normal)"),
            widgets.HBox([self.picture, self.curve], layout=wrap | {"grid_gap": "0 16px"}),
            self.caption,
        ]
        self.refresh()

    def _threshold(self, rate: float, normal: int, scorer: str, score: float) -> tuple[Verdicts, float]:
        verdicts = self.guards.verdicts[normal, scorer, score]
        return verdicts, threshold_at(verdicts.valid_normal, rate / 100)

    def mistakes(self, rate: float, normal: int, scorer: str, score: float) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """ten test digits on the wrong side of the threshold, from the nearest to it to the farthest, evenly spread

        If there are fewer, those on the right side that come nearest are put in front of them.

        Returns
        -------
        {"false alarm": (places in the test set, whether each is a mistake), "missed": the same}
        """
        verdicts, threshold = self._threshold(rate, normal, scorer, score)
        normals, strangers = verdicts.normal_places, verdicts.abnormal_places
        above = np.searchsorted(verdicts.normal, threshold, side="right")  # from here on an alarm
        below = np.searchsorted(verdicts.abnormal, threshold, side="right")  # up to here none
        return {
            "false alarm": _spread(normals[above:], normals[:above][::-1]),
            "missed": _spread(strangers[:below][::-1], strangers[below:]),
        }

    def _rows(self, rate: float, normal: int, scorer: str, score: float) -> dict[str, torch.Tensor]:
        """six rows: each kind of mistake, as it was restored, and where the error lies"""
        rows = {}
        for i, (name, (places, wrong)) in enumerate(self.mistakes(rate, normal, scorer, score).items()):
            x = self.guards.test.x[torch.from_numpy(places.copy())]  # (10, 784)
            x_hat = reconstruct(self.guards.models[normal, scorer], x).clamp(0, 1)
            fade = torch.from_numpy(np.where(wrong, 0.0, PALE)).float()[:, None]
            for label, images in ((name, x), ("restored", x_hat), ("error", (x - x_hat).abs())):
                rows[label + " " * i] = images + fade * (1 - images)
        return rows

    def render(self, rate: float, normal: int, scorer: str, score: float) -> np.ndarray:
        """ten false alarms and ten misses, each with its restoration and error; pale: judged rightly"""
        rows = self._rows(rate, normal, scorer, score)
        self.row_names = [name.strip() for name in rows]
        return mosaic(list(rows.values()))

    def _rates(self, rate: float, normal: int, scorer: str, score: float) -> tuple[float, int, int]:
        """the threshold, and how many test digits raise a false alarm and slip through"""
        verdicts, threshold = self._threshold(rate, normal, scorer, score)
        return threshold, int((verdicts.normal > threshold).sum()), int((verdicts.abnormal <= threshold).sum())

    def describe(self, rate: float, normal: int, scorer: str, score: float) -> str:
        """AUROC, the threshold, and both kinds of mistakes on the test set"""
        verdicts = self.guards.verdicts[normal, scorer, score]
        threshold, alarms, misses = self._rates(rate, normal, scorer, score)
        count, others = len(verdicts.normal), len(verdicts.abnormal)
        missed = self.guards.test.y.numpy()[verdicts.abnormal_places[:misses]]
        which = ""
        if misses:
            labels, counts = np.unique(missed, return_counts=True)
            totals = (self.guards.test.y == int(labels[counts.argmax()])).sum().item()
            which = f", most often {labels[counts.argmax()]} ({counts.max()} of {totals})"
        wrong = [wrong.all() for _, wrong in self.mistakes(rate, normal, scorer, score).values()]
        pale = "" if all(wrong) else " Pale digits were judged rightly."
        return (
            f"{normal} is normal; AUROC {verdicts.auroc:.3f}. A threshold of {threshold:.3g} lets {rate:g} % of the "
            f"validation {normal}s raise an alarm. On the test set: {alarms} false alarms among {count} "
            f"({alarms / count:.1%}), {misses} of {others} strangers missed ({misses / others:.1%}){which}.{pale}"
        )

    def decorate(self, rate: float, normal: int, scorer: str, score: float) -> None:
        """both groups' scores with the threshold"""
        verdicts, threshold = self._threshold(rate, normal, scorer, score)
        names = {f"{normal}: normal": "normal", "all other digits": "abnormal"}
        colours = {"normal": BLUE, "abnormal": VERMILION}
        self.curve.value = svg_histogram(
            {name: (colours[group], verdicts.shares[group]) for name, group in names.items()},
            verdicts.edges,
            title="Where the hills overlap, it errs",
            x_label=f"{self._score_name(score)} (log scale)",
            y_label="share of the group's test digits",
            threshold=threshold,
        )

    def _score_name(self, score: float) -> str:
        return next(name for name, power in SCORES.items() if power == score)

    def draw_static(self, figure: Figure) -> None:
        """the six rows and the two histograms"""
        settings = self.settings()
        left, right = figure.subplots(1, 2, width_ratios=(1.35, 1))
        verdicts, threshold = self._threshold(**settings)
        plot_reconstructions(self._rows(**settings), ax=left, title=f"{settings['normal']} is normal: the mistakes")
        normal = f"{settings['normal']}: normal"
        looks = ((normal, BLUE, "-", "normal"), ("all other digits", VERMILION, "--", "abnormal"))
        for name, colour, line, group in looks:
            right.stairs(100 * verdicts.shares[group], verdicts.edges, color=colour, fill=True, alpha=0.3)
            right.stairs(100 * verdicts.shares[group], verdicts.edges, color=colour, linestyle=line, label=name)
        right.axvline(threshold, ymax=0.85, color="black", linestyle=":", label="threshold")
        right.set(xscale="log", xlabel=self._score_name(settings["score"]), ylabel="share of the group (%)")
        right.set_title(f"AUROC {verdicts.auroc:.3f}")
        plain_ticks(right.xaxis)
        right.set_ylim(0, 1.25 * right.get_ylim()[1])
        right.legend(loc="upper left", ncols=3, fontsize=9, columnspacing=1, handlelength=1.5)


def _spread(wrong: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """ten of the wrong ones, evenly spread, after the first of the right ones if there are too few; and who is wrong"""
    wrong = wrong[np.linspace(0, len(wrong) - 1, min(SHOWN, len(wrong))).round().astype(int)]
    places = np.concatenate([right[: SHOWN - len(wrong)][::-1], wrong])
    return places, np.arange(SHOWN) >= SHOWN - len(wrong)
