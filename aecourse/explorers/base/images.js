// The pictures that an explorer shows, in sets of ten. Python's side is base/shown_images.py.
import { rowsOf } from "./engine.js";

/** One set of ten (or fewer, if there are no more); null until it has come. */
export function ten(data, nth) {
  const { per_set: each, sets } = data.setup.images, near = data.asset("images").images;
  const place = Math.min(nth, sets - 1) * each;
  if (place + each <= near.shape[0]) return view(near, place, place + each);
  const all = data.want("all images");
  return all && view(all.images, place, place + each);
}

function view(tensor, from, to = from + 1) { // the same array again, so that `latest` knows it
  const views = (tensor.views ??= {});
  return (views[`${from} ${to}`] ??= rowsOf(tensor, from, to));
}

/** One image by its number (784); null until it has come. */
export function one(data, place) {
  const { part } = data.setup.images, come = data.want(`pictures-${Math.floor(place / part)}`);
  return come && view(come.x, place % part);
}

/** An image by its number in words, "a 7", or "picture 12" if they are no digits; for one that has come. */
export function called(data, place) {
  const { part, noun, name } = data.setup.images;
  return noun === "digit" ? `a ${data.want(`pictures-${Math.floor(place / part)}`).y.data[place % part]}` : `${name} ${place}`;
}

/** Test digits by their places: of the few that came with the widget, else of all; null until those have come. */
export function digitsAt(data, places) {
  const near = data.asset("near digits"), rows = places.map((place) => near.places.data.indexOf(place)), far = rows.includes(-1);
  const found = far ? data.want("all digits") : near;
  if (!found) return null;
  const width = found.images.shape[1], x = new Float32Array(places.length * width);
  (far ? places : rows).forEach((row, i) => x.set(rowsOf(found.images, row), i * width));
  return x;
}
