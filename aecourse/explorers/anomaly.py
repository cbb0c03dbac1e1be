"""One digit is normal, nine are not: set the threshold, see the false alarms and the anomalies missed."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import torch
import traitlets
from matplotlib.figure import Figure
from torch import nn

from aecourse.bundle import bundle
from aecourse.checks import check_whole
from aecourse.data import ImageSet, load_mnist
from aecourse.evaluation import reconstruct
from aecourse.evaluation.anomaly import DetectionResult, threshold_at
from aecourse.explorers.base.network import for_display, name_of, pack, pack_images, pack_network
from aecourse.explorers.base.page import Explorer, Real, Whole, check_setting
from aecourse.explorers.base.shown_images import pack_digits, shown_images
from aecourse.plotting import BLUE, VERMILION, plain_ticks, plot_reconstructions
from aecourse.zoo.shipped import INK_POWERS, detectors_of, lengths_of, load_detectors, scores_of

SCORES = dict(zip(INK_POWERS, ("squared error", "error per ink", "share lost"), strict=True))
SHOWN = 10
PALE = 0.75  # how far a picture that is no mistake fades towards white
MOST = 50.0  # per cent of false alarms
STEP = 0.5
BINS = 48


class AnomalyExplorer(Explorer):
    """Pick the normal digit and how many false alarms you accept; see the mistakes on both sides of the threshold.

    The autoencoder is the shipped denoising one, which learnt to fill in a black square on the normal digit alone.
    PCA keeps as many numbers as its code has, 16. The threshold is set on validation digits; all pictures and rates are
    of test digits. Taught in notebooks/09_applications.ipynb.

    Parameters
    ----------
    normal : int from 0 to 9, the digit that is normal
    model : nn.Module, optional
        A network of one's own, as `aecourse.adopt` takes it, which has learnt the normal digit alone. No other digit
        can be chosen then.
    images : ImageSet or float tensor (n, 784) in [0, 1], optional
        Your own pictures to judge; shown instead of the mistakes among the test digits.

    Attributes
    ----------
    rate : the slider, accepted false alarms in per cent of the normal digits, from 0 to 50
    normal : the normal digit
    scorer : what reconstructs, "autoencoder" or "PCA"
    score : the ink power of the score, 0, 0.5 or 1
    """

    _esm = bundle(Path(__file__).with_suffix(".js"))
    rate = Real(5.0, min=0.0, max=MOST).tag(sync=True)
    normal = Whole(8, min=0, max=9).tag(sync=True)
    scorer = traitlets.Unicode("autoencoder").tag(sync=True)
    score = Real(0.0).tag(sync=True)

    def __init__(
        self,
        normal: int = 8,
        *,
        model: nn.Module | None = None,
        images: ImageSet | torch.Tensor | None = None,
    ) -> None:
        self.own = None if images is None else shown_images(images)
        self.shown = None if images is None else self.own.ten(self.own.first)
        normal = check_whole("normal", normal, minimum=0, maximum=9)
        self.detectors = load_detectors() if model is None else detectors_of({normal: for_display(model)})
        network, pca = (self.detectors.models[normal, scorer] for scorer in ("autoencoder", "PCA"))
        self.scorers = {
            "autoencoder": "denoising autoencoder" if model is None else name_of(network),
            "PCA": f"PCA-{pca.latent_dim}",
        }
        super().__init__(rate=5.0, normal=normal, scorer="autoencoder", score=0.0)
        for (digit, scorer), network in self.detectors.models.items():
            name = f"{scorer}-{digit}"
            own = functools.partial(self.packed, name, network)
            self.later[name] = functools.partial(pack_network, network) if model is None else own
            self.later[f"errors-{digit}-{scorer}"] = functools.partial(self._errors, digit, scorer)
        first = {name: self.later.pop(name)() for name in (f"autoencoder-{normal}", f"errors-{normal}-autoencoder")}
        if self.own is None:
            self.later |= shown_images(None).in_parts("digits")
            pictures = {"near digits": _near(self.detectors.results[normal, "autoencoder", 0.0])}
        else:
            pictures = {"images": pack({"images": pack_images(self.shown)})}
        self.assets = first | pictures | {"test set": _labels_and_lengths()}
        self.setup = {
            "scorers": list(self.scorers.items()), "scores": list(SCORES.items()), "most": MOST, "step": STEP,
            "pale": PALE, "shown": SHOWN, "own": self.own and self.own.in_words(),
            "normals": sorted({digit for digit, _ in self.detectors.models}),
        }  # fmt: skip
        self.resume()

    @traitlets.validate("normal", "scorer", "score")
    def _among(self, proposal) -> object:
        normals, scorers = (tuple(dict.fromkeys(kind)) for kind in zip(*self.detectors.models, strict=True))
        accepted = {"normal": normals, "scorer": scorers, "score": tuple(SCORES)}
        return check_setting(proposal, accepted[proposal["trait"].name])

    def _errors(self, normal: int, scorer: str) -> bytes:
        """Return a detector's squared errors of the test digits, and its scores that are few, one row a kind of score.

        The page divides the errors by the digits' lengths to get the other scores.
        """
        results = [self.detectors.results[normal, scorer, power] for power in SCORES]
        own = {} if self.own is None else {"own": self.own.x, "own shown": self.shown}
        model = self.detectors.models[normal, scorer]
        found = {name: np.stack([*scores_of(model, x).values()]) for name, x in own.items()}
        found["valid"] = np.stack([result.valid_normal for result in results])
        test = np.empty(len(load_mnist()[1]), np.float32)
        test[results[0].normal_places], test[results[0].abnormal_places] = results[0].normal, results[0].abnormal
        return pack(found | {"test": test, "AUROC": np.float32([result.auroc for result in results])})

    def _score(self, x: torch.Tensor, normal: int, scorer: str, score: float) -> torch.Tensor:
        """How strange each picture is; (n, 784) → (n,)."""
        return torch.from_numpy(scores_of(self.detectors.models[normal, scorer], x)[score])

    def _threshold(self, rate: float, normal: int, scorer: str, score: float) -> tuple[DetectionResult, float]:
        result = self.detectors.results[normal, scorer, score]
        return result, threshold_at(result.valid_normal, rate / 100)

    def rows(self, rate: float, normal: int, scorer: str, score: float) -> dict[str, torch.Tensor]:
        """Return six rows: both kinds of mistakes with reconstruction and error; or three rows of your own pictures."""
        result, threshold = self._threshold(rate, normal, scorer, score)
        if self.own is not None:
            calm = self._score(self.shown, normal, scorer, score) <= threshold
            return self._judged("yours", self.shown, normal, scorer, PALE * calm.float()[:, None])
        rows = {}
        for i, (name, (places, wrong)) in enumerate(mistakes(result, threshold).items()):
            x = load_mnist()[1].x[torch.from_numpy(places.copy())]  # (10, 784)
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

    def numbers(self, rate: float, normal: int, scorer: str, score: float) -> dict[str, float]:
        """Return AUROC, the threshold, and how many images of each group it judges wrongly."""
        result, threshold = self._threshold(rate, normal, scorer, score)
        if self.own is not None:
            alarms = self._score(self.own.x, normal, scorer, score) > threshold
            return {"threshold": threshold, "alarms": int(alarms.sum()), "pictures": len(self.own)}
        alarms, misses = int((result.normal > threshold).sum()), int((result.abnormal <= threshold).sum())
        numbers = {
            "AUROC": result.auroc, "threshold": threshold, "alarms": alarms, "normal": len(result.normal),
            "misses": misses, "others": len(result.abnormal),
        }  # fmt: skip
        if misses:
            y = load_mnist()[1].y.numpy()
            labels, counts = np.unique(y[result.abnormal_places[:misses]], return_counts=True)
            most = labels[counts.argmax()]
            numbers |= {"most": int(most), "of most": int(counts.max()), "in all": int((y == most).sum())}
        return numbers

    def draw_static(self, figure: Figure) -> None:
        """Draw the six rows and the two histograms."""
        left, right = figure.subplots(1, 2, width_ratios=(1.35, 1))
        result, threshold = self._threshold(**self.settings())
        what = "the mistakes" if self.own is None else "your pictures"
        plot_reconstructions(self.rows(**self.settings()), ax=left, title=f"{self.normal} is normal: {what}")
        edges, *groups = _histogram(result)
        looks = ((f"{self.normal}: normal", BLUE, "-"), ("all other digits", VERMILION, "--"))
        for (name, colour, line), shares in zip(looks, groups, strict=True):
            right.stairs(100 * shares, edges, color=colour, fill=True, alpha=0.3)
            right.stairs(100 * shares, edges, color=colour, linestyle=line, label=name)
        right.axvline(threshold, ymax=0.85, color="black", linestyle=":", label="threshold")
        right.set(xscale="log", xlabel=SCORES[self.score], ylabel="share of the group (%)")
        right.set_title(f"AUROC {result.auroc:.3f}")
        plain_ticks(right.xaxis)
        right.set_ylim(0, 1.25 * right.get_ylim()[1])
        right.legend(loc="upper left", ncols=3, fontsize=9, columnspacing=1, handlelength=1.5)


def mistakes(result: DetectionResult, threshold: float) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return ten test digits on the wrong side of the threshold, from the nearest to it to the farthest, evenly spread.

    If there are fewer, those on the right side that come nearest are put in front of them.

    Returns
    -------
    {"false alarm": (places in the test set, whether each is a mistake), "missed": the same}
    """
    normals, strangers = result.normal_places, result.abnormal_places
    above = np.searchsorted(result.normal, threshold, side="right")  # from here on an alarm
    below = np.searchsorted(result.abnormal, threshold, side="right")  # up to here none
    return {
        "false alarm": _spread(normals[above:], normals[:above][::-1]),
        "missed": _spread(strangers[:below][::-1], strangers[below:]),
    }


def _spread(wrong: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ten mistakes, evenly spread, after the first right ones if there are too few; and which of them are mistakes."""
    wrong = wrong[np.linspace(0, len(wrong) - 1, min(SHOWN, len(wrong))).round().astype(int)]
    places = np.concatenate([right[: SHOWN - len(wrong)][::-1], wrong])
    return places, np.arange(SHOWN) >= SHOWN - len(wrong)


def log_bins(scores: np.ndarray, *, bins: int = BINS) -> np.ndarray:
    """Edges of equally wide bins of log score that hold all scores, or of score if one is 0 or below; → (bins + 1,)."""
    if scores.min() <= 0:
        margin = 0.001 * (scores.max() - scores.min()) or 1
        return np.linspace(scores.min(), scores.max() + margin, bins + 1)
    return np.geomspace(scores.min() * 0.999, scores.max() * 1.001, bins + 1)


def _histogram(result: DetectionResult) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges of bins, and the share of the normal and of the other test digits in each."""
    edges = log_bins(np.concatenate([result.normal, result.abnormal]))
    return edges, *(np.histogram(scores, edges)[0] / len(scores) for scores in (result.normal, result.abnormal))


@functools.cache
def _labels_and_lengths() -> bytes:
    """Return what the scores of all detectors need of the test digits: labels, and what errors are divided by."""
    test = load_mnist()[1]
    lengths = torch.stack([lengths_of(test.x, power) for power in INK_POWERS[1:]])
    return pack({"labels": test.y.to(torch.int8), "lengths": lengths})


def _near(result: DetectionResult) -> bytes:
    """The digits among which the slider of the first picture moves; the page asks for all others."""
    rates = np.arange(0, MOST + STEP, STEP)
    found = (mistakes(result, threshold_at(result.valid_normal, rate / 100)) for rate in rates)
    return pack_digits({int(place) for kinds in found for places, _ in kinds.values() for place in places})
