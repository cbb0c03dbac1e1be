// Draw a digit and watch it pass through the bottleneck.
import { html, useState } from "./base/vendor/preact.js";
import { leading, latest, meanSquare, run } from "./base/engine.js";
import { Picture, Row, Slider, Toggle, mosaic, page } from "./base/page.js";
import { Ink, asDigit, inked } from "./base/ink.js";
import { Dials } from "./base/dials.js";

const PIXELS = 784, COLUMNS = ["as MNIST would store it", "restored", "error"];
const EMPTY = new Float32Array(PIXELS);
const stored = latest((ink) => (inked(ink) ? asDigit(ink) : EMPTY));
const encoded = latest((network, x) => run(network, "encoder", x));

function compute({ k, ink, moves }, data) {
  const network = data.asset("network"), x = stored(ink), empty = !x.some(Boolean);
  const shown = empty ? data.asset("digit").image.data : x;
  const z = leading(encoded(network, shown), 1, k), decoded = run(network, "decoder", z);
  const restored = empty ? x : decoded;
  const rows = { stored: x, restored, error: x.map((v, i) => Math.abs(v - restored[i])) }, numbers = {};
  let caption = "Draw a digit in the black square: it comes back through the bottleneck as you draw.";
  if (inked(ink)) {
    numbers.MSE = meanSquare(x, restored);
    caption = `${PIXELS} pixels → ${k} numbers → ${PIXELS} pixels, MSE ${numbers.MSE.toFixed(4)}.`;
  }
  const moved = moves.slice(0, k);
  if (moved.some(Boolean)) {
    const spread = data.want("spread")?.spread.data;
    if (!spread) return null;
    rows.moved = run(network, "decoder", z.map((v, i) => (i < moved.length ? v + moved[i] * spread[i] : v)));
  }
  return { rows, numbers, caption, shown, decoded, empty, movable: Math.min(k, moves.length) };
}

function joined(images) {
  const row = new Float32Array(PIXELS * images.length);
  images.forEach((image, i) => row.set(image, PIXELS * i));
  return row;
}

function View(p) {
  const { data: { setup: { most, ordered } }, out, caption } = p, { stored: x, restored, error } = out.rows;
  const [open, unfold] = useState(false), shown = mosaic({ all: joined([x, restored, error]) });
  return html`
    <${Row}>${ordered ? html`<${Slider} p=${p} name="k" label="numbers in the code, k" min=${1} max=${most} />`
      : html`<span>numbers in the code, k = ${most}</span>`}
      <${Toggle} on=${open} set=${unfold}>single code numbers</${Toggle}></${Row}>
    <${Row}><${Ink} p=${p} /><${Picture} names=${[]} columns=${COLUMNS} picture=${shown} alt=${out.caption} /></${Row}>
    ${caption}
    ${open && html`<${CodeNumbers} p=${p} />`}`;
}

/** A slider for each of the first numbers of the code, and what the decoder makes of them. */
function CodeNumbers({ p }) {
  const { s: { moves }, set, data: { setup: { reach } }, out } = p, whose = out.empty ? "a test digit, until you draw one" : "your drawing";
  const moved = moves.slice(0, out.movable).filter(Boolean).length, { shown, decoded } = out;
  const words = `The code of ${whose}. Each slider moves one of its numbers, by up to ${reach} standard deviations of that number over the test digits.`;
  const picture = mosaic({ all: joined([shown, decoded, out.rows.moved ?? decoded]) });
  const columns = ["original", "restored", moved === 1 ? "1 number moved" : `${moved} numbers moved`];
  return html`<div class="aecourse-panel"><p>${words}</p>
    <${Row}><${Dials} p=${p} name="moves" count=${out.movable} reach=${reach} columns=${8} />
      <${Picture} names=${[]} columns=${columns} alt=${columns.join(", ")} picture=${picture} /></${Row}>
    <${Row}><button type="button" onClick=${() => set("moves", moves.map(() => 0))}>all back to 0</button></${Row}></div>`;
}
View.placesCaption = true;
export default page({ compute, View });
