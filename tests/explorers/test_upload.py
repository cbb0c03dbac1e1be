"""Pictures by a button: what the browser sends becomes images; what is no picture is named and loses nothing."""

import io

import numpy as np
import pytest
import torch
from helpers.strategies import not_bools, not_counts, picture_in, refuses
from hypothesis import given
from PIL import Image

from aecourse.data import load_folder
from aecourse.explorers import BottleneckExplorer, PictureUpload


def sent(name: str, content: bytes) -> dict:
    """A file as the browser sends it."""
    return {"name": name, "type": "", "size": len(content), "content": memoryview(content), "last_modified": 0}


def painted(shade: int, kind: str = "PNG") -> bytes:
    """A gray picture of 40 × 60 pixels."""
    buffer = io.BytesIO()
    Image.fromarray(np.full((40, 60), shade, np.uint8)).save(buffer, kind)
    return buffer.getvalue()


def words_of(upload: PictureUpload) -> str:
    """What stands below the button."""
    return upload.words.value.split(">", 1)[1].removesuffix("</span>")


def test_the_minimum_is_said_before():
    """On the button, below it, and by whoever asks for the images too early."""
    upload = PictureUpload(3)
    assert upload.files.description == "choose pictures, 3 or more"
    assert words_of(upload) == "At least 3 are needed."
    with pytest.raises(ValueError, match="images: choose at least 3 with the button; there are 0"):
        _ = upload.images


def test_pictures_are_read_as_from_a_folder(tmp_path):
    """Pixel for pixel, in the order in which they came; an explorer takes them."""
    rng = np.random.default_rng(0)
    for i in range(4):
        Image.fromarray(rng.integers(0, 256, (50 + i, 70, 3), np.uint8)).save(tmp_path / f"{i}.png")
    upload = PictureUpload(4)
    upload.files.set_state({"value": [sent(p.name, p.read_bytes()) for p in sorted(tmp_path.iterdir())]})
    assert torch.equal(upload.images.x, load_folder(tmp_path, minimum=4).x)
    assert upload.images.y.tolist() == [0] * 4
    assert words_of(upload) == "4 pictures of 28 × 28 grays."
    assert [len(file.content) for file in upload.files.value] == [0] * 4, "else they would be saved with the notebook"
    assert picture_in(upload).shape == (28, 4 * 30 - 2)
    assert BottleneckExplorer(images=upload.images).images.sets == 1


def test_one_broken_file_is_named():
    """The others are read; HTML in a name is shown; what was there before stays if nothing can be read."""
    upload = PictureUpload(2)
    files = [sent("a.png", painted(9)), sent("<b>.png", painted(9)[:60]), sent("c.jpg", painted(200, "JPEG"))]
    upload.files.set_state({"value": [*files, sent("empty.png", b"")]})
    assert words_of(upload) == (
        "2 pictures of 28 × 28 grays. Left out, no picture can be read from it: &lt;b&gt;.png, empty.png."
    )
    assert len(upload.images) == 2
    upload.files.set_state({"value": [sent("notes.txt", b"no picture")]})
    assert len(upload.images) == 2 and "notes.txt" in words_of(upload)


def test_ink_on_paper():
    """The box exchanges black and white, in the images and on the screen."""
    upload = PictureUpload(1)
    upload.files.set_state({"value": [sent("a.png", painted(255))]})
    assert upload.images.x.min() == 1 and picture_in(upload).min() == 255
    upload.invert.value = True
    assert upload.images.x.max() == 0 and picture_in(upload).max() == 0
    assert PictureUpload(1, invert=True).invert.value


def test_many_pictures_fill_rows_of_twenty():
    """The first sixty are shown, all are kept."""
    upload = PictureUpload(10)
    upload.files.set_state({"value": [sent(f"{i}.png", painted(i)) for i in range(75)]})
    assert len(upload.images) == 75 and picture_in(upload).shape == (3 * 30 - 2, 20 * 30 - 2)
    assert "the first 60" in upload.picture.value


def test_it_goes_on_when_its_cell_runs_again():
    """It remembers pictures and the box; a stored notebook keeps one line of text."""
    upload = PictureUpload(1)
    upload.files.set_state({"value": [sent("a.png", painted(7))]})
    assert len(upload.memory()["pictures"]) == 1 and upload.memory()["invert"] is False
    assert upload._repr_mimebundle_()["text/plain"] == "PictureUpload: run this cell to use it"
    upload.close()
    assert upload.comm is None


@given(minimum=not_counts)
def test_bad_minimum(minimum):
    """A whole number from 1."""
    refuses("minimum", PictureUpload, minimum)


@given(invert=not_bools)
def test_bad_invert(invert):
    """True or False."""
    refuses("invert", lambda: PictureUpload(invert=invert))
