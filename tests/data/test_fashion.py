"""Fashion-MNIST: where its files are looked for, what is read from them, and what is said about damaged ones."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from helpers.idx import idx_bytes, unpack

from aecourse.data import fashion, load_fashion_mnist


def write_set(folder: Path, *, count: int = 6, pixel: int = 51) -> Path:
    """Four IDX files of a very small data set."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in ("train", "t10k"):
        images, labels = np.full((count, 28, 28), pixel), np.arange(count)
        (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx_bytes(images)))
        (folder / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx_bytes(labels)))
    return folder


def test_fashion_mnist_from_the_debian_package(tmp_path, monkeypatch):
    """All 70,000 pictures, 7,000 of each kind, with the published mean and deviation."""
    monkeypatch.setenv("AECOURSE_DATA", str(tmp_path))
    train, test = load_fashion_mnist(download=False)
    assert (len(train), len(test)) == (60_000, 10_000)
    assert (train.y.bincount() == 6_000).all()
    assert (test.y.bincount() == 1_000).all()
    assert train.x.mean().item() == pytest.approx(0.2860, abs=5e-5)
    assert train.x.std().item() == pytest.approx(0.3530, abs=5e-5)
    raw = unpack(fashion.DEBIAN_FASHION / "t10k-images-idx3-ubyte.gz")
    assert np.array_equal((test.x.numpy() * 255).round(), raw.reshape(-1, 784))


class TestFashionCopies:
    """Where the clothes are looked for, and what is said where there are none."""

    @pytest.fixture(autouse=True)
    def _offline(self, monkeypatch, tmp_path):
        monkeypatch.setattr(fashion, "DEBIAN_FASHION", tmp_path / "no-package")
        monkeypatch.delenv("AECOURSE_DATA", raising=False)
        self.answer(monkeypatch, lambda root, download: pytest.fail("the network was asked"))

    def answer(self, monkeypatch, download):
        """Let `download` stand for torchvision's."""
        monkeypatch.setattr("torchvision.datasets.FashionMNIST", download)

    def test_order_of_places(self, tmp_path, monkeypatch):
        """Torchvision's layout first, then the folder itself, then Debian's, but only if no folder was named."""
        monkeypatch.setattr(fashion, "DEBIAN_FASHION", write_set(tmp_path / "debian", pixel=51))
        monkeypatch.setenv("AECOURSE_DATA", str(tmp_path))
        assert load_fashion_mnist()[0].x[0, 0].item() == pytest.approx(0.2)
        for nowhere in (tmp_path, "/no/such/folder", ""):
            with pytest.raises(FileNotFoundError, match=r"is not in .*download=False"):
                load_fashion_mnist(root=nowhere, download=False)
        write_set(tmp_path, pixel=102)
        assert load_fashion_mnist(root=tmp_path)[0].x[0, 0].item() == pytest.approx(0.4)
        write_set(tmp_path / "FashionMNIST" / "raw", pixel=153)
        assert load_fashion_mnist(root=tmp_path)[0].x[0, 0].item() == pytest.approx(0.6)

    def test_folder_from_the_environment(self, tmp_path, monkeypatch):
        """AECOURSE_DATA names the folder where root does not."""
        monkeypatch.setenv("AECOURSE_DATA", str(write_set(tmp_path / "here")))
        assert len(load_fashion_mnist()[1]) == 6

    @pytest.mark.parametrize("kept", [0, 1, 3])
    def test_absent_and_no_download(self, tmp_path, kept):
        """The error says how to get it, also where a download broke off half-way."""
        folder = write_set(tmp_path / "FashionMNIST" / "raw")
        for file in sorted(folder.iterdir())[kept:]:
            file.unlink()
        with pytest.raises(FileNotFoundError, match="apt install dataset-fashion-mnist") as caught:
            load_fashion_mnist(root=tmp_path, download=False)
        assert str(folder) in str(caught.value)
        assert "download=False" in str(caught.value)

    def test_failing_download(self, tmp_path, monkeypatch):
        """What the network said is passed on, beside the advice."""

        def refuse(root, download):
            raise RuntimeError("HTTP Error 403")

        self.answer(monkeypatch, refuse)
        with pytest.raises(FileNotFoundError, match=r"HTTP Error 403.*Copy its four \.gz files"):
            load_fashion_mnist(root=tmp_path)

    def test_download(self, tmp_path, monkeypatch):
        """Torchvision puts its files into its own layout; from there they are read."""
        self.answer(monkeypatch, lambda root, download: write_set(root / "FashionMNIST" / "raw", count=4))
        assert [len(part) for part in load_fashion_mnist(root=tmp_path)] == [4, 4]

    def test_damaged_copy(self, tmp_path):
        """The damaged file is named."""
        damaged = write_set(tmp_path) / "t10k-labels-idx1-ubyte.gz"
        damaged.write_bytes(damaged.read_bytes()[:-9])
        with pytest.raises(
            ValueError, match=r"t10k-labels-idx1-ubyte\.gz is damaged.*delete this copy to load it again"
        ):
            load_fashion_mnist(root=tmp_path)

    def test_pictures_of_another_size(self, tmp_path):
        """500 pictures of 56 × 56 are not cut into 2,000."""
        images = write_set(tmp_path) / "train-images-idx3-ubyte.gz"
        images.write_bytes(gzip.compress(idx_bytes(np.zeros((2, 56, 56)))))
        with pytest.raises(ValueError, match=r"train-images.* must hold bytes of shape .* it holds \(2, 56, 56\)"):
            load_fashion_mnist(root=tmp_path)

    def test_parts_of_different_length(self, tmp_path):
        """Images without labels are no data set."""
        labels = write_set(tmp_path) / "train-labels-idx1-ubyte.gz"
        labels.write_bytes(gzip.compress(idx_bytes(np.arange(5))))
        with pytest.raises(ValueError, match="6 images and 5 labels"):
            load_fashion_mnist(root=tmp_path)
