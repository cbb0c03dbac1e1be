// Nudge a picture and watch whether its code moves; a slider says how much contraction the encoder was trained with.
import { html } from "./base/vendor/preact.js";
import { latest, run } from "./base/engine.js";
import { Menu, NumberBox, Picture, Row, Slider, Steps, page } from "./base/page.js";
import { BLACK, BLUE, Curve, VERMILION } from "./base/chart.js";
import { one } from "./base/images.js";
import { eigen, gram } from "./base/eigen.js";
import { Training } from "./base/training.js";

const UNCONTRACTED = "contractive-0", RANKS = [1, 2, 3, 10, 200]; // the directions of J on the menu
const ROWS = ["picture x", "code z, 16 × 16", "restored x̂"];
const SIDE = 28, TILE = 112, GAP = 8; // a tile is 4 × 28 pixels, or 7 × 16

const norm = (values) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0));
const minus = (a, b) => a.map((v, i) => v - b[i]);
const unit = (values) => { const length = Math.max(norm(values), 1e-12); return values.map((v) => v / length); };
const slopesOf = (z) => Float64Array.from(z, (v) => v * (1 - v)); // of the sigmoids
const matrixOf = (net) => net[net.layers.encoder[0].weight];

/** Singular values of J = diag(z(1 − z)) W at x, through J Jᵀ, and `right(rank)`, a right singular vector. */
function jacobianOf(net, x) {
  const { data: W, shape: [k, width] } = matrixOf(net), slopes = slopesOf(run(net, "encoder", x));
  net.gram ??= gram(matrixOf(net));
  const { values, vector } = eigen(net.gram.map((v, i) => v * slopes[Math.floor(i / k)] * slopes[i % k]), k);
  const right = latest((rank) => {
    const left = vector(rank), found = new Float64Array(width);
    for (let i = 0; i < k; i++) for (let j = 0; j < width; j++) found[j] += left[i] * slopes[i] * W[i * width + j];
    const largest = found.reduce((most, v) => (Math.abs(v) > Math.abs(most) ? v : most), 0); // it has no sign of its own
    return unit(found.map((v) => v * Math.sign(largest)));
  });
  return { sigma: values.map((v) => Math.sqrt(Math.max(0, v))), right };
}
const jacobians = {}; // the last one of each network
const jacobian = (name, net, x) => (jacobians[name] ??= latest(jacobianOf))(net, x);

/** A picture turned or slanted: where each pixel comes from, by bilinear interpolation; black comes in. */
function bent(x, [[a, b], [c, d]]) {
  const middle = (SIDE - 1) / 2, inside = (i) => i >= 0 && i < SIDE;
  return x.map((_, i) => {
    const over = (i % SIDE) - middle, down = Math.floor(i / SIDE) - middle;
    const column = middle + a * over + b * down, row = middle + c * over + d * down, left = Math.floor(column), top = Math.floor(row);
    let sum = 0;
    for (const r of [top, top + 1]) for (const q of [left, left + 1]) {
      if (inside(r) && inside(q)) sum += x[r * SIDE + q] * (1 - Math.abs(row - r)) * (1 - Math.abs(column - q));
    }
    return sum;
  });
}
const shifted = (x) => x.map((_, i) => (i % SIDE ? x[i - 1] : 0)); // one pixel to the right

/** The direction of the nudge, of length 1; null until its picture has come. */
function nudge({ weights, direction, digit }, x, net, data) {
  const fixed = data.asset("directions")[direction], bend = data.setup.bends[direction];
  if (fixed) return fixed.data;
  if (RANKS.includes(direction)) return jacobian(weights, net, x).right(direction);
  const from = direction === "other" ? one(data, data.asset("others").others.data[digit]) : x;
  return from && unit(minus(bend ? bent(from, bend) : shifted(from), from));
}

function compute(s, data) {
  const { amount, weights, direction, digit } = s, { strengths, brighter, directions, images } = data.setup;
  const x = one(data, digit), [net, free] = [weights, UNCONTRACTED].map(data.want);
  Object.keys(strengths).forEach(data.want); // before they are needed: then the slider works without a kernel, too
  const way = x && net && nudge(s, x, net, data);
  if (!way) return null;
  const moved = x.map((v, i) => v + amount * way[i]), z = [x, moved].map((image) => run(net, "encoder", image));
  const parts = { x: [x, moved], z, x_hat: z.map((code) => run(net, "decoder", code)) };
  const change = Object.fromEntries(Object.entries(parts).map(([name, [before, after]]) => [name, minus(after, before)]));
  const numbers = Object.fromEntries(Object.entries(change).map(([name, by]) => [`‖Δ${name}‖`, norm(by)]));
  const { sigma } = jacobian(weights, net, x), { sigma: freely } = jacobian(UNCONTRACTED, free, x);
  const gain = (numbers.gain = amount ? numbers["‖Δz‖"] / Math.abs(amount) : limit(net, z[0], way));
  const far = [...sigma].map((v) => Math.abs(Math.log(Math.max(v, 1e-9)) - Math.log(Math.max(gain, 1e-9))));
  numbers.place = RANKS.includes(direction) ? direction : far.indexOf(Math.min(...far)) + 1;
  numbers["‖J‖"] = norm(sigma);
  for (const rank of RANKS) [numbers[`σ ${rank}`], numbers[`σ ${rank}, λ = 0`]] = [sigma[rank - 1], freely[rank - 1]];
  const shown = Object.keys(parts).map((name) => [...parts[name], change[name].map((v) => brighter * Math.abs(v))]);
  const name = directions.find(([, which]) => which === direction)[0];
  const along = RANKS.includes(direction) ? `along ${name.replace(/… (.+)/, "the $1 fastest direction")}` : `by ${name}`;
  const length = (Math.sign(amount) * numbers["‖Δx‖"]).toFixed(1).replace("-", "−"); // −4.0: as far, the other way
  const caption = `λ = ${strengths[weights]}, nudge of length ${length} ${along}: the code moves by `
    + `${numbers["‖Δz‖"].toFixed(2)}, so ‖Δz‖/‖Δx‖ = ${gain.toFixed(3)}; the reconstruction moves by ${numbers["‖Δx_hat‖"].toFixed(2)}. `
    + `At this ${images.noun} ‖J‖ = ${numbers["‖J‖"].toFixed(2)}.`;
  return { rows: Object.fromEntries(shown.map((row, i) => [ROWS[i], joined(row)])), numbers, caption, shown, sigma, freely };
}

/** ‖J v‖, what ‖Δz‖/‖Δx‖ comes to as the nudge becomes short. */
function limit(net, z, v) {
  const { data: W, shape: [k, width] } = matrixOf(net), slopes = slopesOf(z);
  return norm(Float64Array.from({ length: k }, (_, i) => slopes[i] * v.reduce((sum, part, j) => sum + part * W[i * width + j], 0)));
}

function joined(images) {
  const row = new Float32Array(images.length * images[0].length);
  images.forEach((image, i) => row.set(image, i * image.length));
  return row;
}

/** Rows of square images of different sizes, all enlarged to one size. */
function tiled(rows) {
  const across = Math.max(...rows.map((row) => row.length)), width = across * (TILE + GAP) - GAP, height = rows.length * (TILE + GAP) - GAP;
  const gray = new Uint8ClampedArray(width * height).fill(255);
  rows.forEach((row, r) => row.forEach((image, c) => {
    const side = Math.sqrt(image.length), scale = TILE / side;
    for (let y = 0; y < TILE; y++) for (let x = 0; x < TILE; x++) {
      const value = image[Math.floor(y / scale) * side + Math.floor(x / scale)];
      gray[(r * (TILE + GAP) + y) * width + c * (TILE + GAP) + x] = Math.floor(Math.min(1, Math.max(0, value)) * 255 + 0.5);
    }
  }));
  return { gray, width, height };
}

/** The singular values of J without contraction and with the λ chosen, and this nudge among them. */
function Spectrum({ weights, strengths, smallest, out: { numbers, sigma, freely } }) {
  const line = (name, colour, values) => {
    const ranks = [...values.keys()].map((i) => i + 1).filter((k) => k < 16 || k % 8 === 0); // as many points as the eye needs
    const x = ranks.filter((k) => values[k - 1] > smallest);
    return { name: `λ = ${strengths[name]}`, colour, x, y: x.map((k) => values[k - 1]) };
  };
  const series = [line(UNCONTRACTED, BLACK, freely)];
  if (weights !== UNCONTRACTED) series.push(line(weights, BLUE, sigma));
  const points = [{ x: numbers.place, y: Math.max(numbers.gain, smallest), colour: VERMILION }];
  return html`<${Curve} series=${series} points=${points} xLog=${true} legend="low" title="How fast the code follows: ● this nudge"
    xLabel="direction, the fastest first (log scale)" yLabel="singular value of J (log scale)" />`;
}

function View(p) {
  const { s, out, caption } = p, { images, strengths, directions, brighter, smallest } = p.data.setup;
  const lambdas = Object.entries(strengths).map(([name, value]) => [value, name]), columns = ["before", "after the nudge", `change × ${brighter}`];
  return html`
    <${Row}><${Steps} p=${p} name="weights" label="contraction λ" options=${lambdas} />
      <${Menu} p=${p} name="direction" label="nudge" options=${directions} />
      <${NumberBox} p=${p} name="digit" label=${images.name} min=${0} max=${images.count - 1} /></${Row}>
    <${Row}><${Slider} p=${p} name="amount" label="length of the nudge, ‖Δx‖" min=${-4} max=${4} step=${0.1} /><${Training.Button} p=${p} /></${Row}>
    <${Row}><div class="aecourse-tall"><${Picture} names=${ROWS} columns=${columns} picture=${tiled(out.shown)} alt=${out.caption} /></div>
      <div class="aecourse-chart"><${Spectrum} weights=${s.weights} ...${{ strengths, smallest, out }} /></div></${Row}>
    ${caption}
    <${Training} p=${p} />`;
}
View.placesCaption = true;
export default page({ compute, View });
