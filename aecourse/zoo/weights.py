"""Trained weights on disk: safetensors files that also say how they were made, and no pickle."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from aecourse.device import own_random_numbers
from aecourse.models import FAMILIES, Autoencoder

SCALE = ".scale"  # the suffix for the step sizes of a matrix stored as int8
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
    model: Autoencoder,
    path: str | Path,
    *,
    recipe: dict | None = None,
    scores: dict | None = None,
    dtype: torch.dtype = torch.float16,
) -> Path:
    """Write a model to one safetensors file, completely or not at all.

    Parameters
    ----------
    model : Autoencoder
    path : str or Path
        File to write, usually ending in .safetensors; its folder must exist.
    recipe, scores : dict of plain numbers and strings, optional
        Stored beside the weights; see `Card`.
    dtype : {torch.float16, torch.float32, torch.int8}
        float16 halves the file; the test errors of this course's models stay the same to three digits. int8 quarters
        it: each row of a matrix is stored as whole numbers from -127 to 127 with its own scale, all else as float16.
    """
    if type(model).__name__ not in FAMILIES:
        raise TypeError(f"model must be one of {', '.join(FAMILIES)}; got {type(model).__name__}")
    if dtype not in (torch.float16, torch.float32, torch.int8):
        raise ValueError(f"dtype must be torch.float16, torch.float32 or torch.int8; got {dtype!r}")
    path = Path(path)
    card = {
        "family": type(model).__name__,
        "config": model.config.arguments(),
        "recipe": recipe or {},
        "scores": scores or {},
    }
    tensors: dict[str, torch.Tensor] = {}
    for name, value in model.state_dict().items():
        value = value.cpu()
        if dtype == torch.int8 and value.is_floating_point() and value.ndim > 1:
            tensors[name], tensors[name + SCALE] = quantise(value)
        elif value.is_floating_point():
            tensors[name] = value.to(torch.float16 if dtype == torch.int8 else dtype).contiguous()
        else:
            tensors[name] = value.contiguous()
    part = path.with_name(path.name + ".part")  # a crash half-way must not leave a broken file under the real name
    try:
        raw = save(tensors, metadata={key: json.dumps(value) for key, value in card.items()})
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


def load_weights(name: str | Path, *, device: torch.device | str = "cpu") -> Autoencoder:
    """Build the model that a weights file describes and load its weights, ready for use (evaluation mode, float32).

    Parameters
    ----------
    name : str or Path
        A shipped name (see `shipped_weights`) or the path of a .safetensors file.

    Raises
    ------
    FileNotFoundError
        If there is no such name or file; the error lists the names there are.
    ValueError
        If the file is damaged, or its weights do not have the shapes that it describes.
    """
    with _open(_find(name)) as file:
        card = _card_of(file, name)
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  (not a dict)
    for key in [key for key in tensors if key.endswith(SCALE)]:
        scale = tensors.pop(key)
        stored = tensors.get(key.removesuffix(SCALE))
        as_bytes = stored is not None and stored.dtype == torch.int8 and stored.ndim > 1
        if not as_bytes or scale.shape != (len(stored), *[1] * (stored.ndim - 1)):
            raise ValueError(f"weights {str(name)!r} hold a scale {key!r} that fits none of their matrices")
        if not (scale.isfinite() & (scale > 0)).all():
            raise ValueError(f"weights {str(name)!r} are damaged: the scale {key!r} must be finite and above 0")
        tensors[key.removesuffix(SCALE)] = stored.float() * scale.float()
    for key, stored in tensors.items():
        if stored.dtype == torch.int8:
            raise ValueError(f"weights {str(name)!r} are damaged: {key + SCALE!r} is missing, {key} is stored in bytes")
    try:
        with own_random_numbers():  # a new network draws its weights, to be overwritten below
            model = FAMILIES[card.family](**card.config)
    except (TypeError, ValueError) as error:
        raise ValueError(f"the description in weights {str(name)!r} builds no {card.family}: {error}") from error
    expected = model.state_dict()
    for key in sorted(expected.keys() | tensors.keys()):
        came = tuple(tensors[key].shape) if key in tensors else "missing"
        accepted = tuple(expected[key].shape) if key in expected else "absent"
        if came != accepted:
            raise ValueError(
                f"weights {str(name)!r} do not fit their {card.family}: {key} is {came}, must be {accepted}"
            )
    model.load_state_dict(tensors)  # copies into float32
    return model.to(device).eval()


@functools.cache
def shared_weights(name: str) -> Autoencoder:
    """Return a shipped network that is read once and shared by all callers; it must not be trained."""
    with torch.inference_mode(False):
        return load_weights(name)


def quantise(matrix: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Round each row to whole numbers from -127 to 127; return them and the size of one step of each row."""
    scale = matrix.abs().amax(tuple(range(1, matrix.ndim)), keepdim=True) / 127
    scale = scale.to(torch.float16).clamp(min=torch.finfo(torch.float16).smallest_normal)
    return (matrix / scale.float()).round().clamp(-127, 127).to(torch.int8).contiguous(), scale.contiguous()


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
        raise ValueError(
            f"weights file {path.name} is damaged ({error}); reinstall the course to restore it"
        ) from error


def _card_of(file, name: str | Path) -> Card:
    stored = file.metadata() or {}
    try:
        card = Card(**{key: json.loads(stored[key]) for key in ("family", "config", "recipe", "scores")})
        FAMILIES[card.family]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"weights {str(name)!r} were not written by save_weights: no valid {error} in them") from error
    return card
