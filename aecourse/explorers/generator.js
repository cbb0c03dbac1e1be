// Generate digits: from a point on a map, from twenty numbers, or between two digits.
import { html, useEffect, useState } from "./base/vendor/preact.js";
import { latest, normalFrom, randomFrom, rowsOf, run } from "./base/engine.js";
import { Menu, NumberBox, Picture, Row, Slider, Toggle, arrived, mosaic, page, percent } from "./base/page.js";
import { Dials } from "./base/dials.js";
import { Ink, asDigit, inked } from "./base/ink.js";
import { called, one } from "./base/images.js";
import { Point } from "./base/point.js";
import { Training } from "./base/training.js";
import { Place, computePlace } from "./prior_map.js";

const PIXELS = 784;
const COMPUTED = { map: computePlace, twenty: computeTwenty, between: computeBetween };
const VIEWS = { map: Place, twenty: Twenty, between: Between };

function compute(s, data) {
  const found = COMPUTED[s.mode](s, data);
  return found && { ...found, mode: s.mode };
}

function View(p) {
  const { s, set, data: { setup: { modes } }, out } = p, Open = VIEWS[out.mode];
  return html`
    <${Row}><span role="group" aria-label="generate from" class="aecourse-row">generate from
      ${modes.map(([words, mode]) => html`<${Toggle} on=${s.mode === mode} set=${() => set("mode", mode)}>${words}</${Toggle}>`)}</span>
      <${Training.Button} p=${p} /></${Row}>
    <${Open} ...${p} />
    <${Training} p=${p} />`;
}

// ---- twenty numbers

function computeTwenty({ z }, data) {
  const { networks: [[, name]], active, usual: [low, high], yours, spread, share } = data.setup, network = data.want(name), axes = data.want("axes");
  if (!network || !axes) return null;
  const { middle: { data: middle }, steps: { data: steps, shape: [count, size] } } = axes, moved = z.slice(0, count);
  const code = middle.map((value, j) => moved.reduce((sum, by, i) => sum + by * steps[i * size + j], value));
  const length = Math.hypot(...z.slice(0, active)), draws = spread ? "the draws" : "the prior's draws";
  const place = length < low ? `nearer to the centre than nearly all of ${draws}`
    : length > high ? `farther out than nearly all of ${draws}: the decoder saw hardly any such code` : `as ${draws} are`;
  const far = `a length ‖z‖ = ${length.toFixed(1)}, ${place} (95 % of them lie between ${low.toFixed(1)} and ${high.toFixed(1)}).`;
  const caption = spread
    ? `${capital(yours)} has no prior: a draw has the mean and the covariance of the codes of ${spread}. The sliders are the first ${count} principal `
      + `components of these codes, in standard deviations, with ${percent(share)} of the variance. They have ${far}`
    : `The sliders are sorted by how much they tell about a digit: ${active} of ${count} are active, the others change nothing. `
      + `The active ones alone have ${far}${yours && ` They are the code numbers of ${yours}.`}`;
  return { rows: { decoded: run(network, "decoder", code) }, numbers: { length }, caption };
}
const capital = (words) => words[0].toUpperCase() + words.slice(1);
const encodedAlone = latest((network, x) => run(network, "encoder", x));

function Twenty(p) {
  const { s: { z }, set, data, out, caption } = p, { images, farthest, networks: [[, name]], spread } = data.setup;
  const [start, startFrom] = useState(null), picture = start !== null && one(data, start);
  const code = picture && arrived(() => encodedAlone(data.want(name), picture)), { middle, steps } = data.want("axes"), [count] = steps.shape;
  const put = (numbers) => set("z", numbers.map((value) => Math.min(farthest, Math.max(-farthest, value))));
  useEffect(() => { // as soon as the picture and its code are there
    if (code) put(z.map((_, i) => (i < count ? along(rowsOf(steps, i), code, middle.data) : 0)));
  }, [code]);
  const box = { ...p, s: { start: start ?? 0 }, set: (_, place) => startFrom(place) };
  return html`
    <${Row}><button type="button" onClick=${() => put(z.map(normal))}>⤨ draw from the ${spread ? "spread of the codes" : "prior"}</button>
      <button type="button" onClick=${() => put(z.map(() => 0))}>all to zero</button>
      <${NumberBox} p=${box} name="start" label="or start from ${images.name}" min=${0} max=${images.count - 1} /></${Row}>
    <${Row}><${Dials} p=${p} name="z" count=${count} reach=${farthest} />
      <div class="aecourse-single"><${Picture} rows=${out.rows} alt=${out.caption} names=${[]} /></div></${Row}>
    ${caption}`;
}

/** How far along one axis a code lies from the middle, in steps of it. */
function along(step, code, middle) {
  const dot = (of) => step.reduce((sum, v, j) => sum + v * of(j), 0);
  return dot((j) => code[j] - middle[j]) / Math.max(1e-30, dot((j) => step[j]));
}
const uniform = randomFrom(0), normal = normalFrom(uniform); // the same draws for all who press the button

// ---- between two digits

const drawn = latest((ink) => asDigit(ink));
const encoded = latest((network, first, second) => [first, second].map((x) => run(network, "encoder", x)));

/** Some of the one and the rest of the other, rounded once. */
const mixed = (a, b, share) => a.map((value, i) => (1 - share) * value + share * b[i]);

/** The share of the ink that is only gray. */
function grayOf(x) {
  const [low, high] = [0.2, 0.8].map(Math.fround);
  return x.filter((v) => v > low && v < high).length / Math.max(1, x.filter((v) => v >= low).length);
}

function computeBetween({ share, first, second, network: name, ink }, data) {
  const { yours } = data.setup, network = data.want(name), given = one(data, first), to = one(data, second);
  if (!network || !given || !to) return null;
  const from = inked(ink) ? drawn(ink) : given, code = mixed(...encoded(network, from, to), share);
  const rows = { from, "mixed in pixels": mixed(from, to, share), "mixed in code": run(network, "decoder", code), to };
  const numbers = Object.fromEntries(["mixed in pixels", "mixed in code"].map((mixture) => [mixture, grayOf(rows[mixture])]));
  const caption = `${percent(share)} of the way from ${inked(ink) ? "your drawing" : called(data, first)} to ${called(data, second)}. Ink that is only gray (0.2 to 0.8): `
    + `${percent(numbers["mixed in pixels"])} when pixels are mixed, ${percent(numbers["mixed in code"])} when codes ${yours && `of ${yours} `}are mixed and then decoded.`;
  return { rows, numbers, caption };
}

function Between(p) {
  const { s: { share }, set, data: { setup: { images, networks } }, out: { rows, caption: alt }, caption } = p, last = images.count - 1;
  const [drawing, draw] = useState(false), joined = new Float32Array(4 * PIXELS);
  Object.values(rows).forEach((row, i) => joined.set(row, i * PIXELS));
  const anotherPair = () => {
    const first = Math.floor(uniform() * (last + 1)), other = Math.floor(uniform() * last);
    set("first", first);
    set("second", other < first ? other : Math.min(last, other + 1));
  };
  return html`
    <${Row}><${NumberBox} p=${p} name="first" label="from ${images.name}" min=${0} max=${last} />
      <${NumberBox} p=${p} name="second" label="to ${images.name}" min=${0} max=${last} />
      <button type="button" onClick=${anotherPair}>⤨ another pair</button>
      <${Toggle} on=${drawing} set=${draw}>✎ draw the first</${Toggle}>
      ${networks.length > 1 && html`<${Menu} p=${p} name="network" label="code of" options=${networks} />`}</${Row}>
    <${Row}><${Slider} p=${p} name="share" label="share of the way" min=${0} max=${1} step=${0.02} /></${Row}>
    <${Row}>${drawing && html`<${Ink} p=${p} />`}<div class="aecourse-way">
      <div class="aecourse-columns" aria-hidden="true">${Object.keys(rows).map((name) => html`<span>${name}</span>`)}</div>
      <${Point} label=${`${alt} Drag, or use the arrow keys, to go along the way.`} at=${[share, 0.5]} picture=${mosaic({ joined })}
        follows=${false} marked=${false} steps=${[0.02, 0]} choose=${(right) => set("share", Math.round(50 * right) / 50)} /></div></${Row}>
    ${caption}`;
}

View.placesCaption = true;
export default page({ compute, View });
