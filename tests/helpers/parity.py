"""Compare what an explorer's script computes in a browser with what Python computes with torch."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Mapping

import numpy as np
import torch
from playwright.sync_api import Page

from aecourse.explorers.base.page import Explorer
from aecourse.plotting import as_images

# Loads a script with a host that has all traits and all that may be asked for, so that nothing has to come later.
LOAD = """async ({ script, state, files }) => {
  const bytes = (coded) => new DataView(Uint8Array.from(atob(coded), (c) => c.charCodeAt(0)).buffer);
  const made = (files) => Object.fromEntries(Object.entries(files).map(([name, coded]) => [name, bytes(coded)]));
  const module = await import(`data:text/javascript,${encodeURIComponent(script)}`);
  state.assets = made(files);
  window.state = state;
  window.wanted = new Set(); // what has not come
  const none = () => {}, send = ({ want }) => wanted.add(want);
  const model = { get: (name) => state[name], set: none, on: none, off: none, send };
  window.explorer = module.default;
  window.data = explorer.dataOf(model);
  window.inBytes = bytes;
}"""
# Puts it on the page besides, as a host without a kernel does, or with the one that `with_kernel` gave.
SHOW = """() => {
  const state = window.state, heard = {};
  window.model = {
    get: (name) => state[name], off: () => {}, save_changes: () => {},
    async send(message, _, buffers = []) {
      const coded = buffers.map((buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))));
      const answers = await window.kernel?.(message, coded) ?? [];
      for (const [answer, raw] of answers) for (const listen of heard["msg:custom"]) listen(answer, [inBytes(raw)]);
    },
    on: (event, listen) => { (heard[event] ??= []).push(listen); },
    set: (name, value) => { state[name] = value; (heard[`change:${name}`] ?? []).forEach((listen) => listen()); },
  };
  explorer.render({ model, el: document.body });
}"""
COMPUTE = """(states) => states.map((s) => {
  for (const name of s.bytes) s[name] = inBytes(s[name]);
  const { rows, numbers, caption } = explorer.compute(s, data) ?? { rows: {} };
  const shade = (v) => Math.floor(Math.min(1, Math.max(0, v)) * 255 + 0.5);
  const gray = (row) => btoa(String.fromCharCode(...Uint8Array.from(row, shade)));
  return { rows: Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, gray(row)])), numbers, caption };
})"""


def load(page: Page, explorer: Explorer) -> None:
    """Put an explorer's script and all its data into a page."""
    page.evaluate(LOAD, given(explorer, explorer.assets | {name: make() for name, make in explorer.later.items()}))


def given(explorer: Explorer, files: Mapping[str, bytes]) -> dict[str, object]:
    """What LOAD takes: an explorer's script, its traits and some of its data."""
    return {
        "script": explorer._esm,
        "state": {"setup": json.loads(json.dumps(explorer.setup)), "controls": explorer.controls},
        "files": {name: base64.b64encode(raw).decode() for name, raw in files.items()},
    }


def as_json(state: Mapping[str, object]) -> dict[str, object]:
    """The values of all controls as COMPUTE takes them."""
    coded = {name: base64.b64encode(value).decode() for name, value in state.items() if isinstance(value, bytes)}
    return {**state, **coded, "bytes": [name for name in coded if state[name]]}


def show(page: Page, explorer: Explorer) -> None:
    """Let the page draw an explorer with all its data; `model` is there what holds its traits."""
    load(page, explorer)
    page.evaluate("(settings) => Object.assign(state, settings)", explorer.settings())
    page.add_style_tag(content=explorer._css)
    page.evaluate(SHOW)


def with_kernel(page: Page, explorer: Explorer) -> None:
    """Let a kernel answer what an explorer that is shown afterwards asks for."""

    def answer(message: dict, buffers: list[str]) -> list[tuple[dict, str]]:
        sent: list[tuple[dict, str]] = []
        explorer.send = lambda found, raw: sent.append((found, base64.b64encode(raw[0]).decode()))
        explorer._handle_custom_msg(message, [base64.b64decode(buffer) for buffer in buffers])
        return sent

    page.expose_function("kernel", answer)


def compare(page: Page, explorer: Explorer, states: list[dict], *, levels: int = 1, digits: float = 1e-4) -> list[str]:
    """Compare every row (in gray levels) and number of an explorer with torch, in many states; return the captions."""
    captions, answers = [], page.evaluate(COMPUTE, [as_json(state) for state in states])
    assert not page.evaluate("[...wanted]")
    for state, found in zip(states, answers, strict=True):
        with torch.inference_mode():
            rows, numbers = explorer.rows(**state), explorer.numbers(**state)
        assert list(found["rows"]) == list(rows), state
        for name, row in rows.items():
            here = np.frombuffer(base64.b64decode(found["rows"][name]), np.uint8).astype(int)
            expected = as_images(row).astype(int).ravel()
            assert here.shape == expected.shape, (state, name)
            assert np.abs(here - expected).max() <= levels, (state, name, np.abs(here - expected).max())
        assert found["numbers"].keys() == numbers.keys(), state
        for name, number in numbers.items():
            here = found["numbers"][name]  # both may be infinite
            assert here == number or abs(here - number) <= digits * max(1, abs(number)), (state, name, here, number)
        captions.append(found["caption"])
    return captions


def random_states(explorer: Explorer, draw: dict[str, Callable[[], object]], count: int) -> list[dict]:
    """The present state with each of the named controls drawn anew, many times."""
    return [explorer.settings() | {name: make() for name, make in draw.items()} for _ in range(count)]


def random_ink(rng: random.Random, side: int = 84) -> bytes:
    """Nothing, or some bars of different strength on a canvas."""
    if rng.random() < 0.3:
        return b""
    canvas = np.zeros((side, side), np.uint8)
    for _ in range(rng.randrange(4)):
        row, column = rng.randrange(side), rng.randrange(side)
        canvas[row : row + rng.randrange(1, 60), column : column + rng.randrange(1, 20)] = rng.randrange(1, 256)
    return canvas.tobytes()
