"""Every public function, method and constructor with arguments that suit it, and the faults each argument is given."""

import contextlib
import copy
import functools
import io
import math
import tempfile
from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from helpers.models import small_sparse, small_stack
from trust.faults import (
    ARRAY,
    BYTES,
    CHOICE,
    CLASSES,
    DEVICE,
    EQUAL,
    FLAG,
    FUNCTION,
    KINDS,
    NETWORK,
    NO_AXES,
    NO_CURVES,
    NO_NUMBER,
    NO_PATH,
    NO_WORDS,
    ON_CPU,
    PLACES,
    POSITIONS,
    REAL,
    SAME,
    SHAPES,
    SIZES,
    SPACES,
    TENSOR,
    TYPES,
    VALUES,
    VECTOR,
    VECTOR_ON_CPU,
    WHOLE,
    WORKS,
    ZERO,
    Row,
    instead,
    only,
    spoilt,
    without,
)

import aecourse
from aecourse.data import (
    CORRUPTIONS,
    ImageSet,
    corrupt,
    load_fashion_mnist,
    load_mnist,
    load_pictures,
    normalise_digit,
    photo_patches,
    seven_segment_digits,
    shift_images,
    spiral,
    whitened_patches,
)
from aecourse.device import pick_device, seed_everything, use_threads
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
from aecourse.evaluation.anomaly import detection_result
from aecourse.evaluation.denoising import errors_by_strength, median_filtered
from aecourse.evaluation.probes import tuned_ridge_accuracy
from aecourse.evaluation.retrieval import CodeIndex
from aecourse.exercises import Prediction, check, claim, experiment, mark
from aecourse.machine import requires
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
    SparseAutoencoder,
    StackedAutoencoder,
    VariationalAutoencoder,
    adopt,
)
from aecourse.pace import run_all_takes
from aecourse.plotting import (
    as_images,
    as_written,
    figure_png,
    mosaic,
    panels,
    plain_ticks,
    plot_error_by_k,
    plot_history,
    plot_image,
    plot_latent_map,
    plot_rate_distortion,
    plot_reconstructions,
    show,
)
from aecourse.training import History, fit, fit_classifier, fit_layerwise, mean_loss
from aecourse.zoo import load_split, load_weights, read_card, save_weights, shared_weights


def rand(*shape: int, seed: int = 0) -> torch.Tensor:
    """Numbers in [0, 1], the same each time."""
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


FOLDER = tempfile.TemporaryDirectory()  # empty, and gone at the end
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
            {"x": TENSOR, "x_hat": {**TENSOR, "0 to 255": lambda x: 255 * x}, "peak": REAL},
            fine={"1e+308"},
            spoken={"x": ("x", "x_hat")},
        ),
        "ssim": Row(
            ssim,
            {**PAIR, "peak": 1.0},
            {"x": TENSOR, "x_hat": {**TENSOR, "0 to 255": lambda x: 255 * x}, "peak": REAL},
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
    rows = {}
    for (noise, damage), name in zip(CORRUPTIONS.items(), names, strict=True):
        whole = noise in ("occlude", "downsample")
        fine = {"one", "empty", "float64", "float16", "None", *([] if whole else ["narrow"])}
        fine |= set(VALUES) if noise == "downsample" else set()  # a mean of any numbers
        good = {"x": X, name: strengths[noise], "seed": 3}
        faults = {"x": ON_CPU, name: WHOLE if whole else REAL, "seed": WHOLE}
        rows[damage.__name__] = Row(damage, good, faults, fine=fine)
        good = {"x": X, "noise": noise, "strength": strengths[noise], "seed": 3}
        rows[f"corrupt, {noise}"] = Row(corrupt, good, {"x": ON_CPU, "seed": WHOLE}, fine=fine)
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
            fine={"enormous"},
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


def constructor_rows() -> dict[str, Row]:
    """Every argument of every family, and what it keeps of them."""
    positive, weight = {**WHOLE, **ZERO}, {**REAL}
    kinds = {
        **dict.fromkeys(("latent_dim", "in_features", "k"), positive),
        **dict.fromkeys(("activation", "output", "objective", "penalty", "likelihood", "noise"), CHOICE),
        **dict.fromkeys(("beta", "free_bits", "strength"), without(weight, "1e+308")),
        "hidden": SIZES,
        "batch_norm": FLAG,
        "depth": WHOLE,
        "rho": {**weight, **ZERO},
        "sigma": {**weight, **ZERO},
        "estimator": without(CHOICE, "None"),
    }
    small = {"latent_dim": 3, "in_features": 144}
    dense = small | {"hidden": (8,), "activation": "tanh", "output": "linear", "objective": "mse", "batch_norm": False}
    given = {
        DenseAutoencoder: dense,
        LinearAutoencoder: small,
        NestedAutoencoder: dense,
        ConvAutoencoder: {"latent_dim": 3, "hidden": (2,)},
        ShallowAutoencoder: small | {"activation": "tanh", "output": "linear"},
        StackedAutoencoder: small | {"hidden": (8,), "activation": "tanh", "depth": 2},
        SparseAutoencoder: small | {"penalty": "topk", "strength": 0.5, "rho": 0.5, "k": 2},
        DenoisingAutoencoder: dense | {"noise": "mask", "strength": 0.5},
        ContractiveAutoencoder: small | {"strength": 0.5, "hidden": (5,), "estimator": "hutchinson"},
        VariationalAutoencoder: small
        | {"hidden": (8,), "beta": 0.5, "free_bits": 0.5, "likelihood": "gaussian", "sigma": 0.5, "activation": "relu"},
        PCA: small,
        Autoencoder: small,
    }
    found = {}
    for family, good in given.items():
        optional = {"strength"} if family in (SparseAutoencoder, DenoisingAutoencoder) else set()
        faults = {name: without(kinds[name], *(["None"] if name in optional else [])) for name in good}
        found[family.__name__] = Row(
            lambda family=family, **given: repr(family(**given).config.arguments()), good, faults, spoken={}
        )
    found["Classifier"] = Row(
        lambda **given: Classifier(**given).classes,
        {"autoencoder": MODELS["dense"](), "classes": 3},
        {"autoencoder": NETWORK, "classes": {**WHOLE, **ZERO}},
        spoken={"autoencoder": ("autoencoder", "model")},
    )
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(784, 4), torch.nn.Linear(4, 784))
    odd = instead("x", 3, (0,), (28, 28), (1, -1, 28), (2, 9, 9), np.array([1, 28, 28]))
    found["adopt"] = Row(
        lambda **given: adopt(**given)(rand(2, 784)),
        {"net": net, "shape": (784,), "scale": (0, 1), "encode": None, "decode": None, "output": None, "loss": None},
        {
            "net": NETWORK,
            "shape": odd,
            "scale": {**odd, "None": lambda x: None, "bytes": lambda x: (0, 255)},
            "output": instead(True, 2.5, [0], 5, "x_hat"),
            **dict.fromkeys(("encode", "decode", "loss"), FUNCTION),
        },
    )
    layers = [
        ShallowAutoencoder(8, in_features=12),
        ShallowAutoencoder(3, in_features=8, activation="linear", output="tanh"),
    ]
    wrong = (None, 3, "x", [], [3], [None], {})
    found["from_layers"] = Row(
        lambda layers: StackedAutoencoder.from_layers(layers)(rand(2, 12)),
        {"layers": layers},
        {"layers": {**{str(v): (lambda x, v=v: v) for v in wrong}, "upside down": lambda x: x[::-1]}},
    )
    return found


def method_rows() -> dict[str, Row]:
    """Methods that take something else than one batch of images or codes."""
    dense, contractive, vae, sparse = (MODELS[n]() for n in ("dense", "contractive", "variational", "sparse, l1"))
    z = rand(6, 3) - 0.5
    kinds = only(KINDS, PLACES, SHAPES, TYPES)
    pair = {"mu": z, "logvar": rand(6, 3, seed=1)}
    found = {
        "dense: distance": Row(
            dense.distance, PAIR, dict.fromkeys(PAIR, TENSOR), fine=set(VALUES), spoken=dict.fromkeys(PAIR, tuple(PAIR))
        ),
        "dense, bce: distance": Row(
            MODELS["dense, bce"]().distance,
            PAIR,
            {"x_hat": TENSOR, "x": TENSOR},
            spoken=dict.fromkeys(PAIR, tuple(PAIR)),
        ),
        "contractive: closed_form": Row(
            contractive.closed_form,
            {"x": X, "z": z},
            {"x": kinds, "z": TENSOR},
            same=WORKS - {"inference"},
            fine={*VALUES, "one"},
        ),
        "contractive: hutchinson": of_model(contractive, "hutchinson", probes=2),
        "sparse, l1: active": Row(
            sparse.active,
            {"z": rand(4, 20)},
            {"z": TENSOR},
            fine={*SHAPES, *VALUES, "cuda", "float64", "float16", "one", "empty"},
        ),
        "variational: reparameterise": Row(
            seeded(vae.reparameterise),
            pair,
            dict.fromkeys(pair, TENSOR),
            fine=set(VALUES),
            spoken=dict.fromkeys(pair, tuple(pair)),
        ),
        "variational: kl_divergence": Row(
            vae.kl_divergence,
            pair,
            dict.fromkeys(pair, TENSOR),
            fine=set(VALUES),
            spoken=dict.fromkeys(pair, tuple(pair)),
        ),
        "classifier: check_labels": Row(
            lambda labels: Classifier(dense, classes=3).check_labels(labels, 6), {"labels": LABELS}, {"labels": CLASSES}
        ),
    }
    for name in ("nested", "pca"):
        found[f"{name}: encode, first numbers"] = of_model(MODELS[name](), "encode", k=2)
        found[f"{name}: encode, first numbers"].fine |= {"None"}
    return found


def training_rows() -> dict[str, Row]:
    """Training in stages, and what can be handed to a training."""
    quick = {"epochs": 1, "batch_size": 3, "seed": 3, "lr": 0.01}
    counts = without(WHOLE, str(10**30))
    numbers = {"epochs": counts, "batch_size": counts, "seed": WHOLE, "lr": without(REAL, "1e+308"), "schedule": CHOICE}

    def totals(histories) -> torch.Tensor:
        return torch.tensor([terms["total"] for history in histories for terms in history.train])

    def classify(**given) -> torch.Tensor:
        given.setdefault("model", Classifier(MODELS["dense"](), classes=3))
        torch.manual_seed(0)
        return totals([fit_classifier(copy.deepcopy(given.pop("model")), progress=False, **given)])

    def stage(**given) -> torch.Tensor:
        return totals(fit_layerwise(copy.deepcopy(given.pop("stack")), progress=False, **given))

    hooks = dict.fromkeys(("loss", "augment", "on_epoch", "on_step", "stop"))
    return {
        "fit, functions": Row(
            lambda **given: totals([fit(MODELS["dense"](), X, progress=False, **quick, **given)]),
            hooks | {"schedule": "constant"},
            {**dict.fromkeys(hooks, FUNCTION), "schedule": CHOICE},
        ),
        "fit_classifier": Row(
            classify,
            {"model": Classifier(MODELS["dense"](), classes=3), "x": X, "labels": LABELS, "schedule": "constant"}
            | quick,
            {"model": NETWORK, "x": TENSOR, "labels": CLASSES} | numbers,
            spoken={"x": ("x", "labels")},
        ),
        "fit_layerwise": Row(
            stage,
            {"stack": small_stack(0), "x": rand(6, 12), "validation": rand(6, 12), "schedule": "constant"} | quick,
            {"stack": NETWORK, "x": TENSOR, "validation": without(TENSOR, "none")} | numbers,
            fine={"one"},
        ),
        "mean_loss": Row(
            lambda **given: mean_loss(**given)["total"],
            {"model": MODELS["dense"](), "x": X, "loss": None, "batch_size": 4},
            {"model": NETWORK, "x": TENSOR, "loss": FUNCTION, "batch_size": WHOLE},
            fine={"one", str(10**30)},
        ),
    }


def more_evaluation_rows() -> dict[str, Row]:
    """Measures that no package exports."""
    arrays = {"features": CODES, "labels": LABELS}
    arrays |= {f"{part}_{name}": value for part in ("valid", "test") for name, value in tuple(arrays.items())}
    penalties = (None, "x", 3, [], ["x"], [math.nan], [0], [-1], [math.inf], [True], [1, None])
    scores = {"scores": X[0][:6], "labels": LABELS, "valid_normal": X[1], "normal": 0}
    return {
        "detection_result": Row(
            lambda **given: detection_result(**given).abnormal,
            scores,
            {"scores": ARRAY, "labels": without(CLASSES, "beyond", "negative"), "valid_normal": ARRAY, "normal": WHOLE},
            same=WORKS | EQUAL,
            fine={"enormous"},
            spoken={"scores": ("scores", "labels"), "normal": ("normal", "labels")},
        ),
        "tuned_ridge_accuracy": Row(
            tuned_ridge_accuracy,
            arrays | {"penalties": [1.0, 10.0]},
            {
                **{n: CLASSES if "labels" in n else {**ARRAY, "narrow": SHAPES["narrow"]} for n in arrays},
                "penalties": {str(value): (lambda x, value=value: value) for value in penalties},
            },
            same=WORKS | EQUAL,
            fine={"enormous", "float", "negative", "beyond"},
            spoken={n: tuple(arrays) for n in arrays} | {"penalties": ("penalties", "penalty")},
        ),
    }


def quiet(call: Callable) -> Callable:
    """The same call without what it prints, and without figures that stay open."""

    def silent(*args, **arguments):
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                return call(*args, **arguments)
        finally:
            plt.close("all")

    return silent


def source_rows() -> dict[str, Row]:
    """Where images come from."""
    ten = ImageSet(rand(10, 784), torch.arange(10))
    patches = {"count": 3, "seed": 3, "device": "cpu"}
    paths = without(NO_PATH, "None")
    places = instead(None, "x", 2.5, True, 10, [10], [0, -11], [True], (0, 1), [[0]], 1j)
    places["sparse"] = lambda x: torch.tensor(x).to_sparse()
    alike = {
        "reversed": lambda x: np.array(x[::-1])[::-1],
        "stepping back": lambda x: slice(2, None, -2),
        "uint16": lambda x: torch.tensor(x, dtype=torch.uint16),
        "big-endian": lambda x: np.array(x, ">i8"),
    }

    def fashion(**given) -> str:
        with contextlib.suppress(FileNotFoundError):
            load_fashion_mnist(**given)
        return "no copy there"

    def item(index) -> torch.Tensor:
        try:
            return ten[index].x
        except IndexError as error:  # which ends a walk through the set
            raise ValueError(str(error)) from error

    return {
        "ImageSet": Row(
            lambda **given: ImageSet(**given).x,
            {"x": rand(3, 784), "y": LABELS[:3], "names": ("a", "b", "c")},
            {
                "x": TENSOR,
                "y": {**CLASSES, "enormous": lambda x: x + 10**12},
                "names": instead(None, 3, "abc", ("a",), (1, 2, 3)),
            },
            spoken={"x": ("x", "y"), "y": ("y", "x", "names")},
        ),
        "ImageSet: item": Row(
            lambda index: item(index).sort(0).values,
            {"index": [0, 2]},
            {"index": {**places, **alike, "int64": np.array}},
            same=WORKS | alike.keys(),
        ),
        "ImageSet: to": Row(
            lambda device: ten.to(device).x, {"device": "cpu"}, {"device": {**DEVICE, "None": lambda x: None}}
        ),
        "ImageSet: split": Row(
            lambda **g: ten.split(**g)[0].x, {"count": 3, "seed": 3}, dict.fromkeys(("count", "seed"), WHOLE)
        ),
        "ImageSet: one_of_each": Row(ten.one_of_each, {"nth": 0}, {"nth": WHOLE}),
        "load_mnist": Row(lambda device: load_mnist(device=device)[1].y, {"device": "cpu"}, {"device": DEVICE}),
        "load_split": Row(lambda device: load_split(device=device)[1].y, {"device": "cpu"}, {"device": DEVICE}),
        "load_fashion_mnist": Row(
            fashion,
            {"device": "cpu", "download": False, "root": FOLDER.name},
            {"device": DEVICE, "download": FLAG, "root": paths},
        ),
        "load_pictures": Row(
            quiet(lambda **given: load_pictures(**given).x),
            {"source": rand(3, 784), "labels": LABELS[:3], "as_digits": False, "device": "cpu"},
            {
                "source": {
                    **without(ON_CPU, "text", "set", "one"),
                    "pictures last": lambda x: x.view(3, 28, 28).movedim(0, 2).repeat(1, 1, 3),
                    "masked": ARRAY["masked"],
                },
                "labels": {**without(CLASSES, "none", "text", "one-hot", "beyond"), "enormous": lambda x: x + 10**12},
                "as_digits": FLAG,
                "device": DEVICE,
            },
            same=WORKS | {"numpy", "list", "float64"},
            fine={"float16", "int", "bool"},
            spoken={"source": ("source", "labels")},
        ),
        "normalise_digit": Row(
            normalise_digit, {"strokes": rand(28, 28)}, {"strokes": ARRAY}, same=WORKS | EQUAL - {"list"}, fine={"list"}
        ),
        "seven_segment_digits": Row(seven_segment_digits, {"device": "cpu"}, {"device": DEVICE}),
        "photo_patches": Row(photo_patches, patches, {"count": WHOLE, "seed": WHOLE, "device": DEVICE}),
        "whitened_patches": Row(
            whitened_patches, patches | {"side": 4}, {"count": WHOLE, "side": WHOLE, "seed": WHOLE, "device": DEVICE}
        ),
        "spiral": Row(
            spiral, {"count": 9, "turns": 0.5, "device": "cpu"}, {"count": WHOLE, "turns": REAL, "device": DEVICE}
        ),
    }


def figure_rows() -> dict[str, Row]:
    """Every plot."""
    history = History(train=[{"total": 0.5}, {"total": 0.25}])

    def drawn(plot: Callable, **good) -> Row:
        """A row of a plot, which answers with how many things it drew."""
        (name, _), *_ = good.items()
        faults = {"history": without(KINDS, "list", "numpy", "set")}.get(name, NO_CURVES)
        return Row(
            quiet(lambda **given: type(plot(**given)).__name__),
            good | {"ax": panels(width=4)},
            {name: faults, "ax": NO_AXES},
        )

    pictures = {"none": lambda x: None, "text": lambda x: "x", "number": lambda x: 3, "empty": lambda x: type(x)()}
    row = drawn(plot_reconstructions, rows={"x": X, "x_hat": Y})
    row.faults["rows"] = pictures | {str(v): lambda x, v=v: {"x": spoilt(X, v)} for v in (math.nan, math.inf)}
    row.spoken = {"rows": ("rows", "images")}
    image = drawn(plot_image, image=X[0].view(12, 12))
    image.faults["image"] = {
        **without(ARRAY, *VALUES),
        "all nan": lambda x: x * math.nan,
        "all inf": lambda x: x * 0 + math.inf,
        "pictures": lambda x: x.view(1, 12, 12),
        "a colour beyond 1": lambda x: 255 * torch.stack([x] * 3, 2),
    }
    image.same = WORKS | EQUAL
    curves = {"a": ([1.0, 2.0], [3.0, 4.0])}
    ax = panels(width=4)
    found = {
        "plot_reconstructions": row,
        "plot_image": image,
        "plot_history": drawn(plot_history, history=history),
        "plot_rate_distortion": drawn(plot_rate_distortion, curves=curves),
        "plot_error_by_k": drawn(plot_error_by_k, curves={"a": {1: 0.5, 2: [0.25, 0.5]}}),
        "mosaic": Row(
            mosaic,
            {"rows": [X, Y], "gap": 1, "background": 3},
            {"rows": pictures
             | {str(v): lambda x, v=v: [spoilt(X, v)] for v in (math.nan, math.inf)}
             | {"0 to 255, mostly black": lambda x: [255 * X * (X > 0.8)]},
             "gap": WHOLE, "background": WHOLE},
            spoken={"rows": ("rows", "images")},
        ),
        "panels": Row(
            quiet(lambda **given: np.size(panels(**given))),
            {"columns": 2, "rows": 3, "width": 4.0, "height": 4.0},
            {"columns": WHOLE, "rows": WHOLE, "width": {**REAL, **ZERO}, "height": {**REAL, **ZERO}},
        ),
        "show": Row(
            quiet(lambda **given: show(**given) or "shown"),
            {"axes": ax, "alt": "a figure"},
            {"axes": {**without(NO_AXES, "figure"), "none": lambda x: None, "empty": lambda x: [],
                      "two figures": lambda x: [x, panels(width=4)]}, "alt": NO_WORDS},
        ),
        "figure_png": Row(
            quiet(lambda **given: len(figure_png(**given))),
            {"figure": ax.figure, "sharpness": 0.5},
            {"figure": without(NO_AXES, "figure"), "sharpness": {**REAL, **ZERO}},
        ),
        "plain_ticks": Row(plain_ticks, {"axis": ax.xaxis}, {"axis": without(NO_AXES, "figure")}),
        "plot_latent_map, names": Row(
            quiet(lambda **given: len(plot_latent_map(CODES, LABELS, **given).collections)),
            {"names": ["a", "b", "c"], "ax": ax},
            {"names": instead(3, "abc", b"abc", ["a"], {}), "ax": NO_AXES},
        ),
    }  # fmt: skip
    plt.close("all")
    return found


def answer_rows() -> dict[str, Row]:
    """Exercises, claims and predictions."""
    claimed = {"name": "03.x", "sentence": "it is", "value": 0.5, "at_least": 0.0, "at_most": 1.0, "digits": 3}
    numbers = only(NO_NUMBER, {name: REAL[name] for name in ("float32", "0-D number")})
    bounds = {**numbers, "nan": lambda x: math.nan, "inf": lambda x: math.inf, "beyond the other": lambda x: 2 - 3 * x}
    asked = {"name": "03.x", "question": "Which?", "options": ["a", "b"]}
    guess = Prediction(**asked)
    return {
        "check": Row(quiet(lambda name: check(name, 3)), {"name": "01.1"}, {"name": NO_WORDS}),
        "mark": Row(lambda name: mark(name, ...).outcome, {"name": "01.1"}, {"name": NO_WORDS}),
        "claim": Row(
            quiet(lambda **given: claim(**given)),
            claimed,
            {
                **dict.fromkeys(("name", "sentence"), NO_WORDS),
                "value": {**numbers, "None": lambda x: None},
                **dict.fromkeys(("at_least", "at_most"), bounds),
                "digits": WHOLE,
            },
        ),
        "experiment": Row(
            quiet(lambda **given: experiment(**given)),
            {"name": "03.x", "table": {"k": 0.5}, "sentence": "it is"},
            {
                "name": NO_WORDS,
                "table": instead(None, 3, {}, {"k": None}, {"k": "x"}, {"k": math.inf}, {"k": math.nan}),
                "sentence": without(NO_WORDS, ""),
            },
        ),
        "Prediction": Row(
            lambda **given: Prediction(**given).options,
            asked,
            {
                **dict.fromkeys(("name", "question"), NO_WORDS),
                "options": instead(None, 3, "ab", [], ["a"], {}, b"ab", ["a", "a"], ["a", " "]),
            },
        ),
        "Prediction: reveal": Row(
            quiet(guess.reveal), {"answer": "a", "measured": "0.5"}, {"answer": without(NO_WORDS, "None")}
        ),
    }


def zoo_rows() -> dict[str, Row]:
    """Weights, read and written."""
    tiny, folder = build(DenseAutoencoder, hidden=(), in_features=12), Path(FOLDER.name)
    plain = instead(3, "x", [1], {"a": math.nan}, {"a": math.inf}, {"a": 1j}, {"a": X})

    def saved(**given) -> int:
        return save_weights(**given).stat().st_size

    return {
        "load_weights": Row(
            lambda **given: next(load_weights(**given).parameters()).detach()[0],
            {"name": "dense-k2", "into": None, "device": "cpu"},
            {"name": NO_PATH, "into": without(NETWORK, "none", "function"), "device": DEVICE},
        ),
        "read_card": Row(lambda name: read_card(name).family, {"name": "dense-k2"}, {"name": NO_PATH}),
        "shared_weights": Row(
            lambda name: type(shared_weights(name)).__name__, {"name": "dense-k2"}, {"name": NO_PATH}
        ),
        "save_weights": Row(
            saved,
            {"model": tiny, "path": folder / "tiny.safetensors", "recipe": {}, "scores": {}, "dtype": torch.float32},
            {
                "model": NETWORK,
                "path": NO_PATH,
                "recipe": plain,
                "scores": plain,
                "dtype": instead(None, "float", torch.int32, 3),
            },
        ),
    }


def machine_rows() -> dict[str, Row]:
    """What the first cell of a notebook calls."""

    def threads(count) -> int:
        before = torch.get_num_threads()
        try:
            return use_threads(count)
        finally:
            torch.set_num_threads(before)

    return {
        "pick_device": Row(lambda name: str(pick_device(name)), {"name": "cpu"}, {"name": without(DEVICE, "['cpu']")}),
        "seed_everything": Row(seed_everything, {"seed": 3}, {"seed": WHOLE}),
        "use_threads": Row(threads, {"count": 1}, {"count": {**without(WHOLE, "None"), **ZERO}}),
        "requires": Row(requires, {"version": aecourse.__version__}, {"version": NO_WORDS}),
        "run_all_takes": Row(lambda notebook: len(run_all_takes(notebook)), {"notebook": "03"}, {"notebook": NO_WORDS}),
        "as_written": Row(as_written, {"name": "a"}, {"name": {}}),
    }


ROWS = (
    model_rows() | evaluation_rows() | fit_rows() | data_rows() | plot_rows() | constructor_rows() | method_rows()
    | training_rows() | more_evaluation_rows() | source_rows() | figure_rows() | answer_rows() | zoo_rows()
    | machine_rows()
)  # fmt: skip
PACKAGES = ("models", "data", "evaluation", "training", "plotting", "exercises", "zoo")
NOT_TRIED = {  # {public name: why it has no row}
    **dict.fromkeys(("Card", "Exercise", "History", "Mark"), "made by the course, not by a learner"),
    "exercise": "registers the course's own exercises when it is imported",
    "read_records": "reads what nbformat has found valid",
}
DAMAGED = tuple(CORRUPTIONS)
