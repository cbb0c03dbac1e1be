// Look for pictures like this one: by pixels, by code, by bits.
import { html, useState } from "./base/vendor/preact.js";
import { latest, rowsOf, run } from "./base/engine.js";
import { Menu, Picture, Row, Slider, Toggle, page } from "./base/page.js";
import { Ink, asDigit, inked } from "./base/ink.js";
import { one } from "./base/images.js";

const PIXELS = 784, FOUND = 10;
const COLUMNS = ["seen", ...Array.from({ length: FOUND }, (_, i) => String(i + 1))];

/** Places of the ten rows nearest to a query, nearest first; of rows equally near those that come first. */
function nearest({ data, shape: [count, width] }, query) {
  const found = new Array(FOUND).fill({ place: -1, far: Infinity });
  let limit = Infinity;
  for (let place = 0, at = 0; place < count; place++, at += width) {
    let far = 0; // the squared distance; four numbers at a time, until the row is too far
    for (let j = 0; j < width && far < limit; j += 4) {
      const a = data[at + j] - query[j], b = data[at + j + 1] - query[j + 1], c = data[at + j + 2] - query[j + 2], d = data[at + j + 3] - query[j + 3];
      far += a * a + b * b + (c * c + d * d);
    }
    if (far >= limit) continue;
    found.splice(found.findIndex((other) => other.far > far), 0, { place, far });
    found.pop();
    limit = found.at(-1).far;
  }
  return found.map(({ place }) => place);
}

/** A code as long as the rows of the index, which end in zeros. */
const filled = (z, { shape: [, width] }) => Float32Array.from({ length: width }, (_, i) => z[i] ?? 0);
const many = (count, noun) => `${count} ${noun}${count > 1 ? "s" : ""}`;

const drawn = latest((ink) => asDigit(ink));
const reordered = (row, { data: order }) => order.map((pixel) => row[pixel]);
/** The library with the pixels that vary most first, in place: a picture that is too far is then given up early. */
function sorted(library) {
  const { x, order, x: { shape: [count] } } = library;
  if (library.sorted) return library;
  for (let place = 0; place < count; place++) rowsOf(x, place).set(reordered(rowsOf(x, place), order));
  return Object.assign(library, { sorted: true });
}
const byPixels = latest(({ x: library, order }, x) => nearest(library, reordered(x, order)));
const inBits = latest(({ data, shape }, { data: limits }) => ({ data: data.map((v, at) => (v > limits[at % shape[1]] ? 1 : 0)), shape }));
const byCode = latest((network, { codes, thresholds, low, high }, x) => { // from the code, and from its bits alone
  const z = run(network, "encoder", x), above = z.map((v, i) => (v > thresholds.data[i] ? 1 : 0));
  const blunt = z.map((_, i) => (above[i] ? high : low).data[i]);
  return [
    { seen: run(network, "decoder", z), found: nearest(codes, filled(z, codes)) },
    { seen: run(network, "decoder", blunt), found: nearest(inBits(codes, thresholds), filled(above, codes)) }, // the squared distance is how many differ
  ];
});

/** What a search sees, then what it finds; wrong ones inverted. */
function pictured({ x: library, order: { data: order } }, { seen, found, right }) {
  const row = new Float32Array((1 + FOUND) * PIXELS);
  row.set(seen);
  found.forEach((place, i) => rowsOf(library, place).forEach((v, j) => {
    row[(i + 1) * PIXELS + order[j]] = right[i] === false ? 1 - v : v;
  }));
  return row;
}

function compute({ query, k, ink }, data) {
  const { images, labels, library: known, precision, asked, by } = data.setup;
  const [library, network, index] = ["library", `network-${k}`, `index-${k}`].map(data.want);
  const x = inked(ink) ? drawn(ink) : one(data, query);
  if (!library || !network || !index || !x) return null;
  sorted(library);
  const label = inked(ink) ? undefined : labels[query], whose = images.name[0].toUpperCase() + images.name.slice(1);
  const [byNumbers, byBits] = byCode(network, index, x);
  const searches = [
    { name: "pixels", kind: "pixels", size: many(PIXELS, "byte"), seen: x, found: byPixels(library, x) },
    { name: many(k, "number"), kind: "numbers", size: many(4 * k, "byte"), ...byNumbers },
    { name: many(k, "bit"), kind: "bits", size: many(Math.ceil(k / 8), "byte"), ...byBits },
  ];
  const rows = {}, numbers = {}, said = [], means = [];
  for (const search of searches) {
    const { name, kind, size, found } = search, those = found.map((place) => known[place]);
    search.right = those.map((other) => (label === undefined ? undefined : other === label));
    rows[`${name}: ${size}`] = pictured(library, search);
    if (label === undefined) {
      those.forEach((other, i) => { numbers[`${name}, ${i + 1}`] = Number(other); });
      said.push(`${name} ${those.join(" ")}`);
    } else {
      numbers[name] = search.right.filter(Boolean).length;
      numbers[`${name}, mean`] = FOUND * precision[k][kind];
      said.push(`${name} ${numbers[name]}`);
      means.push(numbers[`${name}, mean`].toFixed(1));
    }
  }
  const codes = by && ` The codes are those of ${by}.`, caption = label === undefined
    ? `${inked(ink) ? "Your drawing" : `${whose} ${query}`}. Labels of the ten found by ${said.join("; ")}.${codes}`
    : `${whose} ${query}, labelled ${label}. Same label among the ten found (others are inverted): ${said.join(", ")}. `
      + `Mean over ${asked.toLocaleString("en")} test digits: ${means[0]}, ${means[1]} and ${means[2]}.${codes}`;
  return { rows, numbers, caption };
}

function View(p) {
  const { data: { setup: { images, sizes } }, out, caption } = p, [drawing, draw] = useState(false);
  return html`
    <${Row}><${Slider} p=${p} name="query" label="${images.name} number" min=${0} max=${images.count - 1} />
      ${sizes.length > 1 && html`<${Menu} p=${p} name="k" label="numbers or bits in the code, k" options=${sizes.map((size) => [String(size), size])} />`}
      <${Toggle} on=${drawing} set=${draw}>✎ draw your own</${Toggle}></${Row}>
    <${Row}>${drawing && html`<${Ink} p=${p} />`}<${Picture} rows=${out.rows} columns=${COLUMNS} alt=${out.caption} /></${Row}>
    ${caption}`;
}
View.placesCaption = true;
export default page({ compute, View });
