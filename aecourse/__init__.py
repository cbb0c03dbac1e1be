"""aecourse: the small package behind an interactive course on autoencoders.

`import aecourse` itself is cheap: each public name is imported from its module when it is first used. The names stand
in `__init__.pyi`, where editors and type checkers look for them too.
"""

import os

__version__ = "0.3.0"

# Waiting threads of torch spin only for a moment; otherwise two busy notebooks slow each other down many times.
# (Without spinning, OMP_WAIT_POLICY=PASSIVE, small networks train up to twice as slowly.) Torch must come after this.
os.environ.setdefault("GOMP_SPINCOUNT", "2000")

_MODULE_OF: dict[str, str] = {}
with open(f"{__file__}i", encoding="utf-8") as _stub:  # noqa: PTH123  (pathlib would take longer than all the rest)
    for _words in map(str.split, _stub):
        if _words[:1] == ["from"]:
            _module = _words[1]
        elif len(_words) == 3 and _words[1] == "as":
            _MODULE_OF[_words[0]] = _module
__all__ = sorted(_MODULE_OF)


def __getattr__(name: str):
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'aecourse' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
