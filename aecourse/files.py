"""Write files completely or not at all, name the path in an error, and resolve paths."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


def write_whole(path: Path, content: bytes) -> Path:
    """Write a file completely or not at all; return its path.

    The content is written to a file beside it, which then replaces it: after a full disk or a crash the old file is
    unchanged. A device or a pipe, such as /dev/stdout, is written to directly.

    Raises
    ------
    OSError
        If the file cannot be written; the error names it.
    """
    target, is_special = path.resolve(), path.exists() and not path.is_file()  # a link stays a link
    part = path if is_special else target.with_name(f"{target.name[:40]}.{os.getpid()}.part")  # at most 255 bytes
    try:
        part.write_bytes(content)
        if not is_special:
            part.replace(target)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    finally:
        if not is_special:
            with contextlib.suppress(OSError):  # already renamed, or never made
                part.unlink()
    return path


@contextlib.contextmanager
def writing(accepted: str, path: Path) -> Iterator[None]:
    """Turn an OSError of the block into a ValueError that begins with what is accepted, and names the place."""
    try:
        yield
    except OSError as error:
        place = error.filename or path
        raise ValueError(f"{accepted} that can be written; {place}: {error.strerror or error}") from error


def expanded(path: str | Path) -> Path:
    """Return a path with "~" replaced by the home folder; a name that only begins with it, "~mine", is unchanged.

    Raises
    ------
    ValueError
        If the path begins with "~/" and there is no home folder.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        if Path(path).parts[0] != "~":
            return Path(path)
        raise ValueError(f"{path} is in the home folder, which is missing: set HOME or give another path") from error
