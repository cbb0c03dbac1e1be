// One digit is normal, nine are not: set the threshold, see the false alarms and the anomalies missed.
import { html } from "./base/vendor/preact.js";
import { latest, rowsOf, run } from "./base/engine.js";
import { Menu, Picture, Row, Slider, brief, page, percent } from "./base/page.js";
import { BLUE, Histogram, VERMILION } from "./base/chart.js";
import { digitsAt } from "./base/images.js";

const PIXELS = 784, BINS = 48, MOST_KNOWN = 2000;

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
function judged(net, x, places, fades) {
  const restored = restoredBy(net, x, places), rows = [x, x, x].map(({ length }) => new Float32Array(length)), [seen, back, error] = rows;
  for (let i = 0; i < x.length; i++) {
    const fade = fades[Math.floor(i / PIXELS)], white = Math.min(1, Math.max(0, restored[i])), kept = 1 - fade;
    seen[i] = fade + kept * x[i];
    back[i] = fade + kept * white;
    error[i] = fade + kept * Math.abs(x[i] - white);
  }
  return rows;
}
function restoredBy(net, x, places) { // each picture once: the slider comes back to many
  const known = (net.restored ??= new Map());
  if (known.size > MOST_KNOWN) known.clear();
  const fresh = [...places.keys()].filter((i) => !known.has(places[i])), some = new Float32Array(fresh.length * PIXELS);
  fresh.forEach((i, nth) => some.set(x.subarray(i * PIXELS, (i + 1) * PIXELS), nth * PIXELS));
  const restored = run(net, "decoder", run(net, "encoder", some, fresh.length), fresh.length), all = new Float32Array(x.length);
  fresh.forEach((i, nth) => known.set(places[i], restored.subarray(nth * PIXELS, (nth + 1) * PIXELS)));
  places.forEach((place, i) => all.set(known.get(place), i * PIXELS));
  return all;
}

/** The label that occurs most often among some test digits, how often, and how often in all. */
function mostOften(labels, places) {
  const among = new Array(10).fill(0), all = new Array(10).fill(0);
  for (const place of places) among[labels[place]]++;
  for (const label of labels) all[label]++;
  const most = among.indexOf(Math.max(...among));
  return { most, "of most": among[most], "in all": all[most] };
}

/** All test digits by their scores, the normal ones and the strangers, lowest first, and what the chart shows of them. */
const sorted = latest((found, { labels: { data: labels }, lengths }, normal, power) => {
  const divisors = power ? rowsOf(lengths, power === 1 ? 1 : 0) : null, scores = found.test.data.map((error, i) => (divisors ? error / divisors[i] : error));
  const order = Uint32Array.from(scores.keys()).sort((a, b) => scores[a] - scores[b] || a - b), edges = logBins(scores[order[0]], scores[order.at(-1)]);
  const group = (kind) => {
    const places = order.filter((place) => (labels[place] === normal) === kind), ranked = Float32Array.from(places, (place) => scores[place]);
    return { places, scores: ranked, shares: sharesIn(ranked, edges) };
  };
  return { normals: group(true), strangers: group(false), edges };
});

/** Edges of equally wide bins of log score that hold all scores, or of score if one is 0 or below. */
function logBins(least, most) {
  const along = Array.from({ length: BINS + 1 }, (_, i) => i / BINS), margin = 0.001 * (most - least) || 1;
  if (least <= 0) return along.map((share) => least + share * (most + margin - least));
  return along.map((share) => least * 0.999 * ((most * 1.001) / (least * 0.999)) ** share);
}

/** The share of sorted scores in each bin. */
function sharesIn(scores, edges) {
  const below = edges.map((edge) => upTo(scores, edge) / scores.length);
  return below.slice(1).map((share, i) => share - below[i]);
}

function compute(s, data) {
  const found = data.want(`errors-${s.normal}-${s.scorer}`), net = data.want(`${s.scorer}-${s.normal}`);
  if (!found || !net) return null;
  const nth = data.setup.scores.findIndex(([power]) => power === s.score), digits = sorted(found, data.asset("test set"), s.normal, s.score);
  const threshold = thresholdAt(rowsOf(found.valid, nth), s.rate / 100), judge = data.setup.own ? ofOnesOwn : amongTestDigits;
  const judgement = judge({ data, found, nth, digits, net, threshold });
  if (!judgement) return null;
  const { rows, numbers, quality, verdict } = judgement, name = data.setup.scorers.find(([scorer]) => scorer === s.scorer)[1];
  const caption = `${s.normal} is normal; ${name}${quality}. A threshold of ${brief(threshold, 3)} lets ${brief(s.rate)} % of the validation `
    + `${s.normal}s raise an alarm${verdict}`;
  const groups = [{ name: `${s.normal}: normal`, colour: BLUE, shares: digits.normals.shares },
    { name: "all other digits", colour: VERMILION, shares: digits.strangers.shares }];
  return { rows, numbers, caption, histogram: { groups, edges: digits.edges, threshold } };
}

function ofOnesOwn({ data, found, nth, net, threshold }) {
  const { own, pale } = data.setup, alarms = rowsOf(found.own, nth).filter((score) => score > threshold).length;
  const fades = [...rowsOf(found["own shown"], nth)].map((score) => (score > threshold ? 0 : pale));
  const [yours, restored, error] = judged(net, data.asset("images").images.data, [...fades.keys()], fades);
  const verdict = `: so do ${alarms} of your ${own.count} pictures. Pale: no alarm.`;
  return { rows: { yours, restored, error }, numbers: { threshold, alarms, pictures: own.count }, quality: "", verdict };
}

function amongTestDigits({ data, found, nth, digits, net, threshold }) {
  const { pale, shown } = data.setup, normals = digits.normals.places, strangers = digits.strangers.places;
  const calm = upTo(digits.normals.scores, threshold), alarms = normals.length - calm, misses = upTo(digits.strangers.scores, threshold);
  const kinds = [spread(normals.subarray(calm), normals.slice(0, calm).reverse(), shown),
    spread(strangers.slice(0, misses).reverse(), strangers.subarray(misses), shown)];
  const among = kinds.flatMap(({ places }) => places), x = digitsAt(data, among);
  if (!x) return null;
  const fades = kinds.flatMap(({ places, count }) => places.map((_, i) => (i < shown - count ? pale : 0)));
  const [seen, restored, error] = judged(net, x, among, fades), rows = {};
  ["false alarm", "missed"].forEach((name, kind) => {
    const half = (row) => row.subarray(kind * shown * PIXELS, (kind + 1) * shown * PIXELS), twice = " ".repeat(kind); // a name of its own
    Object.assign(rows, { [name + twice]: half(seen), [`restored${twice}`]: half(restored), [`error${twice}`]: half(error) });
  });
  const AUROC = found.AUROC.data[nth], numbers = { AUROC, threshold, alarms, normal: normals.length, misses, others: strangers.length };
  if (misses) Object.assign(numbers, mostOften(data.asset("test set").labels.data, strangers.subarray(0, misses)));
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
      <div class="aecourse-chart"><${Histogram} ...${out.histogram} title="Where the two histograms overlap, it errs"
        xLabel="${scores.find(([power]) => power === s.score)[1]} (log scale)" yLabel="share of the group's test digits" /></div></${Row}>`;
}
export default page({ compute, View });
