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
from aecourse.explorers.base.network import pack
from aecourse.explorers.base.page import Whole, check_setting
from aecourse.explorers.base.shown_images import pack_digits, shown_images
from aecourse.explorers.base.trainer import TrainableExplorer
from aecourse.explorers.training_setups import TrainingSetup, sparse_setup
from aecourse.models.sparse import PENALTIES
from aecourse.plotting import plot_reconstructions
from aecourse.zoo import SPARSE, read_card
from aecourse.zoo.precision import quantise
from aecourse.zoo.shipped import SPARSE_SAMPLE, USERS, SparseNet, load_sparse_net

POSITIONS = {penalty: tuple(networks) for penalty, networks in SPARSE.items()}  # the slider's, ever stricter
USUAL = {"l1": 0.0, "kl": 0.1, "topk": 0.0}  # the activity above which a unit counts as awake, as `active` says
THRESHOLDS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
SHOWN = 10  # atoms that build a digit
UNITS = 1024


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
    images : ImageSet or float tensor (n, 784) in [0, 1], optional
        What to show instead of the test digits.

    Attributes
    ----------
    penalty, strictness : which shipped network
    digits : which ten images, a whole number from 0
    digit : which of the ten is taken apart, 0 to 9
    atom : which unit is looked at, 0 to 1023, numbered by how often they are used
    threshold : above which activity a unit counts as awake; another penalty brings its own, unless it was moved
    """

    _esm = bundle(Path(__file__).with_suffix(".js"))
    penalty = traitlets.Unicode("l1").tag(sync=True)
    strictness = Whole(2, min=1, max=3).tag(sync=True)
    digits = Whole(0).tag(sync=True)
    digit = Whole(0).tag(sync=True)
    atom = Whole(0, min=0, max=UNITS - 1).tag(sync=True)
    threshold = traitlets.Float(0.0).tag(sync=True)

    def __init__(
        self, penalty: str = "l1", strictness: int = 2, *, images: ImageSet | torch.Tensor | None = None
    ) -> None:
        check_choice("penalty", penalty, PENALTIES)
        strictness = check_whole("strictness", strictness, maximum=3)
        self.images = shown_images(images)
        self._seen = functools.lru_cache(maxsize=4)(self._freshly_seen)
        digits, digit, net = self.images.first, min(3, self.images.per_set - 1), _net(penalty, strictness)
        z = self._seen(penalty, strictness, digits)[1]
        atom = int(_take_apart(net, z[digit])[0][0])
        super().__init__(
            penalty=penalty, strictness=strictness, digits=digits, digit=digit, atom=atom, threshold=USUAL[penalty]
        )
        users = net.users[: int(net.counts[atom]), atom].tolist()
        self.assets = {
            f"{penalty}-{strictness}": _packed(penalty, strictness),
            "images": self.images.near(),
            "near digits": pack_digits(users),
        }
        self.later |= {
            f"{kind}-{place}": functools.partial(_packed, kind, place) for kind in POSITIONS for place in (1, 2, 3)
        }
        self.later |= self.images.far() | shown_images(None).in_parts("digits", SPARSE_SAMPLE)
        self.setup = {
            "positions": POSITIONS, "usual": USUAL, "thresholds": THRESHOLDS, "sample": SPARSE_SAMPLE, "users": USERS,
            "images": self.images.in_words(),
            "scores": {kind: [_scores(kind, place) for place in POSITIONS[kind]] for kind in POSITIONS},
        }  # fmt: skip
        self.resume()

    @traitlets.validate("penalty", "digits", "digit", "threshold")
    def _among(self, proposal) -> object:
        accepted = {
            "penalty": PENALTIES, "digits": range(self.images.sets), "digit": range(self.images.per_set),
            "threshold": THRESHOLDS,
        }  # fmt: skip
        return check_setting(proposal, accepted[proposal["trait"].name])

    @traitlets.observe("penalty")
    def _other_penalty(self, change) -> None:
        """Take over what this penalty calls awake, and what can be trained with it."""
        if self.threshold == USUAL.get(change.old):
            self.threshold = USUAL[change.new]
        if self.trainer is not None and not self.trainer.training:
            self.trainer = None
            if self._open:
                self.open_training()

    def training_setup(self) -> TrainingSetup:
        """Sparse autoencoders with the penalty on the screen."""
        return sparse_setup(self.penalty)

    @torch.inference_mode()
    def _freshly_seen(self, penalty: str, strictness: int, digits: int) -> tuple[torch.Tensor, ...]:
        """Ten images, their codes in the order of the atoms, what comes back; (10, 784), (10, 1024), (10, 784)."""
        net, x = _net(penalty, strictness), self.images.ten(digits)
        z = net.model.encode(x)
        return x, z[:, net.order], net.model.decode(z)

    def rows(
        self, penalty: str, strictness: int, digits: int, digit: int, atom: int, threshold: float
    ) -> dict[str, torch.Tensor]:
        """Return the images, restored, one's strongest atoms, their sums, one atom with its users; each (≤ 10, 784)."""
        net = _net(penalty, strictness)
        x, z, x_hat = self._seen(penalty, strictness, digits)
        strongest, sums = _take_apart(net, z[digit])
        uses = int(_uses(penalty, strictness)[THRESHOLDS.index(threshold), atom])
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
        """Return the network's three scores, how many units one image wakes, how often the atom is used."""
        net, uses = _net(penalty, strictness), _uses(penalty, strictness)[THRESHOLDS.index(threshold)]
        x, z, _ = self._seen(penalty, strictness, digits)
        scores = _scores(penalty, POSITIONS[penalty][strictness - 1])
        if threshold != USUAL[penalty]:  # of the sample then
            scores |= {"awake": uses.double().mean().item() / SPARSE_SAMPLE, "dead": (uses == 0).double().mean().item()}
        return scores | {
            "wakes": int((z[digit] > threshold).sum()),
            "alone": mse(x[[digit]], _take_apart(net, z[digit])[1][[-1]]),
            "uses": int(uses[atom]),
        }

    def draw_static(self, figure: Figure) -> None:
        """Draw the five rows."""
        rows = self.rows(**self.settings())
        plot_reconstructions(rows, ax=figure.subplots(), title="A digit, and the few atoms that build it")


def _net(penalty: str, strictness: int) -> SparseNet:
    return load_sparse_net(penalty, POSITIONS[penalty][strictness - 1])


def _scores(penalty: str, strength: float) -> dict[str, float]:
    """Return what one network reaches on all test digits."""
    scores = read_card(SPARSE[penalty][strength]).scores
    return {"MSE": scores["test_mse"], "awake": scores["test_awake"], "dead": scores["test_dead"]}


def _take_apart(net: SparseNet, z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The units that add most to one digit, and the picture after each is added; (units,) → (10,), (10, 784)."""
    order = (z * net.atoms.norm(dim=1)).sort(descending=True, stable=True).indices
    strongest = order[:SHOWN]
    parts = z[strongest, None] * net.atoms[strongest]  # (10, 784)
    return strongest, net.model.decoder.bias + parts.cumsum(0)


@functools.cache
@torch.inference_mode()
def _uses(penalty: str, strictness: int) -> torch.Tensor:
    """For how many digits of the sample each atom is above each threshold; (thresholds, units) int32."""
    net = _net(penalty, strictness)
    z = net.model.encode(load_mnist()[1].x[:SPARSE_SAMPLE])[:, net.order]
    return torch.stack([(z > threshold).sum(0, dtype=torch.int32) for threshold in THRESHOLDS])


@functools.cache
@torch.inference_mode()
def _packed(penalty: str, strictness: int) -> bytes:
    """One network for the page, its units in the order of the atoms, and what it did with the sample.

    The matrix was shipped as whole numbers with a scale for each row, a pixel: `quantise` finds these same numbers.
    """
    net, uses = _net(penalty, strictness), _uses(penalty, strictness)
    model, (whole, scale) = net.model, quantise(net.model.decoder.weight[:, net.order])
    wake = [{"op": "sigmoid" if penalty == "kl" else "relu"}]
    wake += [{"op": "largest", "value": model.k}] if penalty == "topk" else []
    tensors = {
        "atoms": whole.T, "steps": scale.ravel(), "bias": model.decoder.bias,
        "encoder bias": model.encoder_bias[net.order] - net.atoms @ model.decoder.bias,
        "users": net.users.T.to(torch.int32), "uses": uses,
        "activity": torch.tensor(net.activity), "share": torch.tensor(net.share),
    }  # fmt: skip
    return pack(tensors, {"encoder": [{"op": "linear", "weight": "atoms", "bias": "encoder bias"}, *wake]})
