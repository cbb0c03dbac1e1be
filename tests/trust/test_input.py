"""What happens to wrong and unusual arguments: one row a function, one column a fault.

A call either works, and then gives what it gives for the same numbers without the fault, or it raises a TypeError or
ValueError that names the argument and says what is accepted. No message comes from the depths of torch, and no answer
is wrong in silence.
"""

import contextlib
import copy
import functools
import importlib
import inspect
import math
import random
from types import FunctionType

import numpy as np
import pytest
import torch
from helpers.strategies import refuses
from torch._subclasses.fake_tensor import DataDependentOutputException
from trust import rows
from trust.calls import CODES, DAMAGED, LABELS, MODELS, NOT_TRIED, PACKAGES, ROWS, X, Y, build, pca, rand
from trust.faults import GPU, inference, pretend_cuda, spoilt, trial

import aecourse
from aecourse.evaluation import (
    hamming,
    pca_mse,
    reconstruct,
    reconstruction_mse,
    ridge_probe_accuracy,
)
from aecourse.evaluation.denoising import errors_by_strength
from aecourse.evaluation.retrieval import CodeIndex
from aecourse.models import (
    Classifier,
    DenoisingAutoencoder,
    DenseAutoencoder,
)
from aecourse.models.base import _cross_entropy_of_any
from aecourse.training import fit


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.filterwarnings("ignore:.*(meta|fake|sparse|Sparse|nested|non-tuple).*")
def test_faults(name):
    """Every fault in every argument: clear, or right."""
    row = ROWS[name]
    expected = row.call(**row.good)
    wrong = []
    for argument, faults in row.faults.items():
        for fault in faults:
            what = trial(row, argument, fault, expected)
            if what:
                wrong.append(f"{argument}, {fault}: {what}")
    assert not wrong, "\n".join(wrong)


def public() -> set[str]:
    """What takes an argument and has a name without an underscore: functions, classes, and the methods of classes."""
    found = set()
    for package in ("aecourse", *(f"aecourse.{name}" for name in PACKAGES)):
        module = importlib.import_module(package)
        own = [name for name, thing in vars(module).items() if getattr(thing, "__module__", "") == package]
        for name in getattr(module, "__all__", [name for name in own if not name.startswith("_")]):
            if package == "aecourse" and aecourse._MODULE_OF[name] == "aecourse.explorers":
                continue  # tests/trust/test_explorers.py
            thing = getattr(module, name)
            if callable(thing) and inspect.signature(thing).parameters:
                found.add(name)
            bases = [base for base in getattr(thing, "__mro__", ()) if base.__module__.startswith("aecourse.")]
            for method, function in ((name, value) for base in bases for name, value in vars(base).items()):
                takes = isinstance(function, FunctionType | classmethod | staticmethod) and not method.startswith("_")
                if takes and set(inspect.signature(getattr(thing, method)).parameters) - {"self"}:
                    found.add(method)
    return found


def test_every_public_name_is_tried():
    """Or says why it is not."""
    tried = {name.split(": ")[-1].split(",")[0] for name in ROWS}
    assert not public() - tried - NOT_TRIED.keys()
    assert not NOT_TRIED.keys() & tried and not NOT_TRIED.keys() - public()


def every_fault(count: int) -> rows.Row:
    """Wrong arguments, so many of them drawn at random, to public functions, methods and constructors."""
    every = [
        (name, argument, fault)
        for name, row in ROWS.items()
        for argument in row.faults
        for fault in row.faults[argument]
    ]
    random.Random(count).shuffle(every)

    def outcome(name: str, argument: str, fault: str) -> str | None:
        row = ROWS[name]
        what = trial(row, argument, fault, row.call(**row.good))
        return f"{name}, {argument}, {fault}: {what}" if what else None

    return rows.row(
        "Input",
        f"a wrong or unusual argument to {len(public())} public functions, methods and constructors",
        "an error that names the argument and what is accepted, before any work; or the right answer",
        (outcome(*each) for each in every[:count]),
    )


def test_some_faults_in_the_table_of_reliability():
    """The line that `make soak` measures with all of them."""
    every_fault(20).check()


def on_gpu(model: torch.nn.Module, method: str, *given: torch.Tensor) -> list[torch.Tensor]:
    """What a model's method gives on a pretended GPU, where mixed devices and a look at a number are errors."""

    class Called(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self):
            return getattr(self.model, method)(*map(pretend_cuda, given))

    there = {f"model.{n}": pretend_cuda(value) for n, value in (*model.named_parameters(), *model.named_buffers())}
    with GPU, torch.no_grad():
        found = torch.func.functional_call(Called(), there, ())
    return [*found.values()] if isinstance(found, dict) else [*found] if isinstance(found, tuple) else [found]


@pytest.mark.parametrize("name", [name for name in MODELS if name not in ("pca", "contractive, deep")])
def test_a_model_on_a_gpu_stays_there(name):
    """Nothing that it makes on the way lies elsewhere, and no step waits for a number."""
    model = MODELS[name]()
    for method in ("encode", "decode", "forward", "loss", "posterior", "preactivation"):
        if hasattr(model, method):
            given = rand(4, model.latent_dim if method == "decode" else model.in_features)
            assert {part.device.type for part in on_gpu(model, method, given)} == {"cuda"}, method


def test_a_classifier_on_a_gpu_stays_there():
    """Its labels' values are not looked at, either."""
    model = Classifier(MODELS["dense"](), classes=3)
    assert [part.device.type for part in on_gpu(model, "loss", X, LABELS)] == ["cuda"]


@pytest.mark.parametrize("name", ["mse", "psnr", "ssim", "anomaly_scores", "mixture_score", "nearest", "shift_images"])
def test_a_measure_on_a_gpu_stays_there(name):
    """Up to the number that it brings back."""
    given = {n: pretend_cuda(v) if isinstance(v, torch.Tensor) else v for n, v in ROWS[name].good.items()}
    with GPU, torch.no_grad(), contextlib.suppress(DataDependentOutputException):
        assert ROWS[name].call(**given).device.type == "cuda"


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damage_on_a_gpu_stays_there(name):
    """As a training calls it, which never looks at the pixels."""
    model = build(DenoisingAutoencoder, noise=name)
    with GPU:
        assert model.damage(pretend_cuda(rand(3, 784))).device.type == "cuda"


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_a_cross_entropy_that_no_gpu_checks(reduction):
    """Value and gradient are torch's; what CUDA would end the process for is NaN, and only that."""
    x, x_hat = rand(3, 5), torch.cat([rand(1, 5, seed=1), torch.tensor([[0.0, 1, 0, 1, 0.5]] * 2)]).requires_grad_()
    found, expected = (
        call(x_hat, x, reduction=reduction)
        for call in (_cross_entropy_of_any, torch.nn.functional.binary_cross_entropy)
    )
    torch.testing.assert_close(found, expected)
    grads = [torch.autograd.grad(each.sum(), x_hat)[0] for each in (found, expected)]
    torch.testing.assert_close(*grads)
    for value in (-0.1, 1.1, math.nan, math.inf):
        for given in ((spoilt(x_hat.detach(), value), x), (x_hat.detach(), spoilt(x, value))):
            assert _cross_entropy_of_any(*given, reduction="none").isnan().sum() == 1
            assert _cross_entropy_of_any(*given, reduction="mean").isnan()


def test_a_penalty_too_small_is_named():
    """Two equal features leave ridge regression without a solution."""
    features = CODES[:, [0, 0]]
    assert "larger" in refuses("penalty", ridge_probe_accuracy, features, LABELS, features, LABELS, penalty=1e-300)


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


@pytest.mark.parametrize("x", [X, X.view(6, 1, 12, 12)])
def test_pictures_that_another_network_does_not_take(x):
    """The error of its first layer is told with the shape."""
    net = torch.nn.Sequential(torch.nn.Linear(12 * 13, 12 * 12))
    refuses("model", lambda: reconstruct(net, x))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16])
def test_a_classifier_and_a_stack_have_the_precision_of_what_they_are_made_of(dtype):
    """Whatever torch would choose by default."""
    layers = [aecourse.ShallowAutoencoder(3, in_features=12, activation="linear").to(dtype)]
    x = rand(2, 12).to(dtype)
    assert aecourse.StackedAutoencoder.from_layers(layers)(x).dtype == dtype
    assert Classifier(layers[0], classes=2)(x).dtype == dtype


@contextlib.contextmanager
def default_precision(dtype: torch.dtype):
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@pytest.mark.parametrize("default", [lambda: default_precision(torch.float64), lambda: torch.device("meta")])
def test_defaults_of_torch_change_no_weights_that_are_loaded(default):
    """They come as float32 on the CPU, and PCA as its data."""
    with default():
        weight = next(aecourse.load_weights("nested").parameters())
        model = aecourse.PCA.fit(X, 3)
        errors = pca_mse(model.components, model.mean, X)
    assert weight.dtype == torch.float32 and weight.device.type == "cpu"
    np.testing.assert_allclose(errors, pca_mse(model.components, model.mean, X))


@pytest.mark.parametrize("measure", ["ssim", "mixture_score", "nearest"])
def test_autocast_rounds_no_measure(measure):
    """A network may be rounded, what judges it is not."""
    given = {"ssim": (X, 0.9 * X), "mixture_score": (X, Y, 0.5), "nearest": (rand(50, 8) / 50 + 1, rand(5, 8) / 50 + 1)}
    expected = getattr(aecourse, measure)(*given[measure])
    with torch.autocast("cpu", torch.bfloat16):
        found = getattr(aecourse, measure)(*given[measure])
    torch.testing.assert_close(found, expected, rtol=0, atol=0)
