"""Weights files: what is written is read, what is damaged is named, and what is shipped scores what it claims."""

import copy
import gzip
import hashlib
import json
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.strategies import junk, numpy_of, refuses, same, state_of
from hypothesis import given, strategies as st
from sklearn.metrics import roc_auc_score

from aecourse.models import (
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
)
from aecourse.zoo import NORMAL
from aecourse.zoo.recipes import RECIPES
from aecourse.zoo.weights import CHECKSUM, ENDING, SHIPPED, load_weights, read_card, save_weights, shipped_weights


def unpack(path: Path) -> tuple[dict, dict[str, np.ndarray]]:
    """A safetensors file read by its published format: 8 bytes of length, a JSON header, raw numbers."""
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    (length,) = struct.unpack_from("<Q", raw)
    header, body = json.loads(raw[8 : 8 + length]), raw[8 + length :]
    kinds = {"F16": np.float16, "F32": np.float32, "I64": np.int64, "I8": np.int8}
    card = {key: json.loads(value) for key, value in header.pop("__metadata__").items() if key != CHECKSUM}
    spans = {name: (entry, body[slice(*entry["data_offsets"])]) for name, entry in header.items()}
    return card, {n: np.frombuffer(part, kinds[e["dtype"]]).reshape(e["shape"]) for n, (e, part) in spans.items()}


@pytest.fixture
def path(tmp_path) -> Path:
    """Where to write."""
    return tmp_path / "mine.safetensors"


@pytest.fixture(
    params=[
        *("dense", "batch norm", "linear", "nested", "conv", "shallow", "stacked", "sparse", "denoising"),
        *("contractive", "variational"),
    ]
)
def model(request):
    """Each family, small, with weights and statistics no constructor gives."""
    torch.manual_seed(3)
    model = {
        "dense": lambda: DenseAutoencoder(3, hidden=(8,), activation="tanh", objective="bce"),
        "batch norm": lambda: DenseAutoencoder(3, hidden=(8,), batch_norm=True),
        "linear": lambda: LinearAutoencoder(3),
        "nested": lambda: NestedAutoencoder(5, hidden=(8,)),
        "conv": lambda: ConvAutoencoder(3, hidden=(2,)),
        "shallow": lambda: ShallowAutoencoder(3, activation="tanh"),
        "stacked": lambda: StackedAutoencoder(3, hidden=(8, 6), depth=2),
        "sparse": lambda: SparseAutoencoder(20, penalty="kl", rho=0.1),
        "denoising": lambda: DenoisingAutoencoder(3, hidden=(8,), noise="mask", strength=0.2),
        "contractive": lambda: ContractiveAutoencoder(3, hidden=(8,), strength=0.2),
        "variational": lambda: VariationalAutoencoder(3, hidden=(8,), beta=2.0, likelihood="gaussian"),
    }[request.param]()
    model.train()(torch.rand(20, 784))
    return model


def test_float32_round_trip_is_exact(model, path):
    """Weights, statistics, family and arguments, to the last bit."""
    assert save_weights(model, path, dtype=torch.float32) == path
    loaded = load_weights(path)
    assert type(loaded) is type(model)
    assert loaded.config == model.config
    assert same(loaded.state_dict(), model.state_dict())
    assert not loaded.training


def test_float16_rounds_once(model, path):
    """Half the file, each weight the nearest half-precision number, and float32 again in memory."""
    before = state_of(model)
    save_weights(model, path)
    loaded = load_weights(path).state_dict()
    for name, value in before.items():
        assert loaded[name].dtype == value.dtype
        assert np.array_equal(loaded[name].numpy(), value.numpy().astype(np.float16).astype(value.numpy().dtype))
    assert same(model.state_dict(), before)
    assert path.stat().st_size < 0.6 * 4 * sum(v.numel() for v in before.values()) + 3_000


def test_bytes_round_each_row_by_its_own_scale(model, path):
    """Every number of a matrix within half a step, the rest as float16, and about a quarter of the file."""
    before = state_of(model)
    save_weights(model, path, dtype=torch.int8)
    tensors, loaded = unpack(path)[1], load_weights(path).state_dict()
    for name, value in before.items():
        value, kind = value.numpy(), value.numpy().dtype
        assert loaded[name].numpy().dtype == kind
        if value.ndim < 2:
            assert np.array_equal(loaded[name].numpy(), value.astype(np.float16).astype(kind))
            continue
        stored, scale = tensors[name], tensors[name + ".scale"].astype(np.float32)
        assert (stored.dtype, scale.size) == (np.int8, len(value))
        assert np.array_equal(loaded[name].numpy(), stored * scale)
        assert (np.abs(loaded[name].numpy() - value) <= 0.501 * scale).all()
        largest = np.abs(value).reshape(len(value), -1).max(1)
        np.testing.assert_allclose(scale.ravel(), np.maximum(largest / 127, 2.0**-14), rtol=1e-3)
    assert same(model.state_dict(), before)
    numbers, rows = sum(v.numel() for v in before.values()), sum(len(v) for v in before.values() if v.ndim)
    assert path.stat().st_size < numbers + 4 * rows + 3_000


def test_bytes_of_extreme_rows(path):
    """A row of zeros stays zero, a tiny row loses no more than half its smallest step, a large one is not cut off."""
    model = LinearAutoencoder(4)
    with torch.no_grad():
        for row, size in zip(model.encoder.weight, (0.0, 1e-7, 1.0, 1e4), strict=True):
            row.copy_(size * torch.linspace(-1, 1, 784))
    loaded = load_weights(save_weights(model, path, dtype=torch.int8)).encoder.weight
    assert (loaded[0] == 0).all()
    for row, near, size in zip(loaded[1:], (2.0**-15, 0.51 / 127, 5.1e3 / 127), (1e-7, 1.0, 1e4), strict=True):
        assert (row - size * torch.linspace(-1, 1, 784)).abs().max() <= near


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda t: t.pop("encoder.weight.scale"), r"'encoder\.weight\.scale' is missing"),
        (lambda t: t.pop("encoder.weight"), r"encoder\.weight is missing"),
        (lambda t: t.update({"encoder.weight.scale": torch.ones(3, 1)}), r"'encoder\.weight\.scale' that fits none"),
        (lambda t: t.update({"encoder.weight.scale": torch.ones(4)}), r"'encoder\.weight\.scale' that fits none"),
        (
            lambda t: t.update({"encoder.weight": torch.ones(4, 784)}),
            r"encoder\.weight\.scale is \(4, 1\), must be absent",
        ),
        (lambda t: t.update({"encoder.bias.scale": torch.ones(4, 1)}), r"encoder\.bias\.scale is .* must be absent"),
        (lambda t: t["encoder.weight.scale"].fill_(float("nan")), r"'encoder\.weight\.scale' must be finite"),
        (lambda t: t["encoder.weight.scale"].zero_(), r"'encoder\.weight\.scale' must be finite and above 0"),
    ],
)
def test_damaged_scale(path, damage, words):
    """Bytes without their scale are never taken for weights."""
    from safetensors.torch import load_file, save_file

    save_weights(LinearAutoencoder(4), path, dtype=torch.int8)
    card, tensors = unpack(path)[0], load_file(path)
    damage(tensors)
    save_file(tensors, path, metadata={key: json.dumps(value) for key, value in card.items()})
    with pytest.raises(ValueError, match=words):
        load_weights(path)


def test_load_onto_a_device(model, path, device):
    """The whole model lands there."""
    save_weights(model, path)
    assert {value.device.type for value in load_weights(path, device=device).state_dict().values()} == {device}


def test_card(model, path):
    """The recipe and the scores come back as they went."""
    recipe, scores = {"script": "by hand", "epochs": 3, "lr": 0.1}, {"test_mse": 0.25, "by_k": [0.5, 0.25]}
    save_weights(model, path, recipe=recipe, scores=scores)
    card = read_card(path)
    assert (card.family, card.recipe, card.scores) == (type(model).__name__, recipe, scores)
    assert unpack(path)[0]["config"] == json.loads(json.dumps(model.config.arguments()))


@given(dtype=junk | st.sampled_from([torch.uint8, torch.int64, torch.bool, torch.float64, torch.bfloat16]))
def test_bad_dtype(tmp_path_factory, dtype):
    """Whole numbers would wipe the weights out; nothing is written."""
    path = tmp_path_factory.mktemp("weights") / "mine.safetensors"
    refuses("dtype", save_weights, DenseAutoencoder(1, hidden=()), path, dtype=dtype)
    assert list(path.parent.iterdir()) == []


@given(model=junk)
def test_only_networks_are_saved(tmp_path_factory, model):
    """What is none is not written."""
    path = tmp_path_factory.mktemp("weights") / "mine.safetensors"
    refuses("model", save_weights, model, path)
    assert list(path.parent.iterdir()) == []


def test_missing_folder(tiny, tmp_path):
    """The path is named, and no folder appears."""
    assert "gone" in refuses("path", save_weights, tiny, tmp_path / "gone" / "mine.safetensors")
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_no_folder(tiny, tmp_path):
    """Nor is a folder a file."""
    (tmp_path / "file").touch()
    refuses("path", save_weights, tiny, tmp_path / "file" / "mine.safetensors")
    (tmp_path / "folder").mkdir()
    refuses("path", save_weights, tiny, tmp_path / "folder")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder"]


@pytest.mark.parametrize("error", [PermissionError("read-only"), OSError("no space left on device")])
def test_a_failed_write_leaves_the_old_file(tiny, path, monkeypatch, error):
    """Half a file never takes the place of a whole one."""
    save_weights(tiny, path)
    before = path.read_bytes()

    def write_half(self, content):
        with self.open("wb") as file:
            file.write(content[: len(content) // 2])
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", write_half)
        assert str(error) in refuses("path", save_weights, DenseAutoencoder(2, hidden=()), path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("name", ["dense-k3", "", "no/such/file.safetensors", "dense-k2.safetensors", "."])
def test_unknown_name(name):
    """The error lists the names there are."""
    with pytest.raises(FileNotFoundError, match=r"shipped are: .*dense-k2, .*nested"):
        load_weights(name)
    with pytest.raises(FileNotFoundError, match="shipped are"):
        read_card(name)


@pytest.mark.parametrize("damage", ["cut", "header", "empty", "text", "length"])
def test_damaged_file(tiny, path, damage):
    """The file is named, whatever happened to it."""
    raw = save_weights(tiny, path).read_bytes()
    broken = {
        "cut": raw[:-100],
        "header": raw[:8] + b"\xff" * 50 + raw[58:],
        "empty": b"",
        "text": b"<html>404</html>",
        "length": b"\xff" * 8 + raw[8:],
    }
    path.write_bytes(broken[damage])
    for read in (load_weights, read_card):
        with pytest.raises(ValueError, match=r"mine\.safetensors is damaged"):
            read(path)


def rewrite(path: Path, **changes) -> None:
    """Put other words into a file's description, leaving the weights."""
    from safetensors.torch import load_file, save_file

    card, _ = unpack(path)
    card = {key: json.dumps(value) for key, value in (card | changes).items() if value is not ...}
    save_file(load_file(path), path, metadata=card)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"config": {"latent_dim": 5, "hidden": [16]}}, r"decoder\.0\.weight is \(16, 4\), must be \(16, 5\)"),
        ({"config": {"latent_dim": 4, "hidden": []}}, r"decoder\.0\.bias is \(16,\), must be \(784,\)"),
        (
            {"config": {"latent_dim": 4, "hidden": [16], "batch_norm": True}},
            r"decoder\.1\.bias is missing",
        ),
        ({"config": {"latent_dim": "4"}}, r"builds no DenseAutoencoder: latent_dim must be"),
        ({"config": {"width": 4}}, r"builds no DenseAutoencoder: .*width"),
        ({"family": "LinearAutoencoder", "config": {"latent_dim": 4}}, "must be absent"),
    ],
)
def test_weights_that_do_not_fit_their_description(tiny, path, changes, words):
    """The first tensor that differs is named with both shapes."""
    save_weights(tiny, path)
    rewrite(path, **changes)
    with pytest.raises(ValueError, match=words):
        load_weights(path)


def test_any_network_is_filled_into_another(path, model):
    """Of classes that are not the course's the tensors are kept; one of the same name is not taken for the course's."""

    class Dense(DenseAutoencoder):
        """A class of one's own."""

    Dense.__name__ = Dense.__qualname__ = "DenseAutoencoder"
    for net, again in ((torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)), (Dense(2), Dense(2)), (model, model)):
        save_weights(net, path, dtype=torch.float32)
        other = copy.deepcopy(again)
        for weight in other.parameters():
            weight.data.fill_(7)
        assert load_weights(path, into=other) is other and same(other.state_dict(), net.state_dict())
        if net is not model:
            assert "load_weights(path, into=net)" in refuses("weights", load_weights, path)
    assert "missing" in refuses("weights", load_weights, path, into=torch.nn.Linear(3, 3))
    refuses("into", load_weights, path, into="net")


def test_a_swapped_layer_is_not_lost(path):
    """A network whose configuration would build another one is refused, where MSE .0934 became .0153 without a word."""
    model = load_weights("dense-k8")
    model.encoder[1] = torch.nn.LeakyReLU()
    assert "class of its own" in refuses("model", save_weights, model, path)
    assert not path.exists()


@pytest.mark.parametrize("dtype", [torch.float16, torch.int8])
def test_rounding_that_spoils_is_refused(path, dtype):
    """Infinity, a bias whose spread is lost, reconstructions that get worse: float32 keeps them all."""
    far, level, faint = DenseAutoencoder(4, hidden=(8,)), DenseAutoencoder(4, hidden=(8,)), load_weights("dense-k8")
    with torch.no_grad():
        far.encoder[0].bias.fill_(200_000.0)
        level.encoder[0].bias.copy_(300 + 0.1 * torch.randn(8))
        faint.encoder[0].weight.mul_(1e-9), faint.encoder[0].bias.mul_(1e-9)
        faint.encoder[2].weight.mul_(1e9)
    for model in (far, level, faint):
        assert "float32" in refuses(
            "model" if model is not faint else "(model|dtype)", save_weights, model, path, dtype=dtype
        )
        assert not path.exists()
        assert same(load_weights(save_weights(model, path, dtype=torch.float32)).state_dict(), model.state_dict())
        path.unlink()
    with torch.no_grad():
        far.encoder[0].bias[0] = float("nan")
    assert "NaN" in refuses("model", save_weights, far, path, dtype=torch.float32)


@pytest.mark.parametrize("changes", [{"family": ["x"]}, {"family": ...}, {"config": ...}, {"config": 3}])
def test_a_stranger_among_the_files(tiny, path, changes):
    """A safetensors file of somebody else is not guessed at."""
    save_weights(tiny, path)
    rewrite(path, **changes)
    with pytest.raises(ValueError, match="were not written by save_weights"):
        load_weights(path)


def test_no_pickle_is_ever_opened(tmp_path):
    """A pickle would run what it likes: it is refused unread."""

    class Trap:
        def __reduce__(self):
            return (tmp_path.joinpath("sprung").touch, ())

    for name, content in {"plain": pickle.dumps(Trap()), "torch": None}.items():
        path = tmp_path / name
        path.write_bytes(content) if content else torch.save({"weight": Trap()}, path)
        with pytest.raises(ValueError, match=r"is damaged|was written by torch\.save"):
            load_weights(path)
    assert not (tmp_path / "sprung").exists()


@pytest.fixture(scope="module")
def digits(mnist) -> np.ndarray:
    """All 10,000 test digits in float64, (10000, 784)."""
    return numpy_of(mnist[1].x)


def errors_of(x_hat: torch.Tensor, digits: np.ndarray) -> np.ndarray:
    """The mean squared error of each image, in float64."""
    difference = numpy_of(x_hat)
    difference -= digits
    return np.einsum("ij,ij->i", difference, difference) / digits.shape[1]


@pytest.mark.parametrize("name", RECIPES)
class TestShipped:
    """Each file that ships with the course."""

    def test_scores_what_it_claims(self, mnist, digits, name):
        """Its test error on all 10,000 digits; of a nested code also cut, of a scorer of one digit also the AUROC."""
        card, tensors = unpack(SHIPPED / f"{name}{ENDING}")
        model, scores = load_weights(name), card["scores"]
        for key, value in model.state_dict().items():
            stored = tensors[key].astype(value.numpy().dtype)
            if key + ".scale" in tensors:
                stored *= tensors[key + ".scale"].astype(np.float32)
            assert np.array_equal(value.numpy(), stored)
        with torch.inference_mode():
            z = model.encode(mnist[1].x)
            assert z.shape == (10_000, card["config"]["latent_dim"])
            errors = errors_of(model.decode(z), digits)
            assert scores["test_mse"] == pytest.approx(errors.mean(), rel=1e-4)
            assert 0 < scores["train_mse"] < scores["test_mse"] * 1.05
            for k in (1, 5, 64) if isinstance(model, NestedAutoencoder) else ():
                error = errors_of(model.decode(z[:, :k]), digits).mean()
                assert scores["test_mse_by_k"][k - 1] == pytest.approx(error, rel=1e-4)
        if name in NORMAL.values():
            assert name == NORMAL[card["recipe"]["only"]]
            strange = mnist[1].y.numpy() != card["recipe"]["only"]
            assert scores["test_auroc"] == pytest.approx(roc_auc_score(strange, errors), abs=1e-4)

    def test_tells_its_whole_recipe(self, name):
        """The script, seed, epochs and every setting: what the code that remakes it says today."""
        card, recipe = read_card(name), RECIPES[name]
        assert card.recipe == recipe.describe()
        assert card.recipe.keys() >= {"script", "schedule", "epochs", "lr", "batch_size", "shift", "seed"}
        twin = recipe.build()
        if recipe.layerwise:
            twin.depth = len(twin.layers)
        assert (card.family, card.config) == (type(twin).__name__, json.loads(json.dumps(twin.config.arguments())))


def test_what_ships():
    """Every recipe has its file, no file lacks a recipe, the checksums are right, all of it is small enough."""
    assert shipped_weights() == sorted(RECIPES)
    files = list(SHIPPED.glob(f"*{ENDING}"))
    assert sum(file.stat().st_size for file in files) <= 26_000_000
    sums = dict(reversed(line.split()) for line in (SHIPPED / "SHA256SUMS").read_text().splitlines())
    assert sums == {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
