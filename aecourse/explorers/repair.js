// Damage digits in five ways, or scribble over them, and see one network repair them all.
import { html, useMemo, useState } from "./base/vendor/preact.js";
import { latest, meanSquare, run } from "./base/engine.js";
import { Menu, NumberBox, Picture, Row, Slider, Toggle, linkTo, mosaic, page } from "./base/page.js";
import { Ink, bytesOf, inked } from "./base/ink.js";
import { BLUE, Curve, ORANGE, VERMILION } from "./base/chart.js";
import { ten } from "./base/images.js";
import { Training } from "./base/training.js";

const COLOURS = { damaged: VERMILION, "median filter": ORANGE, repaired: BLUE };
const PENS = [["rubber, wipes to black", "rubber"], ["white pen", "white pen"]];
const SIDE = 28, PIXELS = 784;
const capital = (name) => name[0].toUpperCase() + name.slice(1);
const lastPlace = ({ strengths }) => strengths.length - 1;

/** What each damage makes of images x at one strength; `chance` holds the random numbers that torch draws. */
const DAMAGE = {
  gaussian: (x, sigma, { normal }) => x.map((v, i) => Math.min(1, Math.max(0, v + sigma * normal.data[i]))),
  "salt and pepper"(x, share, { uniform }) {
    const [hit, white] = [share, share / 2].map(Math.fround); // torch compares in single precision
    return x.map((v, i) => (uniform.data[i] < white ? 1 : uniform.data[i] < hit ? 0 : v));
  },
  mask: (x, share, { uniform }) => x.map((v, i) => (uniform.data[i] < Math.fround(share) ? 0 : v)),
  occlude(x, size, { squares }) {
    const covered = x.slice();
    squares.forEach((first, image) => {
      for (let r = 0; r < size; r++) covered.fill(0, image * PIXELS + first + r * SIDE, image * PIXELS + first + r * SIDE + size);
    });
    return covered;
  },
  downsample: (x, factor) => x.map((_, i) => {
    const corner = i - (i % SIDE) % factor - (Math.floor(i / SIDE) % factor) * SIDE;
    return meanOf(x, corner, factor, SIDE);
  }),
};

function meanOf(values, corner, side, width) { // of a square of pixels
  let sum = 0;
  for (let r = 0; r < side; r++) for (let c = 0; c < side; c++) sum += values[corner + r * width + c];
  return sum / side ** 2;
}

function scribbledOver(x, ink, pen) { // the ink lies over each image
  const bytes = bytesOf(ink), side = Math.sqrt(bytes.length), scale = side / SIDE;
  const drawn = Array.from({ length: PIXELS }, (_, i) => meanOf(bytes, (Math.floor(i / SIDE) * side + (i % SIDE)) * scale, scale, side) / 255);
  return x.map((v, i) => (pen === "rubber" ? v * (1 - drawn[i % PIXELS]) : Math.max(v, drawn[i % PIXELS])));
}

const median = (a, b, c) => Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
const medians = latest((x) => { // each pixel's over 3 × 3; beyond the border, the pixels on it again
  const inside = (place) => Math.min(SIDE - 1, Math.max(0, place)), low = new Float32Array(SIDE), middle = low.slice(), high = low.slice();
  const filtered = new Float32Array(x.length);
  for (let at = 0; at < x.length; at += SIDE) { // row by row: sort the pixels above, here and below; then combine three neighbouring columns
    const row = Math.floor(at / SIDE) % SIDE, above = at + (inside(row - 1) - row) * SIDE, below = at + (inside(row + 1) - row) * SIDE;
    for (let c = 0; c < SIDE; c++) {
      const a = x[above + c], b = x[at + c], d = x[below + c];
      low[c] = Math.min(a, b, d); middle[c] = median(a, b, d); high[c] = Math.max(a, b, d);
    }
    for (let c = 0; c < SIDE; c++) {
      const left = inside(c - 1), right = inside(c + 1);
      filtered[at + c] = median(Math.max(low[left], low[c], low[right]), median(middle[left], middle[c], middle[right]), Math.min(high[left], high[c], high[right]));
    }
  }
  return filtered;
});
const repairs = latest((network, x) => run(network, "decoder", run(network, "encoder", x, x.length / PIXELS), x.length / PIXELS));
const damages = latest((x, noise, strength, squares, chance) => DAMAGE[noise](x, strength, { squares, ...chance }));
const scribbles = latest((x, ink, pen) => (inked(ink) ? scribbledOver(x, ink, pen) : x));

function compute({ noise, strength, digits, pen, ink }, data) {
  const x = ten(data, digits), damage = data.setup.damages[noise], place = Math.min(strength, lastPlace(damage));
  if (!x) return null;
  const struck = damages(x, noise, damage.strengths[place], data.setup.squares[place], data.asset("random"));
  const damaged = scribbles(struck, ink, pen);
  const rows = { clean: x, damaged, "median filter": medians(damaged), repaired: repairs(data.asset("network"), damaged) };
  const numbers = Object.fromEntries(Object.keys(COLOURS).map((name) => [name, -10 * Math.log10(meanSquare(x, rows[name]))])); // PSNR
  const { damaged: before, "median filter": filtered, repaired } = numbers, undamaged = before === Infinity;
  const what = `${capital(damage.name)}, ${damage.words[place]}${inked(ink) ? `, and your scribble with the ${pen}` : ""}`;
  const scores = `${undamaged ? "undamaged" : `${before.toFixed(1)} dB`} → median filter ${filtered.toFixed(1)} dB, network ${repaired.toFixed(1)} dB`;
  const gain = repaired > before ? `the network gains ${(repaired - before).toFixed(1)} dB` : "the network does more harm than good here";
  return { rows, numbers, caption: `${what}. PSNR of these ten: ${scores}: ${gain}.`, place };
}

function View(p) {
  const { s, set, data: { setup: { damages: all, images, tiny } }, out, caption } = p, damage = all[s.noise];
  const [drawing, draw] = useState(false);
  const choose = (name, noise) => { // as many places as the damage has strengths
    set("strength", Math.min(s.strength, lastPlace(all[noise])));
    set(name, noise);
  };
  return html`
    <${Row}><${Menu} p=${{ ...p, set: choose }} name="noise" label="damage" options=${Object.entries(all).map(([noise, { name }]) => [name, noise])} />
      <${Slider} p=${p} name="strength" label="strength" min=${0} max=${lastPlace(damage)} /></${Row}>
    <${Row}><${NumberBox} p=${p} name="digits" label="set of ten ${images.noun}s" min=${0} max=${images.sets - 1} />
      <${Toggle} on=${drawing} set=${draw}>✎ scribble over them</${Toggle}><${Training.Button} p=${p} /></${Row}>
    <${Row}>${drawing && html`<${Scribble} p=${p} />`}<${Picture} rows=${out.rows} alt=${out.caption} />
      <div class="aecourse-chart"><${Errors} damage=${damage} place=${out.place} tiny=${tiny} /></div></${Row}>
    ${caption}
    <${Training} p=${p} />`;
}

/** A canvas over the fourth image; what is drawn lies over all. */
function Scribble({ p }) {
  const { clean } = p.out.rows, images = clean.length / PIXELS, start = (Math.min(4, images) - 1) * PIXELS;
  const under = useMemo(() => linkTo(mosaic({ one: clean.subarray(start, start + PIXELS) })), [clean]);
  return html`<${Ink} p=${p} under=${under} wipe="clear the scribble"><${Menu} p=${p} name="pen" label="pen" options=${PENS} /></${Ink}>`;
}

/** The error at every strength of a damage, and the present strength. */
function Errors({ damage: { name, strengths, errors, axis, unit }, place, tiny }) {
  const lines = Object.entries(errors).map(([line, y]) => {
    const known = strengths.map((_, i) => i).filter((i) => y[i] > tiny); // no error, no logarithm
    return { name: line, colour: COLOURS[line], x: known.map((i) => unit * strengths[i]), y: known.map((i) => y[i]) };
  });
  const now = unit * strengths[place];
  const points = Object.entries(errors).filter(([, y]) => y[place] > tiny).map(([line, y]) => ({ x: now, y: y[place], colour: COLOURS[line] }));
  return html`<${Curve} series=${lines} points=${points} now=${now} range=${[strengths[0] ? 1 : 0, unit * strengths.at(-1)]} legend="left"
    title="${capital(name)}: error before and after" xLabel=${axis} yLabel="MSE per pixel (log scale)" />`;
}
View.placesCaption = true;
export default page({ compute, View });
