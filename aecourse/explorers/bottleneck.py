"""The bottleneck explorer: one slider for the size of the code, three rows of digits, two error curves."""

from __future__ import annotations

import functools
from pathlib import Path

import torch
import traitlets
from matplotlib.figure import Figure
from torch import nn

from aecourse.bundle import bundle
from aecourse.checks import check_whole
from aecourse.data import ImageSet, load_mnist
from aecourse.evaluation import mse, reconstruction_mse
from aecourse.explorers.base.ink import Ink, as_digit
from aecourse.explorers.base.network import for_display, pack_network, pack_shipped
from aecourse.explorers.base.page import Whole, check_setting
from aecourse.explorers.base.shown_images import shown_images
from aecourse.explorers.base.trainer import TrainableExplorer, TrainedNetwork
from aecourse.explorers.training_setups import TrainingSetup, dense_setup
from aecourse.models import Autoencoder
from aecourse.plotting import plot_error_by_k, plot_reconstructions
from aecourse.zoo import CODE_SIZES, DENSE
from aecourse.zoo.shipped import load_bottleneck_models

NAMES = {"PCA": "PCA", "nested": "nested autoencoder", "separate": "one network per k", "yours": "yours"}
MOST = CODE_SIZES[-1]


class BottleneckExplorer(TrainableExplorer):
    """Original, PCA and autoencoder under one slider k = 1 … 64; taught in notebooks/03_undercomplete_vs_pca.ipynb.

    Parameters
    ----------
    k : int from 1 to 64, where the slider starts
    model : nn.Module, optional
        Your own network for the third row, as `aecourse.adopt` takes it. Layers that the page cannot compute are
        computed by the kernel. A code of more than 64 numbers is compared with PCA of 64 components.
    images : ImageSet or float tensor (n, 784) in [0, 1], optional
        What to show instead of the test digits.

    Attributes
    ----------
    k : the slider; set `explorer.k = 32`
    network : which autoencoder fills the third row: "nested", "separate", or "yours"
    digits : which ten images are shown, a whole number from 0
    ink : what was drawn, 84 × 84 bytes, or none
    yours : {k: TrainedNetwork}, the learner's own networks
    """

    _esm = bundle(Path(__file__).with_suffix(".js"))
    k = Whole(8, min=1, max=MOST).tag(sync=True)
    network = traitlets.Unicode("nested").tag(sync=True)
    digits = Whole(0).tag(sync=True)
    ink = Ink().tag(sync=True)

    def __init__(
        self,
        k: int = 8,
        *,
        model: nn.Module | None = None,
        images: ImageSet | torch.Tensor | None = None,
    ) -> None:
        k = check_whole("k", k, maximum=MOST)
        model = None if model is None else for_display(model)
        self.models, self.images = load_bottleneck_models(), shown_images(images)
        self.yours: dict[int, TrainedNetwork] = {}
        super().__init__(k=k, network="nested", digits=self.images.first, ink=b"")
        self.assets = {
            "PCA": pack_network(self.models.pca), "nested": pack_shipped("nested"), "images": self.images.near(),
        }  # fmt: skip
        self.later |= {f"separate-{size}": functools.partial(pack_shipped, name) for size, name in DENSE.items()}
        self.later |= self.images.far()
        self._show_setup()
        if model is not None:
            self.adopt(TrainedNetwork(model, reconstruction_mse(model, load_mnist()[1].x)))
        self.resume()

    @traitlets.validate("digits", "network")
    def _among(self, proposal) -> object:
        accepted = range(self.images.sets) if proposal["trait"].name == "digits" else tuple(self._errors())[1:]
        return check_setting(proposal, accepted)

    def training_setup(self) -> TrainingSetup:
        """A dense autoencoder with as many code numbers as the slider says."""
        return dense_setup(self.k)

    def adopt(self, trained: TrainedNetwork) -> None:
        """Put a network of the learner's on the menu, and show it."""
        k = trained.model.latent_dim
        self.yours[k] = trained
        self.assets = self.assets | {f"yours-{k}": self.packed(f"yours-{k}", trained.model)}
        self._show_setup()
        self.network, self.k = "yours", min(k, MOST)

    def memory(self) -> dict:
        """Return the settings, the network in the panel, and those that the learner trained before."""
        return super().memory() | {"yours": list(self.yours.values())}

    def remember(self, memory: dict) -> None:
        """Restore what the explorer of an earlier run of the cell remembered."""
        for trained in memory["yours"]:
            self.adopt(trained)
        super().remember(memory)

    def _errors(self) -> dict[str, dict[int, float]]:
        """Return {name of a line: {k: test MSE}}, the learner's own networks among them."""
        yours = {k: self.yours[k].test_mse for k in sorted(self.yours)}
        return self.models.errors | ({"yours": yours} if yours else {})

    def _show_setup(self) -> None:
        self.setup = {"errors": self._errors(), "images": self.images.in_words(), "most": MOST}

    def _choose(self, k: int, network: str) -> tuple[Autoencoder, int]:
        """Return the network to show and its k, which is the nearest one if there is no network for this k."""
        if network == "nested":
            return self.models.nested, k
        networks = self.models.separate if network == "separate" else {k: own.model for k, own in self.yours.items()}
        nearest = min(sorted(networks), key=lambda size: max(size / k, k / size))
        return networks[nearest], nearest

    def rows(self, k: int, network: str, digits: int, ink: bytes) -> dict[str, torch.Tensor]:
        """Return the images, PCA with k components, an autoencoder with k code numbers."""
        model, k = self._choose(k, network)
        x = self.images.ten(digits)
        if any(ink):
            x = torch.cat([as_digit(ink), x])
        few = min(k, MOST)
        return {"original": x, f"PCA-{few}": self.models.pca.squeeze(x, few), f"autoencoder-{k}": model.squeeze(x, k)}

    def numbers(self, k: int, network: str, digits: int, ink: bytes) -> dict[str, float]:
        """Return both test errors, and with your own images both errors on those shown."""
        errors, (_, nearest) = self._errors(), self._choose(k, network)
        found = {"PCA": errors["PCA"][min(nearest, MOST)], "autoencoder": errors[network][nearest]}
        if self.images is not shown_images(None):
            x, *restored = self.rows(k, network, digits, ink).values()
            found |= zip(("PCA, shown", "autoencoder, shown"), (mse(x, x_hat) for x_hat in restored), strict=True)
        return found

    def draw_static(self, figure: Figure) -> None:
        """Draw the three rows and the error curves."""
        left, right = figure.subplots(1, 2, width_ratios=(2, 1.1))
        _, k = self._choose(self.k, self.network)
        title = f"Through {k} number{'s' * (k != 1)} and back"
        plot_reconstructions(self.rows(**self.settings()), ax=left, title=title)
        plot_error_by_k({NAMES[name]: errors for name, errors in self._errors().items()}, ax=right)
        right.axvline(k, color="black", linestyle=":")
        right.set_title("… and the error at every k")
