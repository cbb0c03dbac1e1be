"""Pictures by a button: what the browser sends becomes images; what is no picture is named and loses nothing."""

import io

import numpy as np
import pytest
import torch
from helpers.photographs import photograph
from helpers.strategies import not_bools, not_counts, refuses
from hypothesis import given
from PIL import Image
from safetensors.torch import load

from aecourse.data import load_pictures
from aecourse.explorers import BottleneckExplorer, PictureUpload


def painted(shade: int, kind: str = "PNG") -> bytes:
    """A gray picture of 40 × 60 pixels."""
    buffer = io.BytesIO()
    Image.fromarray(np.full((40, 60), shade, np.uint8)).save(buffer, kind)
    return buffer.getvalue()


def grays(upload: PictureUpload) -> torch.Tensor:
    """The pictures that the page gets."""
    return load(upload.assets["pictures"])["images"]


def test_the_minimum_is_said_before():
    """By whoever asks for the images too early; tests/browser looks at the words under the button."""
    upload = PictureUpload(3)
    assert upload.setup == {"minimum": 3, "count": 0, "said": "", "shown": 60}
    with pytest.raises(ValueError, match="images: choose at least 3 with the button; there are 0"):
        _ = upload.images


def test_pictures_are_read_as_from_a_folder(tmp_path):
    """Pixel for pixel, in the order in which they came; an explorer takes them."""
    rng = np.random.default_rng(0)
    for i in range(4):
        Image.fromarray(rng.integers(0, 256, (50 + i, 70, 3), np.uint8)).save(tmp_path / f"{i}.png")
    upload, files = PictureUpload(4), sorted(tmp_path.iterdir())
    upload.take([file.name for file in files], [file.read_bytes() for file in files])
    assert torch.equal(upload.images.x, load_pictures(tmp_path).x)
    assert upload.images.y.tolist() == [0] * 4
    assert torch.equal(grays(upload).float() / 255, upload.images.x)
    assert BottleneckExplorer(images=upload.images).images.sets == 1


def test_one_broken_file_is_named():
    """The others are read; what was there before stays if nothing can be read."""
    upload = PictureUpload(2)
    contents = [painted(9), painted(9)[:60], painted(200, "JPEG"), b""]
    upload.take(["a.png", "<b>.png", "c.jpg", "empty.png"], contents)
    left_out = "left out <b>.png (damaged), empty.png (not a picture that can be read) · 2 are blank"
    assert upload.setup["said"] == f"2 pictures · {left_out}"
    assert upload.setup["count"] == 2
    upload.take(["notes.txt"], [b"no picture"])
    assert len(upload.images) == 2
    told = "left out notes.txt (not a picture that can be read)"
    assert upload.setup["said"] == f"{told} · 2 pictures · {left_out}"


def test_photographed_digits(mnist):
    """The box reads the same files as handwriting, and back; `load_pictures` reads them so too."""
    photo = photograph(mnist[1].x[2].view(28, 28).numpy(), "shaded", np.random.default_rng(0), (600, 800))
    buffer, upload = io.BytesIO(), PictureUpload(1)
    photo.save(buffer, "PNG")
    upload.take(["a.png"], [memoryview(buffer.getvalue())])
    plain = upload.images.x
    upload.as_digits = True
    assert (upload.images.x - load_pictures(photo, as_digits=True).x).abs().max() < 0.01
    assert (upload.images.x - mnist[1].x[2]).abs().mean() < 0.04 < (plain - mnist[1].x[2]).abs().mean()
    assert torch.equal(grays(upload).float() / 255, upload.images.x)
    upload.as_digits = False
    assert torch.equal(upload.images.x, plain)
    assert PictureUpload(1, as_digits=True).as_digits


def test_the_first_sixty_are_shown():
    """All are kept."""
    upload = PictureUpload(10)
    upload.take([f"{i}.png" for i in range(75)], [painted(i) for i in range(75)])
    assert len(upload.images) == 75 and grays(upload).shape == (60, 784)


def test_it_goes_on_when_its_cell_runs_again():
    """It remembers pictures and the box; a stored notebook keeps one line of text."""
    upload, other = PictureUpload(1), PictureUpload(1)
    upload.take(["a.png"], [painted(7)])
    upload.as_digits = True
    other.remember(upload.memory())
    assert other.as_digits and torch.equal(other.images.x, upload.images.x)
    assert upload._repr_mimebundle_()[0]["text/plain"] == "PictureUpload: run this cell to use it"
    upload.close()
    assert upload.comm is None


@given(minimum=not_counts)
def test_bad_minimum(minimum):
    """A whole number from 1."""
    refuses("minimum", PictureUpload, minimum)


@given(as_digits=not_bools)
def test_bad_as_digits(as_digits):
    """True or False."""
    refuses("as_digits", lambda: PictureUpload(as_digits=as_digits))
