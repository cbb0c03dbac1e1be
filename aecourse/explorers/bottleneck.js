// The bottleneck explorer: one slider for the size of the code, three rows of digits, two error curves.
import { html, useState } from "./base/vendor/preact.js";
import { leading, latest, meanSquare, run } from "./base/engine.js";
import { Menu, NumberBox, Picture, Row, Slider, Toggle, page } from "./base/page.js";
import { Ink, asDigit, inked } from "./base/ink.js";
import { BLUE, Curve, GREEN, PURPLE, VERMILION } from "./base/chart.js";
import { ten } from "./base/images.js";
import { Training } from "./base/training.js";

const COLOURS = { PCA: VERMILION, nested: BLUE, separate: GREEN, yours: PURPLE };
const NAMES = { PCA: "PCA", nested: "nested autoencoder", separate: "one network per k", yours: "yours" };
const PIXELS = 784;
const encodedBy = Object.fromEntries(["pca", "network"].map((name) => [name, latest((net, x) => run(net, "encoder", x, x.length / PIXELS))]));
const pictures = latest((digits, ink) => {
  if (!inked(ink)) return digits;
  const joined = new Float32Array(PIXELS + digits.length);
  joined.set(asDigit(ink));
  joined.set(digits, PIXELS);
  return joined;
});

/** Which network to show and its k, which is the nearest one if there is no network for this k. */
function chosen(s, { errors }) {
  if (s.network === "nested") return { asset: "nested", k: s.k, line: "nested" };
  const sizes = Object.keys(errors[s.network] ?? errors.separate).map(Number);
  const k = sizes.reduce((best, size) => (Math.abs(Math.log(size / s.k)) < Math.abs(Math.log(best / s.k)) ? size : best));
  return { asset: `${s.network}-${k}`, k, line: s.network };
}

function through(net, x, k, kind) {
  const n = x.length / PIXELS, z = encodedBy[kind](net, x);
  return run(net, "decoder", leading(z, n, k), n);
}

function compute(s, data) {
  const { errors, images, most } = data.setup, { asset, k, line } = chosen(s, data.setup), few = Math.min(k, most);
  const digits = ten(data, s.digits), net = data.want(asset);
  if (!digits || !net) return null;
  const x = pictures(digits, s.ink), pca = through(data.asset("PCA"), x, few, "pca"), ours = through(net, x, k, "network");
  const numbers = { PCA: errors.PCA[few], autoencoder: errors[line][k] };
  let shown = `k = ${k}`;
  if (s.k !== k) shown = line === "separate" ? `k = ${s.k} has no network of its own; the nearest is shown, ${shown}` : `Your network has one size only, ${shown}`;
  let caption = `${shown}: ${PIXELS} pixels → ${k === 1 ? "1 number" : `${k} numbers`}, ${Math.round(PIXELS / k)} : 1 (${PIXELS} bytes → ${k} at 8 bits a number). `
    + `Test MSE: PCA${few < k ? ` with ${few}` : ""} ${numbers.PCA.toFixed(4)}, autoencoder ${numbers.autoencoder.toFixed(4)} (${(numbers.autoencoder / numbers.PCA).toFixed(2)} × PCA's).`;
  if (images.own) {
    [numbers["PCA, shown"], numbers["autoencoder, shown"]] = [pca, ours].map((rows) => meanSquare(rows, x));
    caption += ` MSE of the ${x.length / PIXELS} shown: PCA ${numbers["PCA, shown"].toFixed(4)}, autoencoder ${numbers["autoencoder, shown"].toFixed(4)}.`;
  }
  return { rows: { original: x, [`PCA-${few}`]: pca, [`autoencoder-${k}`]: ours }, numbers, caption, k, few, line };
}

function View(p) {
  const { s, data: { setup: { errors, images, most } }, out, caption } = p;
  const [drawing, draw] = useState(false);
  const networks = [["nested: one network, every k", "nested"], ["one network per k", "separate"]];
  if (errors.yours) networks.push(["yours", "yours"]);
  const series = Object.entries(errors).map(([name, line]) =>
    ({ name: NAMES[name], colour: COLOURS[name], x: Object.keys(line).map(Number), y: Object.values(line) }));
  const points = [{ x: out.few, y: out.numbers.PCA, colour: VERMILION }, { x: out.k, y: out.numbers.autoencoder, colour: COLOURS[out.line] }];
  return html`
    <${Row}><${Slider} p=${p} name="k" label="numbers in the code, k" min=${1} max=${most} />
      <${Menu} p=${p} name="network" label="network" options=${networks} /></${Row}>
    <${Row}><${NumberBox} p=${p} name="digits" label="set of ten ${images.noun}s" min=${0} max=${images.sets - 1} />
      <${Toggle} on=${drawing} set=${draw}>✎ draw your own</${Toggle}><${Training.Button} p=${p} /></${Row}>
    <${Row}>${drawing && html`<${Ink} p=${p} />`}<${Picture} rows=${out.rows} alt=${out.caption} />
      <div class="aecourse-chart"><${Curve} series=${series} points=${points} now=${out.k} xLog=${true} legend="low"
        title="Test error falls as the code grows" xLabel="numbers in the code, k (log scale)" yLabel="MSE per pixel (log scale)" /></div></${Row}>
    ${caption}
    <${Training} p=${p} />`;
}
View.placesCaption = true;
export default page({ compute, View });
