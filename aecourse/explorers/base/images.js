// The pictures that an explorer shows, in sets of ten. Python's side is base/shown_images.py.
import { rowsOf } from "./engine.js";

/** One set of ten (or fewer, if there are no more); null until it has come. */
export function ten(data, nth) {
  const { per_set: each, sets } = data.setup.images, near = data.asset("images").images;
  const place = Math.min(nth, sets - 1) * each;
  if (place + each <= near.shape[0]) return rowsOf(near, place, place + each);
  const all = data.want("all images");
  return all && rowsOf(all.images, place, place + each);
}
