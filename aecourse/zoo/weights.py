"""Trained weights on disk: safetensors files that also say how they were made, and no pickle."""

from __future__ import annotations

import contextlib
import functools
import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn

from aecourse.device import own_random_numbers
from aecourse.models import FAMILIES, Autoencoder
from aecourse.models.adopted import Adopted
from aecourse.models.base import check_network
from aecourse.zoo.precision import check_rounding, restore, rounded

SHIPPED = Path(str(resources.files("aecourse") / "assets" / "weights"))


@dataclass(frozen=True)
class Card:
    """The description stored in a weights file.

    Attributes
    ----------
    family : str
        The model's class, e.g. "DenseAutoencoder".
    config : dict
        The arguments that build it.
    recipe : dict
        How it was trained: script, seed, epochs, …
    scores : dict
        What it scored, e.g. {"test_mse": 0.0049}.
    """

    family: str
    config: dict
    recipe: dict
    scores: dict


def save_weights(
    model: nn.Module,
    path: str | Path,
    *,
    recipe: dict | None = None,
    scores: dict | None = None,
    dtype: torch.dtype = torch.float16,
) -> Path:
    """Write a network to one safetensors file, completely or not at all.

    Parameters
    ----------
    model : nn.Module
        A model of the course, which `load_weights(path)` builds again; of any other network the tensors are stored, and
        `load_weights(path, into=net)` fills them in.
    path : str or Path
        File to write, usually ending in .safetensors; its folder must exist.
    recipe, scores : dict of plain numbers and strings, optional
        Stored beside the weights; see `Card`.
    dtype : {torch.float16, torch.float32, torch.int8}
        float16 halves the file; the test errors of this course's models stay the same to three digits. int8 quarters
        it: each row of a matrix is stored as whole numbers from -127 to 127 with its own scale, all else as float16.

    Raises
    ------
    TypeError
        If model is no network.
    ValueError
        If a layer of a course's model was exchanged, so that its configuration would build another one; if rounding
        to `dtype` spoils a tensor or the reconstructions; or if the file cannot be written.
    """
    check_network("model", model)
    if dtype not in (torch.float16, torch.float32, torch.int8):
        raise ValueError(f"dtype must be torch.float16, torch.float32 or torch.int8; got {dtype!r}")
    path = Path(path)
    of_the_course = FAMILIES.get(type(model).__name__) is type(model)
    if of_the_course:
        with own_random_numbers():
            rebuilt = type(model)(**model.config.arguments())
        if str(rebuilt) != str(model):
            raise ValueError(
                f"model has layers that its configuration would not build again, so that they would be lost; give this "
                f"changed {type(model).__name__} a class of its own, and load it with load_weights(path, into=net)"
            )
    net = model.net if isinstance(model, Adopted) else model
    card = {
        "family": type(net).__name__ if of_the_course else f"{type(net).__module__}.{type(net).__qualname__}",
        "config": model.config.arguments() if of_the_course else {},
        "recipe": recipe or {},
        "scores": scores or {},
    }
    stored: dict[str, torch.Tensor] = {}
    for name, value in net.state_dict().items():
        stored |= rounded(name, value.detach().cpu(), dtype)
    check_rounding(model, net, restore(stored, path), dtype)
    part = path.with_name(path.name + ".part")  # a crash half-way must not leave a broken file under the real name
    try:
        raw = save(stored, metadata={key: json.dumps(value) for key, value in card.items()})
        part.write_bytes(_sort_metadata(raw))
        part.replace(path)
    except (OSError, SafetensorError) as error:
        raise ValueError(f"path {str(path)!r} cannot be written ({error}); choose a folder you may write to") from error
    finally:
        if path.parent.is_dir():
            part.unlink(missing_ok=True)
    return path


def shipped_weights() -> list[str]:
    """Return the names of the weights that ship with the course."""
    return sorted(file.stem for file in SHIPPED.glob("*.safetensors"))


def read_card(name: str | Path) -> Card:
    """Return the description in a weights file, without loading the weights."""
    with _open(_find(name)) as file:
        return _card_of(file, name)


def load_weights(
    name: str | Path, *, into: nn.Module | None = None, device: torch.device | str | None = None
) -> nn.Module:
    """Build the model that a weights file describes and load its weights, ready for use (evaluation mode, float32).

    Parameters
    ----------
    name : str or Path
        A shipped name (see `shipped_weights`) or the path of a .safetensors file.
    into : nn.Module, optional
        A network of your own, built as the stored one was: it is filled in and returned.
    device : optional
        Where the network goes; by default the CPU, or where `into` is.

    Raises
    ------
    FileNotFoundError
        If there is no such name or file; the error lists the names there are.
    ValueError
        If the file is damaged or of another kind, or its weights do not have the shapes of the network.
    """
    path = _find(name)
    with _open(path) as file:
        card = _card_of(file, name)
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  (not a dict)
    tensors = restore(tensors, name)
    if into is not None:
        check_network("into", into)
        model = into
    elif card.family in FAMILIES:
        try:
            with own_random_numbers():  # a new network draws its weights, to be overwritten below
                model = FAMILIES[card.family](**card.config)
        except (TypeError, ValueError) as error:
            raise ValueError(f"the description in weights {str(name)!r} builds no {card.family}: {error}") from error
    else:
        raise ValueError(
            f"weights {str(name)!r} are of a {card.family}, which is no model of the course: build one, and write "
            f"load_weights(path, into=net)"
        )
    net = model.net if isinstance(model, Adopted) else model
    expected = net.state_dict()
    for key in sorted(expected.keys() | tensors.keys()):
        came = tuple(tensors[key].shape) if key in tensors else "missing"
        accepted = tuple(expected[key].shape) if key in expected else "absent"
        if came != accepted:
            raise ValueError(
                f"weights {str(name)!r} do not fit their {type(net).__name__}: {key} is {came}, must be {accepted}"
            )
    net.load_state_dict(tensors)  # copies into the precision of the network
    model = model.eval()
    return model if into is not None and device is None else model.to(device or "cpu")


@functools.cache
def shared_weights(name: str) -> Autoencoder:
    """Return a shipped network that is read once and shared by all callers; it must not be trained."""
    with torch.inference_mode(False):
        return load_weights(name)


def _sort_metadata(raw: bytes) -> bytes:
    """Put a safetensors file's metadata, written in random order, in a fixed one: equal weights give equal files."""
    end = 8 + int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the tensors after it start at a multiple of 8
    return len(text).to_bytes(8, "little") + text + raw[end:]


def _find(name: str | Path) -> Path:
    shipped = SHIPPED / f"{name}.safetensors"
    if isinstance(name, str) and shipped.exists():
        return shipped
    if Path(name).is_file():
        return Path(name)
    raise FileNotFoundError(
        f"no weights {str(name)!r}; shipped are: {', '.join(shipped_weights())}; or give a file's path"
    )


def _open(path: Path):
    try:
        return safe_open(path, framework="pt")
    except (SafetensorError, OSError) as error:
        with contextlib.suppress(OSError):
            if path.read_bytes()[:2] in (b"PK", b"\x80\x02"):  # a ZIP of torch's, or a bare pickle
                raise ValueError(
                    f"weights file {path.name} was written by torch.save or pickle and may run code when it is "
                    f"read, so the course does not: load it yourself, and store the network with save_weights"
                ) from error
        cure = "reinstall the course to restore it" if path.parent == SHIPPED else "write or download it again"
        raise ValueError(f"weights file {path.name} is damaged ({error}); {cure}") from error


def _card_of(file, name: str | Path) -> Card:
    stored = file.metadata() or {}
    try:
        card = Card(**{key: json.loads(stored[key]) for key in ("family", "config", "recipe", "scores")})
        if not isinstance(card.family, str) or not isinstance(card.config, dict):
            raise TypeError("family")
        return card
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"weights {str(name)!r} were not written by save_weights: no valid {error} in them") from error
