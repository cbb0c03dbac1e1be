// Step through a stack of autoencoders as it is built: its reconstructions, and how useful its code is.
import { html, useEffect } from "./base/vendor/preact.js";
import { latest, run } from "./base/engine.js";
import { NumberBox, Picture, Row, Slider, page, percent } from "./base/page.js";
import { ten } from "./base/images.js";
import { Training } from "./base/training.js";

const SIDE = 28, PIXELS = SIDE * SIDE;

/** The lowest layers of a stack: the first of its encoder, the last of its decoder. */
const cut = latest((network, depth) => {
  const { encoder, decoder } = network.layers;
  const layers = { encoder: encoder.slice(0, starts(encoder)[depth]), decoder: decoder.slice(starts(decoder).at(-depth)) };
  return { ...network, layers };
});
const starts = (layers) => layers.flatMap(({ op }, i) => (op === "linear" ? [i] : []));

/** Codes as pictures in which one gray square is one number, black lowest and white highest; (n × size) → (n × 784). */
function codeTiles(z, n) {
  const size = z.length / n, many = Math.min(size, PIXELS);
  const wide = Math.min(SIDE, 2 ** Math.ceil(Math.log2(many) / 2)), high = Math.ceil(many / wide);
  const top = Math.floor((SIDE - high) / 2), left = Math.floor((SIDE - wide) / 2);
  const largest = z.reduce((most, v) => Math.max(most, Math.abs(v)), 1e-6), tiles = new Float32Array(n * PIXELS).fill(1);
  for (let image = 0; image < n; image++) for (let i = 0; i < many; i++) {
    const place = (top + Math.floor(i / wide)) * SIDE + left + (i % wide);
    tiles[image * PIXELS + place] = 0.5 + (0.5 * z[image * size + i]) / largest;
  }
  return tiles;
}

function compute({ step, digits }, data) {
  const { steps, pixels } = data.setup, now = steps[step], network = data.want(now.network), x = ten(data, digits);
  if (!network || !x) return null;
  const stack = cut(network, now.depth), n = x.length / PIXELS, z = run(stack, "encoder", x, n);
  const rows = { original: x, [`code: ${now.size}`]: codeTiles(z, n), restored: run(stack, "decoder", z, n) };
  const numbers = { "test MSE": now.mse, PCA: now.pca, probe: now.probe, "probe on pixels": pixels };
  const caption = `Step ${step}, ${now.name}: ${PIXELS} pixels → ${now.size} numbers. Test MSE ${now.mse.toFixed(4)} `
    + `(PCA with as many numbers ${now.pca.toFixed(4)}); a linear probe on the code names ${percent(now.probe, 1)} of the `
    + `test digits rightly (on the pixels themselves ${percent(pixels, 1)}).`;
  return { rows, numbers, caption };
}

function View(p) {
  const { s, data, out, caption } = p, { steps, images } = data.setup;
  useEffect(() => { // so that no step has to wait for the kernel
    try { steps.forEach(({ network }) => data.want(network)); } catch { } // it has stopped: those that have come must do
  }, []);
  return html`
    <${Row}><${Slider} p=${p} name="step" label="step, 0 to ${steps.length - 1}" min=${0} max=${steps.length - 1} />
      <${NumberBox} p=${p} name="digits" label="set of ten ${images.noun}s" min=${0} max=${images.sets - 1} />
      <${Training.Button} p=${p} /></${Row}>
    <${Row}><${Picture} rows=${out.rows} alt=${out.caption} /><${Scores} steps=${steps} now=${s.step} /></${Row}>
    ${caption}
    <${Training} p=${p} />`;
}

/** The scores of all steps, this one marked. */
const Scores = ({ steps, now }) => html`<table class="aecourse-table">
  <thead><tr>${["step", "code", "test MSE", "PCA", "probe"].map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
  <tbody>${steps.map(({ name, size, mse, pca, probe }, i) => html`<tr aria-current=${i === now ? "step" : null}>
    <td>${i} · ${name}</td><td>${size}</td><td>${mse.toFixed(4)}</td><td>${pca.toFixed(4)}</td><td>${percent(probe, 1)}</td></tr>`)}</tbody></table>`;
View.placesCaption = true;
export default page({ compute, View });
