// The pictures that an explorer shows, in sets of ten. Python's side is base/shown_images.py.
import { rowsOf } from "./engine.js";

export const PART = 500; // pictures come so many at once
const KEPT = 8; // sets that were put together

/** One set of ten (or fewer, if there are no more); null until it has come. */
export function ten(data, nth) {
  const { per_set: each, sets } = data.setup.images, near = data.asset("images").images, set = Math.min(nth, sets - 1);
  if ((set + 1) * each <= near.shape[0]) return view(near, set * each, (set + 1) * each);
  const all = data.want("sets");
  return all && again(all, set, () => many(data, [...rowsOf(all.places, set)]));
}

/** What was made of one set, the same array again, as long as it is among the latest few. */
function again(all, set, make) {
  const shown = (all.shown ??= new Map());
  if (!shown.has(set)) {
    const made = make();
    if (!made) return null;
    if (shown.size >= KEPT) shown.delete(shown.keys().next().value);
    shown.set(set, made);
  }
  return shown.get(set);
}

function view(tensor, from, to = from + 1) { // the same array again, so that `latest` knows it
  const views = (tensor.views ??= {});
  return (views[`${from} ${to}`] ??= rowsOf(tensor, from, to));
}

/** Images by their numbers, one below the other; null until all have come. */
function many(data, places, name = "pictures") {
  const parts = places.map((place) => data.want(`${name}-${Math.floor(place / PART)}`));
  return parts.every(Boolean) ? stacked(parts.map(({ x }, i) => rowsOf(x, places[i] % PART))) : null;
}

function stacked(rows) {
  const x = new Float32Array(rows.length * (rows[0]?.length ?? 0));
  rows.forEach((row, i) => x.set(row, i * row.length));
  return x;
}

/** One image by its number (784); null until it has come. */
export function one(data, place) {
  const come = data.want(`pictures-${Math.floor(place / PART)}`);
  return come && view(come.x, place % PART);
}

/** An image by its number in words, "a 7", or "picture 12" if they are no digits; for one that has come. */
export function called(data, place) {
  const { noun, name } = data.setup.images;
  return noun === "digit" ? `a ${data.want(`pictures-${Math.floor(place / PART)}`).y.data[place % PART]}` : `${name} ${place}`;
}

/** Test digits by their places: of the few that came with the widget, else of all; null until those have come. */
export function digitsAt(data, places) {
  const near = data.asset("near digits"), rows = places.map((place) => near.places.data.indexOf(place));
  return rows.includes(-1) ? many(data, places, "digits") : stacked(rows.map((row) => rowsOf(near.images, row)));
}
