// What every explorer in the page shares: its host, its controls, its pictures, its caption. Python's side is base/page.py.
import { html, render, useEffect, useLayoutEffect, useRef, useState } from "./vendor/preact.js";
import { readTensors } from "./engine.js";
import { goOnWithShiftEnter, hearOfKernel } from "../../assets/widgets/awake.js";

const REST = 700; // milliseconds without a change after which a caption is spoken and a still is kept
const SAVE = 300; // and after which Python hears of it, or once the focus goes elsewhere: a slider that moves costs the kernel nothing
const REMEMBERED = 50; // results of a network that the kernel runs
const WAITING = "One moment: what this needs is still on its way.";

/**
 * An anywidget of `compute(state, data)` and `View`.
 *
 * compute: the values of all controls and the data → {rows: {name: Float32Array}, numbers: {name: number}, caption, …}
 * View: draws it; its properties are {s: the state, set(name, value), data, out: what compute returned, say(words), model}
 * data: {setup, assets: {name: tensors}, want(name): an asset that comes later, null until then, gone: why the kernel does not answer}
 */
export function page({ compute, View }) {
  return {
    compute,
    dataOf,
    render({ model, el }) {
      const root = document.createElement("div");
      root.className = "aecourse";
      root.addEventListener("focusin", ({ target }) => { target.dataset.lmSuppressShortcuts = "true"; }); // JupyterLab wants arrow keys, too
      root.addEventListener("keydown", dotForComma, true);
      el.append(root);
      const data = dataOf(model), draw = oneAtATime(() => {
        render(html`<${Explorer} ...${{ model, data, compute, View }} />`, root);
        root.dispatchEvent(new Event("aecourse-drawn", { bubbles: true }));
      });
      root.settings = () => settingsOf(model); // the board marks the preset that they are
      const heard = ["setup", "assets", "training", "notice", ...model.get("controls")].map((name) => `change:${name}`);
      for (const event of heard) model.on(event, draw);
      const answer = (message, buffers) => data.take(message, buffers) && draw();
      model.on("msg:custom", answer);
      const endGoingOn = goOnWithShiftEnter(root);
      const endHearing = hearOfKernel(model, root, (words) => { data.hear(words); draw(); });
      return () => {
        for (const event of heard) model.off(event, draw);
        model.off("msg:custom", answer);
        endGoingOn();
        endHearing();
        render(null, root);
      };
    },
  };
}

/** What is set now: every control, and what the training panel shows. */
function settingsOf(model) {
  const training = model.get("training");
  return { ...training, train: training?.running, ...Object.fromEntries(model.get("controls").map((name) => [name, model.get(name)])) };
}

/** A function that, called while it is at work, begins anew once it has done: an effect of what is drawn may move a control. */
function oneAtATime(work) {
  let busy = false, again = false;
  return () => {
    again = true;
    if (busy) return;
    busy = true;
    try {
      while (again) { again = false; work(); }
    } finally { busy = false; }
  };
}

/** Thrown by `compute` while a network is at work in the kernel. */
class Waiting extends Error {}

/** The data of a widget, read once for all its views. */
const known = new WeakMap();
function dataOf(model) {
  if (known.has(model)) return known.get(model);
  const read = new Map(), asked = new Set();
  const opened = (name, view) => {
    const found = readTensors(view);
    if (found.layers.remote) found.elsewhere = (part, x, n) => inKernel(name, part, x, n);
    return found;
  };
  const tensors = (name, view) => {
    if (read.get(name)?.view !== view) read.set(name, { view, tensors: opened(name, view) });
    return read.get(name).tensors;
  };
  const later = {};
  const ask = (name) => {
    try { model.send({ want: name }); } catch ({ message }) { throw new Error(`this needs the kernel, which does not answer (${message})`); }
    asked.add(name);
  };
  const ran = new Map(); // what the kernel has computed for a network that the page cannot
  function inKernel(name, part, x, n) {
    const bits = new Uint32Array(x.buffer, x.byteOffset, x.length);
    const key = `${name} ${part} ${n} ${bits.reduce((sum, bit) => Math.imul(sum ^ bit, 16777619) >>> 0, 2166136261)}`;
    if (ran.get(key)) return ran.get(key);
    if (!ran.has(key) && !data.gone) {
      ran.set(key, null);
      model.send({ run: name, part, n, key }, undefined, [x.slice().buffer]);
    }
    throw new Waiting();
  }
  const data = {
    get setup() { return model.get("setup"); },
    asset(name) { return name in model.get("assets") ? tensors(name, model.get("assets")[name]) : later[name] ?? null; },
    want(name) { // what is too large to come with the widget
      const here = data.asset(name);
      if (!here && !asked.has(name) && !data.gone) ask(name);
      return here;
    },
    take({ asset, ran: key }, buffers) {
      if (asset) later[asset] = opened(asset, buffers[0]);
      if (key) ran.set(key, new Float32Array(new Uint8Array(buffers[0].buffer, buffers[0].byteOffset, buffers[0].byteLength).slice().buffer));
      if (ran.size > REMEMBERED) ran.delete([...ran.keys()].find((old) => ran.get(old)));
      return asset ?? key;
    },
    moved: new Map(), // controls whose change has not reached Python yet: its messages about earlier values are old
    gone: "",
    hear(words) { // why the kernel does not answer: pending results will not come
      data.gone = words;
      if (!words) return;
      asked.clear();
      for (const [key, rows] of ran) if (!rows) ran.delete(key);
    },
    get ready() { return Object.keys(model.get("assets") ?? {}).length > 0 || model.get("training")?.label; }, // not from a saved notebook
  };
  known.set(model, data);
  return data;
}

/** An English browser does not read a comma as a decimal point: it drops the one in "0,5" and reads 5. */
function dotForComma(event) {
  if ((1.5).toLocaleString(navigator.language).includes(",") || event.key !== "," || event.target.type !== "number") return;
  event.preventDefault();
  document.execCommand("insertText", false, ".");
}

/** What `make` returns, or null while something is still loading. */
export function arrived(make) {
  try { return make(); } catch (error) {
    if (error instanceof Waiting) return null;
    throw error;
  }
}

function Explorer({ model, data, compute, View }) {
  const [notice, say] = useState("");
  const spoken = useRef(), box = useRef(), timers = useRef({}), shown = useRef();
  if (!data.ready) return html`<${Asleep} still=${model.get("still")} />`;
  const { moved } = data, s = Object.fromEntries(model.get("controls").map((name) => [name, moved.has(name) ? moved.get(name) : model.get(name)]));
  const save = () => {
    if (!moved.size) return;
    moved.forEach((value, name) => model.set(name, value));
    moved.clear();
    if (!data.gone) model.save_changes();
  };
  const set = (name, value) => {
    say("");
    model.set("notice", "");
    moved.set(name, value);
    model.set(name, value);
    clearTimeout(timers.current.save);
    timers.current.save = setTimeout(save, SAVE);
  };
  let out, words, wrong = notice || model.get("notice");
  try {
    out = arrived(() => compute(s, data));
    words = wrong || (out ? out.caption : data.gone ? `Only the kernel can give this. ${data.gone}` : WAITING);
    out = shown.current = out ?? shown.current; // the old picture stays meanwhile
  } catch (error) { // shown in the explorer
    [words, wrong, out] = [`${error.name}: ${error.message}`, true, shown.current]; // the controls stay, to go back with
  }
  useEffect(() => { // once it rests: the words are spoken, and a notebook that is saved keeps a picture
    clearTimeout(timers.current.rest);
    timers.current.rest = setTimeout(() => {
      if (spoken.current && ![undefined, words].includes(timers.current.said)) spoken.current.textContent = words;
      timers.current.said = words;
      const canvas = box.current?.querySelector("canvas.aecourse-mosaic");
      if (canvas) model.set("still", canvas.toDataURL());
    }, REST);
  }, [words, out]);
  const caption = html`<p class=${`aecourse-caption ${wrong ? "aecourse-error" : ""}`} role=${wrong ? "alert" : null}>${words}</p>`;
  return html`<div ref=${box} onFocusOut=${save}>
    ${out && html`<${View} ...${{ s, set, data, out, say, model, caption }} />`}
    ${(!out || !View.placesCaption) && caption}
    <p ref=${spoken} role="status" class="aecourse-unseen"></p>
  </div>`;
}

function Asleep({ still }) {
  const enlarge = ({ target }) => { target.style.width = `${Math.min(600, 8 * target.naturalWidth)}px`; };
  return html`<div><p class="aecourse-asleep-note">Run this cell to use it.</p>
    ${still && html`<img class="aecourse-still" src=${still} alt="what it showed last" onLoad=${enlarge} />`}</div>`;
}

/** Side by side, in as many lines as it takes. */
export const Row = ({ children, class: more = "" }) => html`<div class="aecourse-row ${more}">${children}</div>`;

/** A number to slide or to type. */
export function Slider({ p, name, label, min, max, step = 1 }) {
  const value = p.s[name];
  const move = (event) => p.set(name, Number(event.target.value));
  return html`<div class="aecourse-slider">
    <${NumberBox} ...${{ p, name, label, min, max, step }} />
    <input type="range" aria-label=${label} ...${{ min, max, step, value }} onInput=${move} />
  </div>`;
}

/** A labelled box for a number; it refuses other input and numbers out of range, and says why. */
export function NumberBox({ p, name, label, min, max, step = 1 }) {
  const value = p.s[name], [written, write] = useState(null); // what stands there until it is taken, however often the page is drawn
  const take = (event) => {
    const typed = event.target.value.trim(), number = Number(typed);
    write(null);
    if (typed !== "" && number === value) return event.type === "keydown" && p.say(""); // not when it is left
    const whole = step % 1 !== 0 || Number.isInteger(number);
    if (typed !== "" && whole && number >= min && number <= max) return p.set(name, number);
    event.target.value = value;
    p.say(`${label[0].toUpperCase()}${label.slice(1)} must be a ${step % 1 ? "" : "whole "}number from ${min} to ${max}; ${typed || "that"} is not. Still ${value}.`);
  };
  const enter = (event) => { if (event.key === "Enter" && !event.shiftKey) take(event); }; // JupyterLab keeps it from the browser
  return html`<label>${label} <input type="number" ...${{ min, max, step, value: written ?? value }}
    onInput=${({ target }) => write(target.value)} onBlur=${(event) => written !== null && take(event)} onChange=${take} onKeyDown=${enter} /></label>`;
}

/** A slider over a list of [words, value]. */
export function Steps({ p, name, label, options }) {
  const place = options.findIndex(([, value]) => value === p.s[name]);
  const move = (event) => p.set(name, options[Number(event.target.value)][1]);
  return html`<div class="aecourse-slider"><span>${label} <b>${options[place]?.[0]}</b></span>
    <input type="range" aria-label=${label} aria-valuetext=${options[place]?.[0]} min="0" max=${options.length - 1} value=${place} onInput=${move} /></div>`;
}

/** A list of [words, value] to choose from. */
export function Menu({ p, name, label, options }) {
  const place = options.findIndex(([, value]) => value === p.s[name]);
  return html`<label>${label} <select value=${place} onChange=${(event) => p.set(name, options[Number(event.target.value)][1])}>
    ${options.map(([words], i) => html`<option value=${i} selected=${i === place}>${words}</option>`)}</select></label>`;
}

/** A button that stays pressed, for a fold or a mode. */
export const Toggle = ({ on, set, class: more = "", disabled = false, children }) =>
  html`<button type="button" class=${more} disabled=${disabled} aria-pressed=${String(on)} onClick=${() => set(!on)}>${children}</button>`;

/** Rows of square images below each other, as one picture: {gray values, width, height}; a shorter row leaves its end white. */
export function mosaic(rows, { side = 28, gap = 2, ground = 255 } = {}) {
  const pictures = Object.values(rows), across = Math.max(...pictures.map((row) => row.length / (side * side)));
  const width = across * (side + gap) - gap, height = pictures.length * (side + gap) - gap;
  const gray = new Uint8ClampedArray(width * height).fill(ground);
  pictures.forEach((row, r) => {
    for (let from = 0, over = 0; from < row.length; over += side + gap) for (let y = 0; y < side; y++) {
      for (let x = 0, to = (r * (side + gap) + y) * width + over; x < side; x++) gray[to++] = row[from++] * 255; // it rounds and limits; NaN is black
    }
  });
  return { gray, width, height };
}

/** A gray picture, sharp-edged at every size; `rows` is how many rows of images it has, so that the board can show one alone. */
export function Canvas({ picture, picture: { gray, width, height }, alt, rows = 1 }) {
  const canvas = useRef();
  useLayoutEffect(() => paint(canvas.current, picture), [gray]);
  return html`<canvas ref=${canvas} class="aecourse-mosaic" role="img" aria-label=${alt} ...${{ width, height }}
    style="--rows:${rows};--row-shape:${(rows * width) / height}" />`;
}

function paint(canvas, { gray, width, height }) {
  const pixels = new ImageData(width, height), words = new Uint32Array(pixels.data.buffer);
  for (let i = 0; i < gray.length; i++) words[i] = 0xff000000 | (gray[i] * 0x010101);
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}

/** A gray picture as a data URI. */
export function linkTo(picture) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: picture.width, height: picture.height });
  paint(canvas, picture);
  return canvas.toDataURL();
}

/** Rows of images with their names beside them, and words above the columns. */
export function Picture({ rows, alt, columns = [], picture, names = Object.keys(rows ?? {}) }) {
  return html`<div class="aecourse-rows">
    ${names.length > 0 && html`<div class="aecourse-names" aria-hidden="true">${names.map((name) => html`<span>${name}</span>`)}</div>`}
    <figure>${columns.length > 0 && html`<div class="aecourse-columns" aria-hidden="true">${columns.map((name) => html`<span>${name}</span>`)}</div>`}
      <${Canvas} picture=${picture ?? mosaic(rows)} alt=${alt} rows=${Math.max(1, names.length)} /></figure></div>`;
}

/** A number as Python's :g writes it. */
export const brief = (value, digits = 6) => String(Number(value.toPrecision(digits)));
export const percent = (share, digits = 0) => `${(100 * share).toFixed(digits)}%`;
