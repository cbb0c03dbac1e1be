"""The pictures against an independent reading of their files, and what is done to damaged ones."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.ndimage import shift as scipy_shift
from strategies import idx_bytes, junk, not_counts, not_seeds, refuses

from aecourse import data
from aecourse.data import (
    FASHION_NAMES,
    load_fashion_mnist,
    load_mnist,
    photo_patches,
    sets,
    seven_segment_digits,
    shift_images,
)

MNIST = Path(data.__file__).parent.parent / "assets" / "mnist"
# counted by others: LeCun's page and torchvision's examples give the same
LABELS = {
    "train": [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
    "t10k": [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
}


def unpack(path: Path) -> np.ndarray:
    """an IDX file read field by field, as its description says"""
    raw = gzip.decompress(path.read_bytes())
    zero, kind, dims = struct.unpack_from(">HBB", raw)
    shape = struct.unpack_from(f">{dims}I", raw, 4)
    assert (zero, kind, len(raw)) == (0, 8, 4 + 4 * dims + np.prod(shape))
    return np.frombuffer(raw[4 + 4 * dims :], np.uint8).reshape(shape)


def write_set(folder: Path, *, count: int = 6, pixel: int = 51) -> Path:
    """four IDX files of a very small data set"""
    folder.mkdir(parents=True, exist_ok=True)
    for part in ("train", "t10k"):
        images, labels = np.full((count, 28, 28), pixel), np.arange(count)
        (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx_bytes(images)))
        (folder / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx_bytes(labels)))
    return folder


@pytest.mark.parametrize(("index", "part", "count"), [(0, "train", 60_000), (1, "t10k", 10_000)])
def test_mnist_is_whole(mnist, index, part, count):
    """every pixel and every label as an independent reader finds them"""
    images = unpack(MNIST / f"{part}-images-idx3-ubyte.gz").reshape(-1, 784)
    labels = unpack(MNIST / f"{part}-labels-idx1-ubyte.gz")
    got = mnist[index]
    assert (got.x.dtype, got.x.shape, got.y.dtype) == (torch.float32, (count, 784), torch.int64)
    assert np.array_equal((got.x.numpy() * 255).round(), images)
    assert (got.x.min(), got.x.max()) == (0, 1)
    assert np.array_equal(got.y.numpy(), labels)
    assert np.bincount(labels).tolist() == LABELS[part]


def test_mnist_has_the_published_mean_and_deviation(mnist):
    """the 0.1307 and 0.3081 of countless tutorials"""
    assert mnist[0].x.mean().item() == pytest.approx(0.1307, abs=5e-5)
    assert mnist[0].x.std().item() == pytest.approx(0.3081, abs=5e-5)


def test_mnist_lands_on_the_device(device):
    """the whole set is resident where it was asked for"""
    for part in load_mnist(device=device):
        assert part.x.device.type == part.y.device.type == device


def test_fashion_mnist_from_the_debian_package(tmp_path):
    """all 70,000 pictures, 7,000 of each kind, with the published mean and deviation"""
    train, test = load_fashion_mnist(root=tmp_path, download=False)
    assert (len(train), len(test), len(FASHION_NAMES)) == (60_000, 10_000, 10)
    assert (train.y.bincount() == 6_000).all()
    assert (test.y.bincount() == 1_000).all()
    assert train.x.mean().item() == pytest.approx(0.2860, abs=5e-5)
    assert train.x.std().item() == pytest.approx(0.3530, abs=5e-5)
    raw = unpack(sets.DEBIAN_FASHION / "t10k-images-idx3-ubyte.gz")
    assert np.array_equal((test.x.numpy() * 255).round(), raw.reshape(-1, 784))


class TestFashionCopies:
    """where the clothes are looked for, and what is said where there are none"""

    @pytest.fixture(autouse=True)
    def _offline(self, monkeypatch, tmp_path):
        monkeypatch.setattr(sets, "DEBIAN_FASHION", tmp_path / "no-package")
        monkeypatch.delenv("AECOURSE_DATA", raising=False)
        self.answer(monkeypatch, lambda root, download: pytest.fail("the network was asked"))

    def answer(self, monkeypatch, download):
        """let `download` stand for torchvision's"""
        monkeypatch.setattr("torchvision.datasets.FashionMNIST", download)

    def test_order_of_places(self, tmp_path, monkeypatch):
        """torchvision's layout first, then the folder itself, then Debian's"""
        monkeypatch.setattr(sets, "DEBIAN_FASHION", write_set(tmp_path / "debian", pixel=51))
        assert load_fashion_mnist(root=tmp_path)[0].x[0, 0].item() == pytest.approx(0.2)
        write_set(tmp_path, pixel=102)
        assert load_fashion_mnist(root=tmp_path)[0].x[0, 0].item() == pytest.approx(0.4)
        write_set(tmp_path / "FashionMNIST" / "raw", pixel=153)
        assert load_fashion_mnist(root=tmp_path)[0].x[0, 0].item() == pytest.approx(0.6)

    def test_folder_from_the_environment(self, tmp_path, monkeypatch):
        """AECOURSE_DATA names the folder where root does not"""
        monkeypatch.setenv("AECOURSE_DATA", str(write_set(tmp_path / "here")))
        assert len(load_fashion_mnist()[1]) == 6

    @pytest.mark.parametrize("kept", [0, 1, 3])
    def test_absent_and_no_download(self, tmp_path, kept):
        """the error says how to get it, also where a download broke off half-way"""
        folder = write_set(tmp_path / "FashionMNIST" / "raw")
        for file in sorted(folder.iterdir())[kept:]:
            file.unlink()
        with pytest.raises(FileNotFoundError, match="apt install dataset-fashion-mnist") as caught:
            load_fashion_mnist(root=tmp_path, download=False)
        assert str(folder) in str(caught.value)
        assert "download=False" in str(caught.value)

    def test_failing_download(self, tmp_path, monkeypatch):
        """what the network said is passed on, beside the advice"""

        def refuse(root, download):
            raise RuntimeError("HTTP Error 403")

        self.answer(monkeypatch, refuse)
        with pytest.raises(FileNotFoundError, match=r"HTTP Error 403.*Copy its four \.gz files"):
            load_fashion_mnist(root=tmp_path)

    def test_download(self, tmp_path, monkeypatch):
        """torchvision puts its files into its own layout; from there they are read"""
        self.answer(monkeypatch, lambda root, download: write_set(root / "FashionMNIST" / "raw", count=4))
        assert [len(part) for part in load_fashion_mnist(root=tmp_path)] == [4, 4]

    def test_damaged_copy(self, tmp_path):
        """the damaged file is named"""
        damaged = write_set(tmp_path) / "t10k-labels-idx1-ubyte.gz"
        damaged.write_bytes(damaged.read_bytes()[:-9])
        with pytest.raises(ValueError, match=r"t10k-labels-idx1-ubyte\.gz is damaged.*delete a copy of yours"):
            load_fashion_mnist(root=tmp_path)

    def test_parts_of_different_length(self, tmp_path):
        """images without labels are no data set"""
        labels = write_set(tmp_path) / "train-labels-idx1-ubyte.gz"
        labels.write_bytes(gzip.compress(idx_bytes(np.arange(5))))
        with pytest.raises(ValueError, match="6 images and 5 labels"):
            load_fashion_mnist(root=tmp_path)


@given(device=junk)
@pytest.mark.parametrize("load", [load_mnist, load_fashion_mnist, photo_patches, seven_segment_digits])
def test_unknown_device(load, device):
    """every loader names it"""
    refuses("device", load, device=device)


def test_seven_segments():
    """ten different digits, with as many bars as a calculator lights"""
    digits = seven_segment_digits()
    assert (digits.shape, digits.dtype) == ((10, 7), torch.float32)
    assert digits.sum(1).tolist() == [6, 2, 5, 5, 4, 5, 6, 3, 7, 6]
    assert len(digits.unique(dim=0)) == 10
    assert set(digits.unique().tolist()) == {0, 1}
    top, upper_right, lower_right, bottom, lower_left, upper_left, middle = digits.T.bool()
    assert (~middle).nonzero().flatten().tolist() == [0, 1, 7]
    assert lower_left.nonzero().flatten().tolist() == [0, 2, 6, 8]
    assert (~upper_right).nonzero().flatten().tolist() == [5, 6]
    assert (~lower_right).nonzero().flatten().tolist() == [2]
    assert (~upper_left).nonzero().flatten().tolist() == [1, 2, 3, 7]
    assert (~top).nonzero().flatten().tolist() == [1, 4]
    assert (~bottom).nonzero().flatten().tolist() == [1, 4, 7]


def test_photo_patches():
    """gray, in range, varied, and the same under one seed"""
    patches = photo_patches(200, seed=3)
    assert (patches.shape, patches.dtype) == ((200, 784), torch.float32)
    assert 0 <= patches.min() < 0.1
    assert 0.9 < patches.max() <= 1
    assert torch.equal(patches, photo_patches(200, seed=3))
    assert not torch.equal(patches, photo_patches(200, seed=4))
    assert len(patches.unique(dim=0)) > 190
    neighbours = np.corrcoef(
        patches.view(-1, 28, 28)[:, :, :-1].flatten(), patches.view(-1, 28, 28)[:, :, 1:].flatten()
    )
    assert neighbours[0, 1] > 0.8  # photographs are smooth, noise is not


@given(count=not_counts, seed=not_seeds)
@example(count=0, seed=-1)
@example(count=True, seed=2**32)
def test_bad_photo_patches(count, seed):
    """both arguments are checked"""
    refuses("count", photo_patches, count)
    refuses("seed", photo_patches, 3, seed=seed)


def test_shifts_are_all_the_neighbours(mnist):
    """each image moves whole, by each of the nine steps, black coming in"""
    torch.manual_seed(0)
    x = mnist[1].x[:1].repeat(300, 1)
    moved = shift_images(x, most=1)
    image = x[0].view(28, 28).numpy()
    steps = {scipy_shift(image, (i, j), order=0).tobytes() for i in (-1, 0, 1) for j in (-1, 0, 1)}
    assert {row.numpy().tobytes() for row in moved} == steps
    assert len(steps) == 9
    assert torch.equal(shift_images(x, most=0), x)


@given(most=junk | st.integers(max_value=-1) | st.integers(min_value=28))
@example(most=-1)
@example(most=28)
@example(most=True)
def test_bad_shift(most):
    """more than the picture's width is no shift"""
    refuses("most", shift_images, torch.zeros(2, 784), most=most)


@pytest.mark.parametrize("shape", [(784,), (2, 785), (2, 2 * 784), (1, 28, 28)])
def test_bad_images_to_shift(shape):
    """only flat 28×28 images"""
    refuses("x", shift_images, torch.zeros(shape))
