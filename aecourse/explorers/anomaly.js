// One digit is normal, nine are not: set the threshold, see the false alarms and the anomalies missed.
import { html } from "./base/vendor/preact.js";
import { latest, run } from "./base/engine.js";
import { Menu, Picture, Row, Slider, brief, page, percent } from "./base/page.js";
import { BLUE, Histogram, VERMILION } from "./base/chart.js";
import { digitsAt } from "./base/images.js";

const PIXELS = 784;

/** The lowest threshold that at most this share of sorted scores exceeds. */
function thresholdAt(scores, share) {
  const alarms = Math.floor(share * scores.length * (1 + 2 ** -50)); // 0.07 · 100 and 0.7 · 10 round to either side of 7
  return scores[Math.max(scores.length - 1 - alarms, 0)];
}

/** How many of the sorted scores are not above the threshold. */
function upTo(scores, threshold) {
  let low = 0, high = scores.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (scores[middle] <= threshold) low = middle + 1; else high = middle;
  }
  return low;
}

/** The places of ten mistakes, evenly spread, after the first right ones if there are too few; and how many are mistakes. */
function spread(wrong, right, shown) {
  const count = Math.min(shown, wrong.length), step = count > 1 ? (wrong.length - 1) / (count - 1) : 0;
  const mistakes = Array.from({ length: count }, (_, i) => wrong[Math.round(i * step)]);
  return { places: [...[...right.slice(0, shown - count)].reverse(), ...mistakes], count };
}

/** Pictures, as they were restored, and where the error lies, each faded towards white. */
function judged(net, x, fades) {
  const restored = restoredBy(net, x), rows = [x, x, x].map(({ length }) => new Float32Array(length)), [seen, back, error] = rows;
  for (let i = 0; i < x.length; i++) {
    const fade = fades[Math.floor(i / PIXELS)], white = Math.min(1, Math.max(0, restored[i])), kept = 1 - fade;
    seen[i] = fade + kept * x[i];
    back[i] = fade + kept * white;
    error[i] = fade + kept * Math.abs(x[i] - white);
  }
  return rows;
}
function restoredBy(net, x) {
  const n = x.length / PIXELS;
  return run(net, "decoder", run(net, "encoder", x, n), n);
}

/** The label that occurs most often among some test digits, how often, and how often in all. */
function mostOften(labels, places) {
  const among = new Array(10).fill(0), all = new Array(10).fill(0);
  for (const place of places) among[labels[place]]++;
  for (const label of labels) all[label]++;
  const most = among.indexOf(Math.max(...among));
  return { most, "of most": among[most], "in all": all[most] };
}
const hills = latest((found, normal) => ({ // what the chart shows of one detector
  groups: [{ name: `${normal}: normal`, colour: BLUE, shares: found["normal shares"].data },
    { name: "all other digits", colour: VERMILION, shares: found["abnormal shares"].data }],
  edges: found.edges.data,
}));

function compute(s, data) {
  const found = data.want(`scores-${s.normal}-${s.scorer}-${s.score}`), net = data.want(`${s.scorer}-${s.normal}`);
  if (!found || !net) return null;
  const threshold = thresholdAt(found.valid.data, s.rate / 100), judge = data.setup.own ? ofOnesOwn : amongTestDigits;
  const judgement = judge(data, found, net, threshold);
  if (!judgement) return null;
  const { rows, numbers, quality, verdict } = judgement, name = data.setup.scorers.find(([scorer]) => scorer === s.scorer)[1];
  const caption = `${s.normal} is normal; ${name}${quality}. A threshold of ${brief(threshold, 3)} lets ${brief(s.rate)} % of the validation `
    + `${s.normal}s raise an alarm${verdict}`;
  return { rows, numbers, caption, histogram: { ...hills(found, s.normal), threshold } };
}

function ofOnesOwn(data, found, net, threshold) {
  const { own, pale } = data.setup, alarms = found.own.data.filter((score) => score > threshold).length;
  const fades = [...found["own shown"].data].map((score) => (score > threshold ? 0 : pale));
  const [yours, restored, error] = judged(net, data.asset("images").images.data, fades);
  const verdict = `: so do ${alarms} of your ${own.count} pictures. Pale: no alarm.`;
  return { rows: { yours, restored, error }, numbers: { threshold, alarms, pictures: own.count }, quality: "", verdict };
}

function amongTestDigits(data, found, net, threshold) {
  const { pale, shown } = data.setup, normals = found["normal places"].data, strangers = found["abnormal places"].data;
  const calm = upTo(found.normal.data, threshold), alarms = normals.length - calm, misses = upTo(found.abnormal.data, threshold);
  const kinds = [spread(normals.subarray(calm), normals.slice(0, calm).reverse(), shown),
    spread(strangers.slice(0, misses).reverse(), strangers.subarray(misses), shown)];
  const x = digitsAt(data, kinds.flatMap(({ places }) => places));
  if (!x) return null;
  const fades = kinds.flatMap(({ places, count }) => places.map((_, i) => (i < shown - count ? pale : 0)));
  const [seen, restored, error] = judged(net, x, fades), rows = {};
  ["false alarm", "missed"].forEach((name, kind) => {
    const half = (row) => row.subarray(kind * shown * PIXELS, (kind + 1) * shown * PIXELS), twice = " ".repeat(kind); // a name of its own
    Object.assign(rows, { [name + twice]: half(seen), [`restored${twice}`]: half(restored), [`error${twice}`]: half(error) });
  });
  const AUROC = found.AUROC.data[0], numbers = { AUROC, threshold, alarms, normal: normals.length, misses, others: strangers.length };
  if (misses) Object.assign(numbers, mostOften(data.asset("labels").labels.data, strangers.subarray(0, misses)));
  const which = misses ? `, most often ${numbers.most} (${numbers["of most"]} of ${numbers["in all"]})` : "";
  const verdict = `. On the test set: ${alarms} false alarms among ${normals.length} (${percent(alarms / normals.length, 1)}), ${misses} of `
    + `${strangers.length} strangers missed (${percent(misses / strangers.length, 1)})${which}.`
    + (fades.some(Boolean) ? " Pale digits were judged rightly." : "");
  return { rows, numbers, quality: `, AUROC ${AUROC.toFixed(3)}`, verdict };
}

function View(p) {
  const { s, data: { setup: { own, normals, scorers, scores, most, step } }, out } = p;
  const flipped = (named) => named.map(([value, name]) => [name, value]);
  return html`
    <${Row}>${normals.length > 1 && html`<${Menu} p=${p} name="normal" label="normal digit" options=${normals.map((digit) => [String(digit), digit])} />`}
      <${Menu} p=${p} name="scorer" label="scorer" options=${flipped(scorers)} />
      <${Menu} p=${p} name="score" label="score" options=${flipped(scores)} /></${Row}>
    <${Row}><${Slider} p=${p} name="rate" label="accepted false alarms (% of normal)" min=${0} max=${most} step=${step} /></${Row}>
    <${Row}><${Picture} rows=${out.rows} alt=${out.caption} columns=${own ? [] : ["slight\u00a0mistake", "→", "grave\u00a0mistake"]} />
      <div class="aecourse-chart"><${Histogram} ...${out.histogram} title="Where the hills overlap, it errs"
        xLabel="${scores.find(([power]) => power === s.score)[1]} (log scale)" yLabel="share of the group's test digits" /></div></${Row}>`;
}
export default page({ compute, View });
