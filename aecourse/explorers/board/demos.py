"""The content of the demo board: for each explorer a question to the class, votes, presets and the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aecourse.explorers.anomaly import AnomalyExplorer
from aecourse.explorers.base.page import Explorer
from aecourse.explorers.bottleneck import BottleneckExplorer
from aecourse.explorers.contraction import ContractionExplorer
from aecourse.explorers.drawing import DrawingPad
from aecourse.explorers.generator import GeneratorExplorer
from aecourse.explorers.latent_map import LatentMapExplorer
from aecourse.explorers.repair import RepairExplorer
from aecourse.explorers.search import SIZES, SearchExplorer
from aecourse.explorers.sparsity import SparsityExplorer
from aecourse.explorers.stack import StackExplorer
from aecourse.explorers.training import TrainingExplorer
from aecourse.zoo import CODE_SIZES

Preset = Mapping[str, object]


@dataclass(frozen=True)
class Demo:
    """One screen of the board.

    Attributes
    ----------
    title : a few words
    question : what to ask the class before anything moves
    votes : two to four answers to choose from
    right : the number of the right one, from 1
    answer : what to tell the class after it has moved
    notebook : where it is taught, the file's name
    build : makes the explorer, as it is when the screen is first shown
    teaser : what of the explorer is seen before the vote: "row 1" of its pictures, "row 1 columns" with the words above
        it, "point" (a map) or "ink" (a pad)
    presets : {what the button says: what `Explorer.apply` takes}
    holds : the settings without which the answer is not true
    """

    title: str
    question: str
    votes: tuple[str, ...]
    right: int
    answer: str
    notebook: str
    build: Callable[[], Explorer]
    teaser: str
    presets: Mapping[str, Preset] = field(default_factory=dict)
    holds: Preset = field(default_factory=dict)

    def in_words(self) -> dict[str, object]:
        """Return what the page must know: all but how the explorer is built."""
        return {name: value for name, value in vars(self).items() if name != "build"}


def opened(explorer: Explorer, **settings: object) -> Explorer:
    """Return an explorer with other settings than its own to begin with."""
    explorer.apply(settings)
    return explorer


BETWEEN = {"z1": 0.8, "z2": 4.4}  # the ones and the zeros on the map
EIGHT = {"normal": 8, "scorer": "autoencoder", "score": 0.0, "rate": 5.0}

DEMOS = (
    Demo(
        "The bottleneck",
        "How many numbers must the code hold before you can read nearly all digits?",
        ("2 numbers", "8 numbers", "16 numbers", "64 numbers"),
        3,
        "Most can be read at 8, nearly all at 16. For the same errors PCA needs 26 and 50 numbers.",
        "03_undercomplete_vs_pca",
        lambda: BottleneckExplorer(1),
        "row 1",
        {f"k = {k}": {"k": k} for k in CODE_SIZES},
        {"network": "nested"},
    ),
    Demo(
        "Learning, live",
        "How many digits must a network see before you recognise the first one?",
        ("about a hundred", "a few thousand", "about 50,000", "about a million"),
        2,
        "A few thousand: two or three passes over the site's 2,000 digits, or the start of one over all 55,000.",
        "01_compression",
        lambda: TrainingExplorer(16),
        "row 1",
        {
            "train, k = 16": {"setting": 16, "lr": 0.003, "train": True},
            "train, k = 2": {"setting": 2, "lr": 0.003, "train": True},
            "train in tiny steps": {"setting": 16, "lr": 0.0003, "train": True},
            "stop": {"stop": True},
        },
        {"setting": 16, "lr": 0.003},
    ),
    Demo(
        "Your own digit",
        "Draw a digit. What of your handwriting survives 8 numbers?",
        ("every stroke", "which digit it is, and its slant", "only which digit it is", "nothing you would recognise"),
        2,
        "Which digit it is and how it slants; flourishes go first. A letter comes back as something like a digit.",
        "02_encoder_and_decoder",
        lambda: opened(DrawingPad(), k=8),
        "ink",
        {f"{k} numbers": {"k": k} for k in (2, 8, 16, 64)},
        {"k": 8},
    ),
    Demo(
        "A map of digits",
        "What will the decoder draw between two crowds of codes?",
        ("the digit of the nearer crowd", "a mixture of both", "gray noise", "nothing: a black square"),
        2,
        "Often a mixture of both: few training digits have a code there, so little taught the decoder what to draw.",
        "02_encoder_and_decoder",
        lambda: opened(LatentMapExplorer(), **BETWEEN),
        "point",
        {
            "among the ones": {"z1": 2.96, "z2": 2.68},
            "among the zeros": {"z1": -1.03, "z2": 3.23},
            "between them": BETWEEN,
        },
    ),
    Demo(
        "Layer by layer",
        "Every layer is trained well for itself. Is the stack good, then?",
        ("yes: good layers make a good stack", "no: the error grows with each layer", "better than any layer alone"),
        2,
        "No: the error grows with every layer put on top (.0010, .0028, .0156). Tuned together they reach .0053.",
        "04_deep_and_stacked",
        lambda: StackExplorer(0),
        "row 1",
        {
            "random start": {"step": 0},
            "layer 1": {"step": 1},
            "layers 1 and 2": {"step": 2},
            "all three": {"step": 3},
            "fine-tuned": {"step": 4},
        },
    ),
    Demo(
        "Few units active",
        "There are 1,024 units. How many of them does one digit need?",
        ("about 5", "about 60", "about 250", "nearly all"),
        2,
        "50 to 70 give it back well. With 10 you still read it, but one unit in thirteen is never used.",
        "05_sparse",
        SparsityExplorer,
        "row 1",
        {
            "L1, gentle": {"penalty": "l1", "strictness": 1},
            "L1": {"penalty": "l1", "strictness": 2},
            "KL": {"penalty": "kl", "strictness": 3},
            "top 50": {"penalty": "topk", "strictness": 1},
            "top 10": {"penalty": "topk", "strictness": 3},
        },
    ),
    Demo(
        "The repair shop",
        "Can a network restore a digit that you cannot read?",
        ("yes: it has seen enough digits", "no: what is gone is gone", "it draws a digit, perhaps another one"),
        3,
        "It draws the mean of the digits that fit what is left. Where too little is left, that may be another digit.",
        "06_denoising",
        lambda: opened(RepairExplorer(), strength=8),
        "row 2",
        {
            "noise": {"noise": "gaussian", "strength": 5},
            "heavy noise": {"noise": "gaussian", "strength": 8},
            "salt and pepper": {"noise": "salt and pepper", "strength": 8},
            "missing pixels": {"noise": "mask", "strength": 8},
            "black square": {"noise": "occlude", "strength": 6},
            "7 × 7 pixels": {"noise": "downsample", "strength": 2},
        },
    ),
    Demo(
        "Holding still",
        "Same digit, same noise: whose code moves less, that of λ = 0 or of λ = 1?",
        ("that of λ = 0", "both move alike", "λ = 1: half as much", "λ = 1: about a tenth"),
        4,
        "The code of λ = 1 moves nine times less; measured against its own, smaller spread, about three times less.",
        "07_contractive",
        lambda: ContractionExplorer(0),
        "row 1 columns",
        {
            "λ = 0, noise": {"weights": "contractive-0", "direction": "noise"},
            "λ = 1, noise": {"weights": "contractive-1", "direction": "noise"},
            "λ = 0, a shift": {"weights": "contractive-0", "direction": "shift"},
            "λ = 1, a shift": {"weights": "contractive-1", "direction": "shift"},
        },
    ),
    Demo(
        "Digits nobody wrote",
        "Take a place at random, as the prior does. Will the decoder draw a digit there?",
        ("always", "in about two of three cases", "in about one of three", "only where test digits lie"),
        2,
        "Mostly: a judge reads 68 % of such draws. With β = 0 only 54 % of the digits lie on this map.",
        "08_variational",
        lambda: opened(GeneratorExplorer(), z1=1.0, z2=1.0),
        "point",
        {
            "the map": {"mode": "map", "beta": 1.0, "shows": "codes"},
            "what is decoded": {"mode": "map", "beta": 1.0, "shows": "digits"},
            "without the prior": {"mode": "map", "beta": 0.0, "shows": "digits"},
            "twenty numbers": {"mode": "twenty"},
            "between two digits": {"mode": "between"},
        },
        {"mode": "map"},
    ),
    Demo(
        "Spot the stranger",
        "This network has seen nothing but 8s. Which digits will it not find strange?",
        ("the 0s", "the 1s", "the 3s", "the 9s"),
        2,
        "The ones: a single stroke has little to get wrong. 1105 of 1135 pass; error per ink catches a few more.",
        "09_applications",
        AnomalyExplorer,
        "row 1",
        {
            "8 is normal": EIGHT,
            "error per ink": {"normal": 8, "scorer": "autoencoder", "score": 0.5, "rate": 5.0},
            "PCA": {"normal": 8, "scorer": "PCA", "score": 0.0, "rate": 5.0},
            "1 is normal": {"normal": 1, "scorer": "autoencoder", "score": 0.0, "rate": 5.0},
        },
        EIGHT,
    ),
    Demo(
        "Search by code",
        "With 2 bytes a picture instead of 784: how many of ten finds will be right?",
        ("about 1, as by chance", "about 4", "about 7", "about 9"),
        3,
        "On average 7.2, with 16 bits. The 784 pixels find 9.0, and 16 numbers 9.3.",
        "09_applications",
        SearchExplorer,
        "row 1 columns",
        {f"k = {k}": {"k": k} for k in SIZES},
        {"k": 16},
    ),
)
