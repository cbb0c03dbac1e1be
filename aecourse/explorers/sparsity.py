"""Many units, few of them active: what each draws, which digits use it, and which atoms build a digit."""

from __future__ import annotations

import functools
from pathlib import Path

import torch
import traitlets
from matplotlib.figure import Figure

from aecourse.bundle import bundle
from aecourse.checks import check_choice, check_whole
from aecourse.data import ImageSet, load_mnist
from aecourse.evaluation import mse
from aecourse.explorers.base.network import for_display, in_bytes, name_of, pack
from aecourse.explorers.base.page import Real, Whole, check_setting
from aecourse.explorers.base.shown_images import pack_digits, shown_images
from aecourse.explorers.base.trainer import TrainableExplorer
from aecourse.explorers.training_setups import TrainingSetup, sparse_setup
from aecourse.models import Autoencoder, SparseAutoencoder
from aecourse.models.sparse import PENALTIES
from aecourse.plotting import plot_reconstructions
from aecourse.zoo import SPARSE, read_card
from aecourse.zoo.shipped import SPARSE_SAMPLE, THRESHOLDS, USERS, SparseNet, load_sparse_net, sparse_net_of

POSITIONS = {penalty: tuple(networks) for penalty, networks in SPARSE.items()}  # the slider's, ever stricter
STRICT = {"l1": "strength", "kl": "rho", "topk": "k"}  # the setting of a network that its place on the slider shows
USUAL = {"l1": 0.0, "kl": 0.1, "topk": 0.0}  # the activity above which a unit counts as active, as `active` says
SHOWN = 10  # atoms that build a digit


def atom_images(atoms: torch.Tensor) -> torch.Tensor:
    """Return atoms, rows of positive and negative numbers, as images whose mid-gray is 0; (n, 784) → (n, 784)."""
    return 0.5 + 0.5 * atoms / atoms.abs().amax(1, keepdim=True).clamp(min=1e-9)


class SparsityExplorer(TrainableExplorer):
    """Choose a penalty and how strict it is; look at the atoms, their users, and a digit as a sum of atoms.

    Taught in notebooks/05_sparse.ipynb.

    Parameters
    ----------
    penalty : "l1", "kl" or "topk"
    strictness : 1, 2 or 3
    model : SparseAutoencoder, optional
        A network of one's own, with its own penalty. Another kind of network has no atoms, one picture for each unit;
        `DrawingPad` moves its code numbers one by one.
    images : ImageSet or float tensor (n, 784) in [0, 1], optional
        What to show instead of the test digits.

    Attributes
    ----------
    penalty, strictness : which network
    digits : which ten images, a whole number from 0
    digit : which of the ten is taken apart, 0 to 9
    atom : which unit is looked at, 0 to 1023, numbered by how often they are used
    threshold : above which activity a unit counts as active; another penalty brings its own, unless it was moved
    """

    _esm = bundle(Path(__file__).with_suffix(".js"))
    penalty = traitlets.Unicode("l1").tag(sync=True)
    strictness = Whole(2, min=1, max=3).tag(sync=True)
    digits = Whole(0).tag(sync=True)
    digit = Whole(0).tag(sync=True)
    atom = Whole(0).tag(sync=True)
    threshold = Real(0.0).tag(sync=True)

    def __init__(
        self,
        penalty: str = "l1",
        strictness: int = 2,
        *,
        model: SparseAutoencoder | None = None,
        images: ImageSet | torch.Tensor | None = None,
    ) -> None:
        check_choice("penalty", penalty, PENALTIES)
        strictness = check_whole("strictness", strictness, maximum=3)
        self.images, self.own, self.positions = shown_images(images), None, POSITIONS
        if model is not None:
            self.own = sparse_net_of(_checked(for_display(model)))
            penalty, strictness = self.own.model.penalty, 1
            self.positions = {penalty: (getattr(self.own.model, STRICT[penalty]),)}
        self._seen = functools.lru_cache(maxsize=4)(self._freshly_seen)
        digits, digit, net = self.images.first, min(3, self.images.per_set - 1), self._net(penalty, strictness)
        self.units = len(net.atoms)
        z = self._seen(penalty, strictness, digits)[1]
        atom = int(_take_apart(net, z[digit])[0][0])
        super().__init__(
            penalty=penalty, strictness=strictness, digits=digits, digit=digit, atom=atom, threshold=USUAL[penalty]
        )
        users = net.users[: int(net.uses[THRESHOLDS.index(USUAL[penalty]), atom]), atom].tolist()
        self.assets = {
            f"{penalty}-{strictness}": _packed(net),
            "images": self.images.near(),
            "near digits": pack_digits(users),
        }
        for kind, places in self.positions.items():
            for place in range(1, len(places) + 1):
                self.later[f"{kind}-{place}"] = lambda kind=kind, place=place: _packed(self._net(kind, place))
        self.later |= self.images.far() | shown_images(None).in_parts("digits", SPARSE_SAMPLE)
        self.setup = {
            "positions": self.positions, "usual": USUAL, "thresholds": THRESHOLDS, "sample": SPARSE_SAMPLE,
            "users": USERS, "images": self.images.in_words(), "yours": name_of(self.own.model) if self.own else "",
            "scores": {
                kind: [self._scores(kind, place) for place in range(1, len(places) + 1)]
                for kind, places in self.positions.items()
            },
        }  # fmt: skip
        self.resume()

    @traitlets.validate("penalty", "strictness", "digits", "digit", "atom", "threshold")
    def _among(self, proposal) -> object:
        accepted = {
            "penalty": tuple(self.positions), "strictness": range(1, 1 + max(map(len, self.positions.values()))),
            "atom": range(self.units), "digits": range(self.images.sets), "digit": range(self.images.per_set),
            "threshold": THRESHOLDS,
        }  # fmt: skip
        return check_setting(proposal, accepted[proposal["trait"].name])

    @traitlets.observe("penalty")
    def _other_penalty(self, change) -> None:
        """Take over what this penalty calls active, and what can be trained with it."""
        if self.threshold == USUAL.get(change.old):
            self.threshold = USUAL[change.new]
        if self.trainer is not None and not self.trainer.training:
            self.trainer = None
            if self._open:
                self.open_training()

    def training_setup(self) -> TrainingSetup:
        """Sparse autoencoders with the penalty on the screen."""
        return sparse_setup(self.penalty)

    def _net(self, penalty: str, strictness: int) -> SparseNet:
        return self.own or load_sparse_net(penalty, POSITIONS[penalty][strictness - 1])

    def _scores(self, penalty: str, strictness: int) -> dict[str, float]:
        """Return the scores of one network on all test digits."""
        scores = self.own.scores if self.own else read_card(SPARSE[penalty][POSITIONS[penalty][strictness - 1]]).scores
        return {"MSE": scores["test_mse"], "active": scores["test_awake"], "dead": scores["test_dead"]}

    @torch.inference_mode()
    def _freshly_seen(self, penalty: str, strictness: int, digits: int) -> tuple[torch.Tensor, ...]:
        """Ten images, their codes in the order of the atoms, what comes back; (10, 784), (10, 1024), (10, 784)."""
        net, x = self._net(penalty, strictness), self.images.ten(digits)
        z = net.model.encode(x)
        return x, z[:, net.order], net.model.decode(z)

    def rows(
        self, penalty: str, strictness: int, digits: int, digit: int, atom: int, threshold: float
    ) -> dict[str, torch.Tensor]:
        """Return the images, restored, one's strongest atoms, their sums, one atom with its users; each (≤ 10, 784)."""
        net = self._net(penalty, strictness)
        x, z, x_hat = self._seen(penalty, strictness, digits)
        strongest, sums = _take_apart(net, z[digit])
        uses = int(net.uses[THRESHOLDS.index(threshold), atom])
        one = f"the {digit}" if self.images.are_digits else f"picture {digit} of the ten"
        return {
            f"ten {self.images.noun}s": x,
            "restored": x_hat,
            f"strongest atoms of {one}": atom_images(net.atoms[strongest]),
            "their sum so far": sums,
            f"atom {atom}, and who uses it": torch.cat(
                [atom_images(net.atoms[[atom]]), load_mnist()[1].x[net.users[:uses, atom]]]
            ),
        }

    def numbers(
        self, penalty: str, strictness: int, digits: int, digit: int, atom: int, threshold: float
    ) -> dict[str, float]:
        """Return the network's three scores, how many units one image activates, how often the atom is used."""
        net = self._net(penalty, strictness)
        uses = net.uses[THRESHOLDS.index(threshold)]
        x, z, _ = self._seen(penalty, strictness, digits)
        scores = self._scores(penalty, strictness)
        if threshold != USUAL[penalty]:  # of the sample then
            scores |= {
                "active": uses.double().mean().item() / SPARSE_SAMPLE,
                "dead": (uses == 0).double().mean().item(),
            }
        return scores | {
            "activates": int((z[digit] > threshold).sum()),
            "alone": mse(x[[digit]], _take_apart(net, z[digit])[1][[-1]]),
            "uses": int(uses[atom]),
        }

    def draw_static(self, figure: Figure) -> None:
        """Draw the five rows."""
        rows = self.rows(**self.settings())
        plot_reconstructions(rows, ax=figure.subplots(), title="A digit, and the few atoms that build it")


def _checked(model: Autoencoder) -> SparseAutoencoder:
    """Return a network if it has atoms to show, enough of them."""
    if not isinstance(model, SparseAutoencoder):
        hint = "DrawingPad(model) moves the code numbers of any other network"
        raise TypeError(f"model must be a SparseAutoencoder, whose units have atoms; got {name_of(model)}: {hint}")
    if model.latent_dim < SHOWN:
        raise ValueError(f"model must have {SHOWN} units or more; got {model.latent_dim}")
    return model


def _take_apart(net: SparseNet, z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The units that add most to one digit, and the picture after each is added; (units,) → (10,), (10, 784)."""
    order = (z * net.atoms.norm(dim=1)).sort(descending=True, stable=True).indices
    strongest = order[:SHOWN]
    parts = z[strongest, None] * net.atoms[strongest]  # (10, 784)
    return strongest, net.model.decoder.bias + parts.cumsum(0)


@torch.inference_mode()
def _packed(net: SparseNet) -> bytes:
    """One network for the page, its units in the order of the atoms, and what it did with the sample.

    A matrix that was shipped as whole numbers with a scale for each row, a pixel, goes as these.
    """
    model = net.model
    weight = model.decoder.weight[:, net.order]
    whole, scale = in_bytes(weight) or (weight, torch.ones(len(weight)))
    activate = [{"op": "sigmoid" if model.penalty == "kl" else "relu"}]
    activate += [{"op": "largest", "value": model.k}] if model.penalty == "topk" else []
    tensors = {
        "atoms": whole.T, "steps": scale.ravel(), "bias": model.decoder.bias,
        "encoder bias": model.encoder_bias[net.order] - net.atoms @ model.decoder.bias,
        "users": net.users.T.to(torch.int32), "uses": net.uses,
        "activity": torch.tensor(net.activity), "share": torch.tensor(net.share),
    }  # fmt: skip
    return pack(tensors, {"encoder": [{"op": "linear", "weight": "atoms", "bias": "encoder bias"}, *activate]})
