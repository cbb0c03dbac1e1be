"""What happens to wrong and unusual arguments: one row a function, one column a fault.

A call either works, and then gives what it gives for the same numbers without the fault, or it raises a TypeError or
ValueError that names the argument and says what is accepted. No message comes from the depths of torch, and no answer
is wrong in silence.
"""

import copy
import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from helpers.models import small_sparse, small_stack
from helpers.strategies import refuses
from torch._subclasses.fake_tensor import FakeTensorMode

from aecourse.data import CORRUPTIONS, ImageSet, corrupt, shift_images
from aecourse.evaluation import (
    anomaly_scores,
    extent,
    gabor_fit,
    hamming,
    hamming_nearest,
    hash_bits,
    linear_probe_accuracy,
    mixture_score,
    mse,
    nearest,
    orientation,
    pca_mse,
    precision_at,
    principal_angles,
    psnr,
    reconstruct,
    reconstruction_mse,
    ridge_probe_accuracy,
    ssim,
    threshold_at,
)
from aecourse.evaluation.denoising import errors_by_strength, median_filtered
from aecourse.evaluation.gabor import Gabor
from aecourse.evaluation.retrieval import CodeIndex
from aecourse.models import (
    PCA,
    Autoencoder,
    Classifier,
    ContractiveAutoencoder,
    ConvAutoencoder,
    DenoisingAutoencoder,
    DenseAutoencoder,
    LinearAutoencoder,
    NestedAutoencoder,
    ShallowAutoencoder,
    VariationalAutoencoder,
)
from aecourse.plotting import as_images, plot_latent_map
from aecourse.training import fit

SET = ImageSet(torch.full((3, 784), 0.5), torch.zeros(3, dtype=torch.int64))


def spoilt(x: torch.Tensor, value: float) -> torch.Tensor:
    """A copy with one number replaced."""
    x = x.clone(memory_format=torch.contiguous_format)
    x.view(-1)[(x.numel() // 2 + 5) % x.numel()] = value  # no pixel of the edge
    return x


def inference(x: torch.Tensor) -> torch.Tensor:
    """A tensor that autograd may not record."""
    with torch.inference_mode():
        return x.clone()


def pretend_cuda(x: torch.Tensor) -> torch.Tensor:
    """A tensor that says it is on a GPU."""
    with FakeTensorMode():
        return torch.empty(x.shape, dtype=x.dtype, device="cuda")


def strided(x: torch.Tensor) -> torch.Tensor:
    """The same numbers, every second of a larger memory."""
    return torch.stack([x, x], -1)[..., 0]


KINDS = {  # what is no tensor
    "list": lambda x: x.tolist(),
    "numpy": lambda x: x.numpy(),
    "none": lambda x: None,
    "text": lambda x: "x",
    "number": lambda x: 3,
    "set": lambda x: SET,
}
PLACES = {
    "sparse": lambda x: x.to_sparse(),
    "meta": lambda x: x.to("meta"),
    "cuda": pretend_cuda,
}
SHAPES = {
    "1-D": lambda x: x[0],
    "3-D": lambda x: x[None],
    "0-D": lambda x: x.sum(),
    "narrow": lambda x: x[..., :-1],
    "no width": lambda x: x[..., :0],
}
TYPES = {
    "float64": torch.Tensor.double,
    "float16": torch.Tensor.half,
    "int": torch.Tensor.int,
    "bool": torch.Tensor.bool,
}
VALUES = {
    "nan": lambda x: spoilt(x, math.nan),
    "inf": lambda x: spoilt(x, math.inf),
    "-inf": lambda x: spoilt(x, -math.inf),
    "enormous": lambda x: spoilt(x, 1e30),
}
SAME = {"strided": strided, "inference": inference}  # must give the same numbers
TENSOR = {**KINDS, **PLACES, **SHAPES, **TYPES, **VALUES, **SAME, "empty": lambda x: x[:0], "one": lambda x: x[:1]}
VECTOR = {**{name: TENSOR[name] for name in (*KINDS, *PLACES, *TYPES, *VALUES, *SAME)}, "empty": lambda x: x[:0]}
ON_CPU = {fault: made for fault, made in TENSOR.items() if fault != "cuda"}  # of another device too, but not pretended
VECTOR_ON_CPU = {fault: made for fault, made in VECTOR.items() if fault != "cuda"}
ARRAY = {
    **{name: KINDS[name] for name in ("none", "text", "set")},
    "sparse": PLACES["sparse"],
    "meta": PLACES["meta"],
    "0-D": SHAPES["0-D"],
    **VALUES,
    **SAME,
    "numpy": KINDS["numpy"],
    "list": KINDS["list"],
    "float64": torch.Tensor.double,
    "empty": lambda x: x[:0],
}
WHOLE = {
    **{str(value): (lambda x, value=value: value) for value in (True, None, "3", 2.5, math.nan, math.inf, -1, 10**30)},
    "array": lambda x: np.array([x]),
    "complex": lambda x: 1j,
    "int64": np.int64,
    "0-D number": torch.tensor,
}
REAL = {
    **{str(value): (lambda x, value=value: value) for value in (True, None, "3", math.nan, math.inf, -1.0, 1e308)},
    "in a list": lambda x: [x],
    "complex": lambda x: 1j,
    "float32": np.float32,
    "0-D number": torch.tensor,
}
CLASSES = {  # labels
    **{name: KINDS[name] for name in ("none", "text", "set")},
    "sparse": PLACES["sparse"],
    "meta": PLACES["meta"],
    "0-D": SHAPES["0-D"],
    "one-hot": lambda x: torch.eye(3)[x],
    "float": lambda x: x + 0.5,
    "short": lambda x: x[1:],
    "negative": lambda x: x - 1,
    "beyond": lambda x: x + 7,
    "empty": lambda x: x[:0],
    "strided": strided,
}
POSITIONS = {
    **{name: made for name, made in CLASSES.items() if name != "one-hot"},
    "numpy": lambda x: x.numpy(),
    "list": lambda x: x.tolist(),
}
BYTES = {
    "none": lambda x: None,
    "text": lambda x: "x",
    "list": lambda x: x.tolist(),
    "tensor of bytes": torch.from_numpy,
    "1-D": lambda x: x[0],
    "int": lambda x: x.astype(int),
    "narrow": lambda x: x[:, :-1],
    "empty": lambda x: x[:0],
    "no width": lambda x: x[:, :0],
    "strided": lambda x: np.stack([x, x], -1)[..., 0],
}
SPACES = {
    "dependent": lambda x: torch.stack([x[:, 0], 2 * x[:, 0]], 1),
    "zero column": lambda x: x * torch.tensor([0.0] + [1.0] * (x.shape[1] - 1)),
}
NETWORK = {"none": lambda m: None, "text": lambda m: "x", "class": type, "function": lambda m: m.forward}
WORKS = {*SAME, "int64", "float32", "0-D number"}
EQUAL = {"numpy", "list", "float64"}  # what else an array may be


@dataclass
class Row:
    """One function with arguments that suit it.

    `faults` says which faults each argument is given; `same` names those that must change nothing, `fine` those that
    may work, with NaN for NaN, whatever they give; `left` those that are known to be wrong.
    """

    call: Callable
    good: dict[str, object]
    faults: dict[str, dict[str, Callable]]
    same: set[str] = field(default_factory=lambda: set(WORKS))
    fine: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    spoken: dict[str, tuple[str, ...]] = field(default_factory=dict)  # the names of which a message uses one


def rand(*shape: int, seed: int = 0) -> torch.Tensor:
    """Numbers in [0, 1], the same each time."""
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


X, Y = rand(6, 144), rand(6, 144, seed=1)
CODES = rand(6, 4) - 0.5
LABELS = torch.tensor([0, 1, 2, 0, 1, 2])
BITS = {"library": np.arange(24, dtype=np.uint8).reshape(6, 4), "queries": np.arange(8, dtype=np.uint8).reshape(2, 4)}
PAIR = {"x": X, "x_hat": Y}


def build(family: type, latent_dim: int = 3, **options) -> Autoencoder:
    """A small model, the same each time."""
    torch.manual_seed(0)
    return family(latent_dim, **options).eval()


def pca() -> PCA:
    """Fitted to the rows."""
    return PCA.fit(X, 3)


MODELS = {
    "dense": lambda: build(DenseAutoencoder, hidden=(8,), in_features=144),
    "dense, bce": lambda: build(DenseAutoencoder, hidden=(), in_features=144, objective="bce", batch_norm=True),
    "linear": lambda: build(LinearAutoencoder, in_features=144),
    "nested": lambda: build(NestedAutoencoder, hidden=(), in_features=144),
    "convolutional": lambda: build(ConvAutoencoder, hidden=(2,)),
    "shallow": lambda: build(ShallowAutoencoder, in_features=144),
    "stacked": lambda: small_stack().eval(),
    "sparse, l1": lambda: small_sparse("l1").eval(),
    "sparse, kl": lambda: small_sparse("kl").eval(),
    "sparse, topk": lambda: small_sparse("topk").eval(),
    "denoising": lambda: build(DenoisingAutoencoder, hidden=(), in_features=144),
    "denoising, masks": lambda: build(DenoisingAutoencoder, hidden=(), in_features=144, noise="mask"),
    "contractive": lambda: build(ContractiveAutoencoder, in_features=144),
    "contractive, deep": lambda: build(ContractiveAutoencoder, hidden=(5,), in_features=144),
    "variational": lambda: build(VariationalAutoencoder, hidden=(), in_features=144),
    "variational, gaussian": lambda: build(
        VariationalAutoencoder, hidden=(), in_features=144, likelihood="gaussian", free_bits=0.1
    ),
    "pca": pca,
}


def seeded(call: Callable) -> Callable:
    """The same call with the same random numbers each time."""

    def again(**arguments):
        torch.manual_seed(0)
        return call(**arguments)

    return again


def of_model(model: Autoencoder, method: str, **more) -> Row:
    """A row for a method of a model that takes images or codes."""
    name, width = ("z", model.latent_dim) if method == "decode" else ("x", model.in_features)
    learns = any(weight.requires_grad for weight in model.parameters())
    same, fine = set(WORKS), {*VALUES, "one"}  # no value is looked at, and NaN gives NaN
    if (
        learns
        and method not in ("jacobian", "hutchinson", "damage", "check_images")
        and not (method == "contraction" and model.config.estimator == "hutchinson")
    ):
        same -= {"inference"}
    if method == "decode" and model.ordered:
        fine |= {"narrow"}  # an ordered code may be cut short
    if method == "squeeze" and model.ordered:
        fine |= {"None"}
    if method == "damage":
        fine |= {"float64", "float16", "empty"}
    if method == "check_images":
        fine = {"one"} if model.pixels_in_unit_range else {"one", "enormous"}
    return Row(
        functools.partial(model.check_images, "x") if method == "check_images" else seeded(getattr(model, method)),
        {name: rand(4, width), **more},
        {name: ON_CPU if method == "damage" else TENSOR, **dict.fromkeys(more, WHOLE)},
        same=same,
        fine=fine,
    )


def model_rows() -> dict[str, Row]:
    """Every family's encode, decode, forward, loss and what else it can."""
    rows = {}
    for name, make in MODELS.items():
        model = make()
        methods = ["encode", "decode", "forward", "loss", "check_images"]
        methods += [
            m for m in ("posterior", "contraction", "hutchinson", "preactivation", "damage") if hasattr(model, m)
        ]
        methods += ["jacobian"] if name == "contractive" else []
        rows |= {f"{name}: {method}": of_model(model, method) for method in methods}
        rows[f"{name}: squeeze"] = of_model(model, "squeeze", k=model.latent_dim)
    vae = MODELS["variational"]()
    for method in ("elbo", "iwae_bound"):
        row = of_model(vae, method, samples=2, seed=3)
        row.same, row.fine = WORKS, {"one"}
        rows[f"variational: {method}"] = row
    rows["variational: sample"] = Row(
        vae.sample, {"count": 3, "seed": 3}, {"count": WHOLE, "seed": WHOLE}, fine={"None"}
    )
    ends = {**TENSOR}
    for fault in ("1-D", "one"):
        ends.pop(fault)
    rows["variational: interpolate"] = Row(
        vae.interpolate, {"start": X[0], "end": Y[0], "steps": 3}, {"start": ends, "end": ends, "steps": WHOLE}
    )
    rows["variational: log_likelihood"] = Row(
        vae.log_likelihood, PAIR, {"x": TENSOR, "x_hat": TENSOR}, fine=set(VALUES), spoken={"x": ("x", "x_hat")}
    )
    classifier = Classifier(MODELS["dense"](), classes=3).eval()
    labels = {"x": X, "labels": LABELS}
    rows["classifier: forward"] = Row(
        classifier.forward, {"x": X}, {"x": TENSOR}, same=WORKS - {"inference"}, fine={*VALUES, "one"}
    )
    faults = {"x": TENSOR, "labels": CLASSES}
    rows["classifier: loss"] = Row(
        classifier.loss, labels, faults, same=WORKS - {"inference"}, fine=set(VALUES), spoken={"x": ("x", "labels")}
    )
    rows["classifier: accuracy"] = Row(
        classifier.accuracy,
        {**labels, "batch_size": 3},
        {**faults, "batch_size": WHOLE},
        fine={str(10**30)},
        spoken={"x": ("x", "labels")},
    )
    return rows


def evaluation_rows() -> dict[str, Row]:
    """Every measure."""
    model = MODELS["dense"]()
    net = torch.nn.Sequential(
        torch.nn.Conv2d(1, 1, 3, padding=1), torch.nn.Flatten(), torch.nn.Unflatten(1, (1, 12, 12))
    )
    rows = {
        "reconstruct": Row(
            reconstruct,
            {"model": model, "x": X, "batch_size": 4},
            {"model": NETWORK, "x": TENSOR, "batch_size": WHOLE},
            fine={*VALUES, "one", str(10**30)},
        ),
        "reconstruction_mse": Row(
            reconstruction_mse, {"model": model, "x": X}, {"model": NETWORK, "x": TENSOR}, fine={"one"}
        ),
        "mse": Row(mse, PAIR, {"x": TENSOR, "x_hat": TENSOR}, spoken={"x": ("x", "x_hat")}),
        "psnr": Row(
            psnr,
            {**PAIR, "peak": 1.0},
            {"x": TENSOR, "x_hat": TENSOR, "peak": REAL},
            fine={"1e+308"},
            spoken={"x": ("x", "x_hat")},
        ),
        "ssim": Row(
            ssim,
            {**PAIR, "peak": 1.0},
            {"x": TENSOR, "x_hat": TENSOR, "peak": REAL},
            fine={"1e+308"},
            spoken={"x": ("x", "x_hat")},
        ),
        "pca_mse": Row(
            pca_mse,
            {"components": pca().components, "mean": pca().mean, "x": X},
            {"components": ON_CPU, "mean": VECTOR_ON_CPU, "x": ON_CPU},
            fine={
                "one",
                "float64",
                "float16",
                "enormous",
                "cuda",
            },  # everything is taken to double precision on the CPU
            spoken={"x": ("x", "mean", "components")},
        ),
        "anomaly_scores": Row(
            anomaly_scores,
            {**PAIR, "ink_power": 0.5},
            {"x": TENSOR, "x_hat": TENSOR, "ink_power": REAL},
            fine={"float64", "float16"},
            spoken={"x": ("x", "x_hat")},
        ),
        "threshold_at": Row(
            threshold_at,
            {"normal_scores": X[0], "false_alarm_rate": 0.5},
            {"normal_scores": ARRAY, "false_alarm_rate": REAL},
            same=WORKS | EQUAL,
            fine={"enormous"},
        ),
        "mixture_score": Row(
            mixture_score,
            {"x": CODES[:3], "centres": CODES, "sigma": 0.5},
            {"x": TENSOR, "centres": TENSOR, "sigma": REAL},
            fine={"one", "float64", "float16", "enormous"},
            spoken={"centres": ("x", "centres")},
        ),
        "nearest": Row(
            nearest,
            {"library": CODES, "queries": CODES[:5] + 0.1, "n": 2, "batch_size": 3},
            {"library": TENSOR, "queries": TENSOR, "n": WHOLE, "batch_size": WHOLE},
            fine={"float64", "float16", "empty", "one", str(10**30)},
            spoken={"library": ("library", "queries", "n")},
        ),
        "nearest, few queries": Row(
            nearest,
            {"library": CODES, "queries": CODES[:2] + 0.1, "n": 2},
            {"library": TENSOR, "queries": TENSOR},
            fine={"float64", "float16", "empty", "one"},
            spoken={"library": ("library", "queries", "n")},
        ),
        "hash_bits": Row(
            hash_bits,
            {"z": CODES, "thresholds": CODES[0]},
            {"z": TENSOR, "thresholds": VECTOR},
            fine={"one", "empty", "float64", "float16", "inf", "-inf", "enormous"},
            spoken={"z": ("z", "thresholds")},
        ),
        "hamming": Row(
            hamming, BITS, dict.fromkeys(BITS, BYTES), fine={"empty"}, spoken={"library": ("library", "queries")}
        ),
        "hamming_nearest": Row(
            hamming_nearest,
            {**BITS, "n": 2, "batch_size": 1},
            {**dict.fromkeys(BITS, BYTES), "n": WHOLE, "batch_size": WHOLE},
            fine={"empty", str(10**30)},
            spoken={"library": ("library", "queries")},
        ),
        "precision_at": Row(
            precision_at,
            {"found": torch.tensor([[0, 5], [2, 3]]), "labels": LABELS, "query_labels": LABELS[:2]},
            {"found": POSITIONS, "labels": CLASSES, "query_labels": CLASSES},
            same=WORKS | EQUAL,
            fine={"float", "negative", "beyond"},
            spoken={"labels": ("labels", "found"), "query_labels": ("query_labels", "found")},
        ),
        "CodeIndex.of": Row(
            lambda z: CodeIndex.of(z).bits, {"z": CODES}, {"z": ON_CPU}, fine={"one", "narrow", *TYPES, "enormous"}
        ),
        "CodeIndex.search": Row(
            CodeIndex.of(CODES).search,
            {"z": CODES, "n": 2},
            {"z": TENSOR, "n": WHOLE},
            fine={"one", "float64", "float16"},
            spoken={"z": ("z", "queries")},
        ),
        "CodeIndex.from_bits": Row(
            CodeIndex.of(CODES).from_bits, {"z": CODES}, {"z": TENSOR}, fine={"one", "float64", "float16", "enormous"}
        ),
        "principal_angles": Row(
            principal_angles,
            {"a": X.T[:, :3], "b": Y.T[:, :2]},
            {"a": {**ARRAY, **SPACES}, "b": {**ARRAY, **SPACES}},
            same=WORKS | EQUAL,
            fine={"enormous"},
        ),
        "errors_by_strength": Row(
            errors_by_strength,
            {"model": build(DenseAutoencoder), "x": rand(2, 784), "noise": "mask", "strengths": [0.5]},
            {"x": TENSOR},
            fine={"one"},
        ),
        "median_filtered": Row(
            median_filtered, {"x": rand(2, 784)}, {"x": ON_CPU}, fine={"one", "float64", "float16", "enormous"}
        ),
        "another's network": Row(
            reconstruct, {"model": net, "x": rand(2, 1, 12, 12)}, {"x": {**KINDS, **PLACES, **TYPES, **SAME}}
        ),
    }
    for measure in (orientation, extent, gabor_fit):
        faults = {**ARRAY, "wide": lambda x: x[:3], "flat": torch.zeros_like, "vast": lambda x: x.double() * 1e200}
        rows[measure.__name__] = Row(
            measure, {"image": X[0].view(12, 12)}, {"image": faults}, same=WORKS | EQUAL, fine={"enormous"}
        )
    rows["gabor_fit"].good["widest"], rows["gabor_fit"].faults["widest"] = 0.5, REAL
    for probe, numbers in (
        (linear_probe_accuracy, {"c": 1.0, "max_iter": 50}),
        (ridge_probe_accuracy, {"penalty": 1.0}),
    ):
        arrays = {"features": CODES, "labels": LABELS, "test_features": CODES, "test_labels": LABELS}
        rows[probe.__name__] = Row(
            probe,
            arrays | numbers,
            {
                **{name: CLASSES if "labels" in name else {**ARRAY, "narrow": SHAPES["narrow"]} for name in arrays},
                **{name: WHOLE if name == "max_iter" else REAL for name in numbers},
            },
            same=WORKS | EQUAL,
            fine={"enormous", "1e+308", "float", "negative", "beyond"},
            spoken={name: (name, "features", "test_features", "labels") for name in arrays},
        )
    return rows


def fit_rows() -> dict[str, Row]:
    """Training, with what it shows as its answer."""

    def train(**options) -> torch.Tensor:
        model = MODELS["dense"]()
        return torch.tensor([terms["total"] for terms in fit(model, progress=False, **options).train])

    counts = {fault: made for fault, made in WHOLE.items() if fault != str(10**30)}  # a training without end
    numbers = {"epochs": counts, "batch_size": counts, "seed": WHOLE, "lr": REAL}
    good = {"x": X, "validation": Y, "epochs": 1, "batch_size": 3, "seed": 3, "lr": 0.5}
    return {
        "fit": Row(train, good, {"x": TENSOR, "validation": TENSOR, **numbers}, fine={"one", "none"}),
        "PCA.fit": Row(
            lambda **given: PCA.fit(**given).components.abs(),
            {"x": X, "latent_dim": 3},
            {"x": ON_CPU, "latent_dim": WHOLE},
            fine={"narrow", "float64", "float16"},
            spoken={"x": ("x", "latent_dim")},
        ),
    }


def data_rows() -> dict[str, Row]:
    """Damages, and other ways to change images."""
    strengths = {"gaussian": 0.5, "salt and pepper": 0.5, "mask": 0.5, "occlude": 3, "downsample": 2}
    names = ("sigma", "share", "share", "size", "factor")
    left: set[str] = set()
    rows = {}
    for (noise, damage), name in zip(CORRUPTIONS.items(), names, strict=True):
        whole = noise in ("occlude", "downsample")
        fine = {"one", "empty", "float64", "float16", "None", *([] if whole else ["narrow"])}
        fine |= set(VALUES) if noise == "downsample" else set()  # a mean of any numbers
        good = {"x": X, name: strengths[noise], "seed": 3}
        faults = {"x": ON_CPU, name: WHOLE if whole else REAL, "seed": WHOLE}
        rows[damage.__name__] = Row(damage, good, faults, fine=fine, left=left)
        good = {"x": X, "noise": noise, "strength": strengths[noise], "seed": 3}
        rows[f"corrupt, {noise}"] = Row(corrupt, good, {"x": ON_CPU, "seed": WHOLE}, fine=fine, left=left)
    rows["shift_images"] = Row(
        seeded(shift_images),
        {"x": rand(3, 784), "max_shift": 2},
        {"x": ON_CPU, "max_shift": WHOLE},
        fine={"one", "empty", "float64", "float16", *VALUES},
    )
    return rows


def plot_rows() -> dict[str, Row]:
    """What figures show."""
    return {
        "as_images": Row(
            as_images,
            {"x": X},
            {"x": ARRAY},
            same=WORKS | EQUAL,
            fine={"inf", "-inf", "enormous"},
            left={"nan"},  # drawn black: a training that fails goes on showing pictures
            spoken={"x": ("images",)},
        ),
        "plot_latent_map": Row(
            lambda **given: len(plot_latent_map(**given).collections),
            {"z": CODES[:, :2], "labels": LABELS},
            {"z": ARRAY, "labels": CLASSES},
            same=WORKS | EQUAL,
            fine={"beyond", "enormous"},
            spoken={"z": ("z", "labels"), "labels": ("labels", "z")},
        ),
    }


ROWS = model_rows() | evaluation_rows() | fit_rows() | data_rows() | plot_rows()


def unclear(names: tuple[str, ...], error: Exception) -> str:
    """What is unclear about an error, or ""."""

    def again() -> None:
        raise ValueError(str(error)) if isinstance(error, FloatingPointError) else error

    for name in names:
        try:
            refuses(name, again)
            return ""
        except BaseException:  # pytest's Failed among them
            continue
    return f"is unclear: {error!r}"


def agree(found: object, expected: object) -> None:
    """Whether two answers are the same, but for rounding."""
    if isinstance(found, Gabor):
        found, expected = found.picture, expected.picture
    if isinstance(found, np.ndarray):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    else:
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5, equal_nan=True)


def trial(row: Row, name: str, fault: str, expected: object) -> str:
    """What is wrong with what one faulty argument does, or ""."""
    arguments = {**row.good, name: row.faults[name][fault](row.good[name])}
    works = fault in row.same
    try:
        found = row.call(**arguments)
    except Exception as error:
        return f"should work, says {error!r}" if works else unclear(row.spoken.get(name, (name,)), error)
    if works:
        agree(found, expected)
        return ""
    if fault not in row.fine or (fault == "nan" and sees_nothing(found)):
        return f"passes in silence: {str(found)[:60]}"
    return ""


def sees_nothing(found: object) -> bool:
    """Whether an answer to NaN holds finite numbers only, as if all were well."""
    found = found if isinstance(found, tuple) else found.values() if isinstance(found, dict) else [found]
    numbers = [part for part in found if isinstance(part, torch.Tensor) and part.is_floating_point()]
    return bool(numbers) and all(part.isfinite().all() for part in numbers)


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.filterwarnings("ignore:.*(meta|fake|sparse|Sparse).*")
def test_faults(name):
    """Every fault in every argument: clear, or right."""
    row = ROWS[name]
    expected = row.call(**row.good)
    wrong = []
    for argument, faults in row.faults.items():
        for fault in [fault for fault in faults if fault not in row.left]:
            what = trial(row, argument, fault, expected)
            if what:
                wrong.append(f"{argument}, {fault}: {what}")
    assert not wrong, "\n".join(wrong)


def test_the_other_device_is_named():
    """Both, and the way out."""
    model = MODELS["dense"]()
    for call in (model.encode, model, model.loss, functools.partial(reconstruct, model)):
        assert refuses("x", call, pretend_cuda(X)) == "x is on cuda:0 and the model on cpu; move one with .to(device)"


def test_spoilt_weights_are_told_from_spoilt_images():
    """A cross-entropy that cannot be computed says which of its two sides is no number."""
    for name in ("variational", "dense, bce"):
        model = MODELS[name]()
        with torch.no_grad():
            next(model.decoder.parameters()).fill_(math.nan)
        refuses("x", model.loss, spoilt(X, math.nan))
        with pytest.raises(FloatingPointError, match="weight"):
            model.loss(X)
        with pytest.raises((FloatingPointError, ValueError), match=r"weight|model"):
            reconstruction_mse(model, X)


@pytest.mark.parametrize("name", ["dense", "dense, bce", "variational"])
def test_what_others_wrap_around_a_model_still_works(name):
    """Mixed precision and compilation."""
    model = MODELS[name]()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert model.loss(X)["total"].isfinite()
    assert torch.equal(torch.compile(model, backend="eager")(X), model(X))


def test_images_of_inference_mode_can_be_trained_on():
    """Whoever loads or damages digits in such a block gets the same training."""
    losses = []
    for x in (X, inference(X)):
        losses.append(fit(MODELS["dense"](), x, epochs=2, batch_size=3, progress=False).train)
    assert losses[0] == losses[1]


def test_equal_codes_can_be_searched():
    """No number lies above its median, so that none is missing from what the bits tell."""
    index = CodeIndex.of(torch.ones(5, 3))
    assert torch.equal(index.from_bits(torch.tensor([[0.0, 1.0, 2.0]])), torch.ones(1, 3))


def test_many_bits_are_counted():
    """More than 65,535 of them."""
    assert hamming(np.zeros((1, 9_000), np.uint8), np.full((1, 9_000), 255, np.uint8)).item() == 72_000


def test_components_must_be_orthonormal():
    """Any other rows would give an error that no k components have."""
    refuses("components", pca_mse, 2 * pca().components, pca().mean, X)


def test_labels_beyond_the_classes():
    """Found by the loss itself."""
    refuses("labels", Classifier(MODELS["dense"](), classes=3).loss, X, LABELS + 1)


def test_a_damaged_batch_is_repaired_in_evaluation_mode():
    """Or the running means of a batch normalisation would change."""
    model = build(DenseAutoencoder, hidden=(4,), batch_norm=True).train()
    before = copy.deepcopy(model.state_dict())
    errors_by_strength(model, rand(3, 784), "mask", [0.5])
    assert model.training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
