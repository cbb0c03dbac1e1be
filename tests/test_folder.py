"""A folder of pictures: cut, shrunk, grayed, labelled by its subfolders; and every way it can be wrong."""

import numpy as np
import pytest
import torch
from hypothesis import given
from PIL import Image
from strategies import junk, not_bools, not_counts, refuses

from aecourse.data import load_folder


def paint(path, array, **options) -> None:
    """an array as a file, with the folders above it"""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **options)


@pytest.fixture
def noise() -> np.ndarray:
    """a 28×28 picture of random grays"""
    return np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8)


def test_a_picture_of_the_right_size_is_kept(tmp_path, noise):
    """not a gray value changes; inverted, white is black"""
    paint(tmp_path / "a.png", noise)
    loaded = load_folder(tmp_path, least=1)
    assert loaded.x.dtype == torch.float32
    assert torch.equal((loaded.x * 255).round().byte().view(28, 28), torch.from_numpy(noise))
    assert torch.allclose(load_folder(str(tmp_path), least=1, invert=True).x, 1 - loaded.x)


@pytest.mark.parametrize("shape", [(56, 140), (140, 56), (7, 7)])
def test_the_square_in_the_middle(tmp_path, shape):
    """what lies outside it is cut off, in both directions, and sizes do not matter"""
    picture = np.zeros(shape, np.uint8)
    side, (top, left) = min(shape), [(size - min(shape)) // 2 for size in shape]
    picture[top : top + side, left : left + side] = 255
    paint(tmp_path / "wide.png", picture)
    assert (load_folder(tmp_path, least=1).x > 0.9).all()  # the border feels its neighbours outside a little


def test_labels_are_the_subfolders_in_order(tmp_path, noise):
    """by alphabet, nested ones under their first name; without subfolders all are 0; other files are passed over"""
    for name in ("dogs/1.png", "cats/deep/2.png", "cats/3.jpg", "dogs/4.PNG"):
        paint(tmp_path / name, noise)
    (tmp_path / "notes.txt").write_text("no picture")
    assert load_folder(tmp_path, least=4).y.tolist() == [0, 0, 1, 1]
    assert load_folder(tmp_path / "dogs", least=2).y.tolist() == [0, 0]


def test_colour_transparency_and_a_turned_camera(tmp_path):
    """colours by their brightness, nothing painted is white, the note of a camera is heeded"""
    red = np.zeros((30, 30, 3), np.uint8)
    red[..., 0] = 255
    paint(tmp_path / "1.png", red)
    paint(tmp_path / "2.png", np.zeros((30, 30, 4), np.uint8))
    upright = np.zeros((28, 28), np.uint8)
    upright[:14] = 255
    turned = Image.Exif()
    turned[0x0112] = 3  # upside down
    paint(tmp_path / "3.png", upright, exif=turned)
    x = load_folder(tmp_path, least=3).x
    assert x[0].unique().tolist() == pytest.approx([76 / 255])  # 0.299 of red, in bytes
    assert (x[1] == 1).all()
    assert (x[2].view(28, 28)[:14] == 0).all() and (x[2].view(28, 28)[14:] == 1).all()


def test_broken_files_are_left_out_and_named(tmp_path, noise):
    """with a warning while enough remain, else with an error"""
    paint(tmp_path / "good.png", noise)
    (tmp_path / "broken.png").write_bytes(b"no picture at all")
    (tmp_path / "cut.png").write_bytes((tmp_path / "good.png").read_bytes()[:300])
    with pytest.warns(UserWarning, match="2 files that cannot be read, such as broken.png"):
        assert len(load_folder(tmp_path, least=1)) == 1
    message = refuses("path", load_folder, tmp_path, least=2)
    assert "1 readable pictures, and 2 that cannot be read, such as broken.png; at least 2" in message


def test_no_folder_no_picture_too_few(tmp_path, noise):
    """each says what is there and what is wanted"""
    with pytest.raises(FileNotFoundError, match=r"path .* does not exist"):
        load_folder(tmp_path / "nowhere")
    assert "no readable picture; at least 100" in refuses("path", load_folder, tmp_path)
    paint(tmp_path / "one.png", noise)
    with pytest.raises(NotADirectoryError, match=r"path .* is a file"):
        load_folder(tmp_path / "one.png")
    assert "1 readable pictures; at least 100" in refuses("path", load_folder, tmp_path)


@given(wrong=junk.filter(lambda value: not isinstance(value, str)), flag=not_bools, count=not_counts)
def test_bad_arguments(wrong, flag, count):
    """before any file is looked at"""
    refuses("path", load_folder, wrong)
    refuses("invert", load_folder, "nowhere", invert=flag)
    refuses("least", load_folder, "nowhere", least=count)
