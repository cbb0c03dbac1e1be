"""Storms of events in the page: random controls and states for each explorer, and names that would be markup."""

from __future__ import annotations

import base64
import itertools
import random
from collections.abc import Iterator

import pytest
import torch
import traitlets
from browser.lab import find_chromium, launch_browser
from helpers.explorers import EXPLORERS, places_of
from helpers.parity import as_json, show
from playwright.sync_api import Browser, Page
from trust.rows import Row, row
from trust.test_explorers import value_for
from trust.test_markup import MARKUP, payloads

from aecourse.data import PIXELS, ImageSet
from aecourse.exercises import Prediction
from aecourse.explorers import (
    BottleneckExplorer,
    ContractionExplorer,
    GeneratorExplorer,
    LatentMapExplorer,
    PictureUpload,
    SearchExplorer,
)
from aecourse.explorers.base.page import Explorer

pytestmark = pytest.mark.browser

MEMORY = 5.0  # megabytes that a storm may leave behind
WARM = 150  # events after which all that is kept is there
STATES = 40  # of each explorer, to be chosen from
NAMED = (BottleneckExplorer, LatentMapExplorer, GeneratorExplorer, ContractionExplorer, SearchExplorer)
# Opens the training panel, as the kernel would, and reads all data.
PREPARE = """({ training, states }) => {
  if (training.label) window.state.training = { ...training, rows: inBytes(training.rows) };
  for (const state of states) for (const name of state.bytes) state[name] = inBytes(state[name]);
  window.states = states;
  const data = explorer.dataOf(model);
  for (const name of Object.keys(window.state.assets)) data.asset(name);
  model.set('notice', '');
}"""
# So many times: use a control of the page as somebody would, or take over a state as it comes from the kernel.
STORM = """async ({ count, seed }) => {
  const found = [], box = document.querySelector('.aecourse');
  const random = () => { // mulberry32
    seed = (seed + 0x6d2b79f5) >>> 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const any = (list) => list[Math.floor(random() * list.length)];
  const between = ({ min, max }) => Number(min) + random() * (max - min);
  const fire = (node, kind, Kind = Event, more = {}) =>
    node.dispatchEvent(new Kind(kind, { bubbles: true, cancelable: true, ...more }));
  const keys = ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', ' ', 'Home', 'End', 'Delete', 'Enter', 'x'];
  const uses = {
    range(node) { node.value = between(node); fire(node, 'input'); },
    number(node) {
      node.value = any([Math.floor(between(node)), node.min, node.max, '', '1e9', '-5', '0.5', '1e-320']);
      fire(node, 'input');
      fire(node, any(['change', 'blur']));
    },
    checkbox: (node) => node.click(),
    'select-one'(node) { node.selectedIndex = Math.floor(random() * node.options.length); fire(node, 'change'); },
    button(node) { if (!/Train|Stop/.test(node.textContent) || random() < 0.05) node.click(); },
    key(node) { node.focus(); fire(node, 'keydown', KeyboardEvent, { key: any(keys) }); },
  };
  for (let i = 0; i < count; i++) {
    const nodes = [...box.querySelectorAll('input:not([type=file]), select, button, [tabindex]')];
    let what = 'nothing';
    if (nodes.length && random() < 0.7) {
      const node = any(nodes);
      if (!node.disabled) uses[node.type in uses ? node.type : 'key'](node);
      what = `${node.type ?? node.tagName} ${node.ariaLabel ?? node.textContent} ${node.value}`;
    } else if (states.length) {
      const { bytes, ...values } = any(states), last = Object.keys(values).at(-1);
      Object.assign(state, values);
      model.set(last, values[last]);
      what = JSON.stringify(values);
    }
    await new Promise((go) => setTimeout(go)); // what follows from it
    if (i % 20 === 0) await new Promise(requestAnimationFrame);
    for (const said of box.querySelectorAll('.aecourse-caption')) {
      const words = said.textContent, error = said.classList.contains('aecourse-error') && !/must be/.test(words);
      if (error || /NaN|undefined|null|Infinity|\\[object/.test(words)) found.push(`${what}: ${words}`.slice(0, 300));
    }
  }
  return found;
}"""
PREDICT = """async ({ script, state }) => {
  const module = await import(`data:text/javascript,${encodeURIComponent(script)}`), none = () => {};
  const model = { get: (name) => state[name], set: none, on: none, off: none, save_changes: none, send: none };
  module.default.render({ model, el: document.body });
}"""
# What no script of ours makes: pictures that are not drawn here, handlers as text, addresses that are scripts, …
MADE = """() => [...document.body.querySelectorAll('*')].filter((node) =>
  ['SCRIPT', 'IFRAME', 'STYLE', 'OBJECT'].includes(node.tagName)
  || (node.tagName === 'IMG' && !/^(data:image.png|blob:)/.test(node.src))
  || node.getAttributeNames().some((name) => name.startsWith('on'))
  || `${node.href?.baseVal ?? node.href ?? ''}`.startsWith('javascript:'))
  .map((node) => node.outerHTML.slice(0, 200))"""


def page_events(count: int) -> Row:
    """So many random events for each explorer, each in a page of its own."""
    with launch_browser(find_chromium() or "chromium") as browser:
        return storms(browser, count)


def storms(browser: Browser, count: int) -> Row:
    """The same in a browser that is open."""
    return row(
        "Explorers",
        "random events in the page: every slider, box, menu, button and picture, and states that come from the kernel",
        "no error and no NaN; what is no number is refused in words; the page grows by no more than "
        f"{MEMORY:g} MB an explorer",
        itertools.chain.from_iterable(storm(browser, name, count) for name in EXPLORERS),
    )


def storm(browser: Browser, name: str, count: int) -> Iterator[str | None]:
    """Yield for each of some random events what was wrong, if anything; and last of all for the memory."""
    page, complaints, explorer = browser.new_page(), [], EXPLORERS[name]()
    page.set_default_timeout(0)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: message.type == "error" and complaints.append(message.text))
    show(page, explorer)
    page.evaluate(PREPARE, {"training": panel(explorer), "states": legal(explorer)})
    page.evaluate(STORM, {"count": WARM if count >= WARM else 0, "seed": 1})
    before = heap(page)
    complaints += page.evaluate(STORM, {"count": count, "seed": 2})
    grown = heap(page) - before
    page.close(), explorer.close()
    yield from itertools.islice(
        itertools.chain((f"{name}: {words}" for words in complaints), itertools.repeat(None)), count
    )
    yield f"{name}: the page grew by {grown:.1f} MB" if grown > MEMORY and count >= WARM else None


def panel(explorer: Explorer) -> dict:
    """What the page shows of a training panel, as JSON."""
    if not hasattr(explorer, "open_training"):
        return {}
    explorer.open_training()
    return explorer.training | {"rows": base64.b64encode(explorer.training["rows"]).decode()}


def legal(explorer: Explorer) -> list[dict]:
    """Some random states, as JSON."""
    rng, places, states = random.Random(0), places_of(explorer), []
    while places and len(states) < STATES:
        for name in rng.sample(list(places), k=min(3, len(places))):
            try:
                explorer.apply({name: value_for(explorer.traits()[name], places[name], rng)})
            except traitlets.TraitError:
                continue
        states.append(as_json(explorer.settings()))
    return states


def heap(page: Page) -> float:
    """Megabytes that scripts hold, once all that can be freed is freed."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    usage = session.send("Runtime.getHeapUsage")
    session.detach()
    return (usage["usedSize"] + usage.get("backingStorageSize", 0)) / 1e6


def page_markup(count: int) -> Row:
    """So many names that would be markup, in explorers and in predictions."""
    with launch_browser(find_chromium() or "chromium") as browser:
        return named(browser, count)


def named(browser: Browser, count: int) -> Row:
    """The same in a browser that is open."""
    return row(
        "Security",
        "names that would be HTML or a script, of classes, files and options; in explorers and predictions",
        "no script runs and no element comes out of them",
        (found for found in called(browser, list(payloads(count))) for _ in range(count)),
    )


def called(browser: Browser, names: list[str]) -> Iterator[str | None]:
    """Yield for each widget what came of it, if everything in it is called so."""
    x = torch.rand(max(20, len(names)), PIXELS, generator=torch.Generator().manual_seed(0))
    images = ImageSet(x, torch.arange(len(x)) % len(names), names=tuple(names))
    upload = PictureUpload()
    upload.take(names, [b"no picture"] * len(names))
    for explorer in (*(kind(images=images) for kind in NAMED), upload):
        with browser.new_context() as context:
            page = context.new_page()
            show(page, explorer)
            said = hacked(page)
            page.evaluate("(words) => model.set('notice', words)", " ".join(names))
            said = said or hacked(page)
        yield said and f"{type(explorer).__name__} {said}"
        explorer.close()
    question = Prediction("77.x", " ".join(names), [*names, "another"])
    with browser.new_context() as context:
        page = context.new_page()
        state = question.get_state(["question", "options", "value", "counted", "measured"]) | {"measured": names[0]}
        page.evaluate(PREDICT, {"script": question._esm, "state": state})
        assert names[0] in page.inner_text("body")
        yield hacked(page)


def hacked(page: Page) -> str | None:
    """What a page says of scripts that ran and of elements that nobody made, if there are any."""
    page.wait_for_timeout(100)
    if page.evaluate("window.hacked") is not None:
        return "executed a name"
    return f"made {made}" if (made := page.evaluate(MADE)) else None


def test_storms(browser: Browser) -> None:
    """A few events for each explorer; `make soak` has thousands."""
    storms(browser, 30).check()


def test_names_stay_names(browser: Browser) -> None:
    """Scripts, pictures with a handler, quotes, templates."""
    named(browser, len(MARKUP)).check()
