// Many units, few of them active: what each draws, which digits use it, and which atoms build a digit.
import { html } from "./base/vendor/preact.js";
import { latest, meanSquare, rowsOf, run } from "./base/engine.js";
import { Menu, NumberBox, Picture, Row, Slider, Steps, mosaic, page, percent } from "./base/page.js";
import { BLUE, Curve } from "./base/chart.js";
import { PART, digitsAt, ten } from "./base/images.js";
import { Tiles } from "./base/tiles.js";
import { Training } from "./base/training.js";

const PIXELS = 784, SHOWN = 10;
const ROWS = 5, COLUMNS = 10, PAGE = ROWS * COLUMNS; // atoms on the map at once
const SYMBOLS = { l1: "L1, λ", kl: "KL, ρ", topk: "top-k, k" };
const MENU = [["L1 activity penalty", "l1"], ["KL to a target activity", "kl"], ["top-k", "topk"]];

/** A network whose atoms, stored as steps of each pixel, are made ready once: (units × 784), of length 1, except with KL; zeros make whole fours. */
function ready(net, penalty) {
  if (net.lengths) return net;
  const { data: stored, shape: [units] } = net.atoms, steps = net.steps.data, lengths = new Float64Array(units).fill(1);
  const data = net.atoms.data = new Float32Array(4 * Math.ceil(units / 4) * PIXELS);
  data.set(stored);
  for (let u = 0; u < units; u++) {
    let sum = 0;
    for (let j = 0, at = u * PIXELS; j < PIXELS; j++, at++) sum += (data[at] *= steps[j]) ** 2;
    if (penalty === "kl") lengths[u] = Math.sqrt(sum);
    else for (let j = 0, at = u * PIXELS, length = Math.sqrt(sum); j < PIXELS; j++, at++) data[at] /= length;
  }
  return Object.assign(net, { lengths, units });
}
const encoded = latest((net, x) => run(net, "encoder", x, x.length / PIXELS));

/** The bias plus the atoms, each times the activity of its unit; four units at a time, and inactive units cost nothing. */
const decoded = latest(({ units, bias, atoms: { data: A } }, z) => {
  const n = z.length / units, x = new Float32Array(n * PIXELS);
  for (let i = 0; i < n; i++) x.set(bias.data, i * PIXELS);
  for (let u = 0; u < units; u += 4) for (let i = 0, at = u; i < n; i++, at += units) {
    const e = z[at], f = z[at + 1] || 0, g = z[at + 2] || 0, h = z[at + 3] || 0, a = u * PIXELS, b = a + PIXELS, c = b + PIXELS, d = c + PIXELS, to = i * PIXELS;
    if (e || f || g || h) for (let j = 0; j < PIXELS; j++) x[to + j] += e * A[a + j] + f * A[b + j] + g * A[c + j] + h * A[d + j];
  }
  return x;
});

/** The units that add most to one digit, and the picture after each is added. */
const takenApart = latest((net, z, digit) => {
  const own = z.subarray(digit * net.units, (digit + 1) * net.units), share = own.map((v, u) => v * net.lengths[u]);
  const strongest = [...share.keys()].sort((a, b) => share[b] - share[a]).slice(0, SHOWN), sums = new Float32Array(SHOWN * PIXELS);
  let sum = net.bias.data;
  strongest.forEach((unit, i) => {
    const atom = rowsOf(net.atoms, unit);
    sum = sum.map((v, j) => v + own[unit] * atom[j]);
    sums.set(sum, i * PIXELS);
  });
  return { own, strongest, sums };
});

/** Atoms, rows of positive and negative numbers, as pictures whose mid-gray is 0. */
function drawn({ atoms }, units) {
  const x = new Float32Array(units.length * PIXELS);
  units.forEach((unit, i) => {
    const atom = rowsOf(atoms, unit), most = atom.reduce((best, v) => Math.max(best, Math.abs(v)), 1e-9);
    x.set(atom.map((v) => 0.5 + (0.5 * v) / most), i * PIXELS);
  });
  return x;
}
const mapOf = latest((net, first) => {
  const units = Array.from({ length: Math.min(PAGE, net.units - first) }, (_, i) => first + i), x = new Float32Array(PAGE * PIXELS).fill(1);
  x.set(drawn(net, units)); // the last page is not full
  return mosaic(Array.from({ length: ROWS }, (_, row) => x.subarray(row * COLUMNS * PIXELS, (row + 1) * COLUMNS * PIXELS)));
});

/** What is counted; above another threshold than the penalty's own, the shares are those of the sample. */
function counted(s, { scores, usual, sample }, { own, sums }, counts, x) {
  const numbers = { ...scores[s.penalty][s.strictness - 1] };
  if (s.threshold !== usual[s.penalty]) {
    numbers.active = counts.reduce((a, b) => a + b) / counts.length / sample;
    numbers.dead = counts.filter((count) => count === 0).length / counts.length;
  }
  numbers.activates = own.reduce((count, v) => count + (v > Math.fround(s.threshold)), 0);
  numbers.alone = meanSquare(sums.subarray((SHOWN - 1) * PIXELS), x.subarray(s.digit * PIXELS, (s.digit + 1) * PIXELS));
  return { ...numbers, uses: counts[s.atom] };
}

const capital = (words) => words[0].toUpperCase() + words.slice(1);
function inWords(s, { positions, usual, sample, users, yours }, { units }, { MSE, active, dead, activates, alone, uses }, one, strongest) {
  const many = sample.toLocaleString("en"), ofSample = s.threshold === usual[s.penalty] ? "" : ` of ${many}`;
  const above = s.threshold > 0 ? ` (activity above ${s.threshold}${s.penalty === "kl" ? "; below, they whisper" : ""})` : "";
  return `${yours && `${capital(yours)}, `}${SYMBOLS[s.penalty]} = ${positions[s.penalty][s.strictness - 1]}: test MSE ${MSE.toFixed(4)}, `
    + `${percent(active, 1)} of ${units} units active for a digit${ofSample}${above}, ${percent(dead, 1)} dead. `
    + `${capital(one)} activates ${activates}; the ten strongest, from the left, are ${strongest.join(", ")} `
    + `(MSE with these alone ${alone.toFixed(4)}). Atom ${s.atom} is active for ${percent(uses / sample, 1)} of ${many} test digits`
    + (uses ? `; beside it the ${Math.min(users, uses)} that use it most.` : ": nobody uses it.");
}

function compute(s, data) {
  const { setup, setup: { images: { noun }, thresholds, users } } = data;
  for (let part = 0; part < setup.sample / PART; part++) data.want(`digits-${part}`); // the users of all other atoms need them
  const stored = data.want(`${s.penalty}-${s.strictness}`), x = ten(data, s.digits);
  if (!stored || !x) return null;
  const net = ready(stored, s.penalty), z = encoded(net, x), apart = takenApart(net, z, s.digit);
  const numbers = counted(s, setup, apart, rowsOf(net.uses, thresholds.indexOf(s.threshold)), x);
  const fans = digitsAt(data, [...rowsOf(net.users, s.atom).subarray(0, Math.min(users, numbers.uses))]);
  if (!fans) return null;
  const look = new Float32Array(PIXELS + fans.length), one = noun === "digit" ? `the ${s.digit}` : `picture ${s.digit} of the ten`;
  look.set(drawn(net, [s.atom]));
  look.set(fans, PIXELS);
  const rows = {
    [`ten ${noun}s`]: x, restored: decoded(net, z), [`strongest atoms of ${one}`]: drawn(net, apart.strongest),
    "their sum so far": apart.sums, [`atom ${s.atom}, and who uses it`]: look,
  };
  const names = [`ten ${noun}s`, "restored", `atoms of ${one.replace(" of the ten", "")}`, "their sum so far", `atom ${s.atom}, its users`];
  const first = s.atom - (s.atom % PAGE), last = net.units - 1;
  const map = { picture: mapOf(net, first), rows: ROWS, columns: COLUMNS, first, last, until: Math.min(last, first + PAGE - 1) };
  const chart = { name: "all units", colour: BLUE, x: [...net.activity.data], y: [...net.share.data] };
  return { rows, names, numbers, caption: inWords(s, setup, net, numbers, one, apart.strongest), map, chart };
}

function View(p) {
  const { s, set, data: { setup: { images, thresholds, usual, yours } }, out: { rows, names, map, chart, caption: words }, caption } = p;
  const reach = Math.max(1, Math.ceil(chart.x.at(-1))), column = (grow, width) => `flex:${grow} 1 ${width}px; min-width:min(280px, 100%)`;
  const choosing = { ...p, set(name, value) { // another penalty brings its own threshold, unless that was moved
    if (s.threshold === usual[s.penalty]) set("threshold", usual[value]);
    set(name, value);
  } };
  return html`
    <${Row}>${!yours && html`<${Menu} p=${choosing} name="penalty" label="penalty" options=${MENU} />
      <${Slider} p=${p} name="strictness" label="strictness" min=${1} max=${3} />`}
      <${Steps} p=${p} name="threshold" label="active: activity above" options=${thresholds.map((value) => [String(value), value])} /></${Row}>
    <${Row}><${NumberBox} p=${p} name="digits" label="set of ten ${images.noun}s" min=${0} max=${images.sets - 1} />
      <${NumberBox} p=${p} name="digit" label="${images.noun} to take apart" min=${0} max=${images.per_set - 1} />
      <${NumberBox} p=${p} name="atom" label="atom to look at" min=${0} max=${map.last} /><${Training.Button} p=${p} /></${Row}>
    <${Row} class="aecourse-top"><div style=${column(5, 520)}><${Picture} ...${{ rows, names, alt: words }} />${caption}</div>
      <div style=${column(3, 300)}><p class="aecourse-caption"><b>What the units draw</b>, the most used first: atoms ${map.first} to ${map.until},
          row by row. Click one: atom ${s.atom} is framed.</p>
        <${Tiles} ...${map} at=${s.atom} choose=${(unit) => set("atom", unit)} label="Map of atoms: click one, or use the arrow keys"
          alt="atoms ${map.first} to ${map.until}" />
        <${Curve} series=${[chart]} range=${[0, reach]} now=${s.threshold <= reach ? s.threshold : null} title="Most units are silent, or nearly"
          xLabel="activity of a unit, z" yLabel="share of activities (log scale)" /></div></${Row}>
    <${Training} p=${p} />`;
}
View.placesCaption = true;
export default page({ compute, View });
