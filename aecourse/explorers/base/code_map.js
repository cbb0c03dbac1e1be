// A map of the codes of many images: which codes lie near a point, and the widget to choose one. Python's part is base/code_map.py.
import { html } from "./vendor/preact.js";
import { Slider } from "./page.js";
import { Point } from "./point.js";

const LOOKED_AT = 20; // nearest codes whose labels are counted

/** The square of the distance to the nearest of some codes, in sides of the map. */
export function nearest({ data: codes }, [z1, z2], [wide, high]) {
  let least = Infinity;
  for (let i = 0; i < codes.length; i += 2) {
    const right = (codes[i] - z1) / wide, up = (codes[i + 1] - z2) / high, distance = right * right + up * up;
    if (distance < least) least = distance;
  }
  return least;
}

/** The commonest label of the nearest codes: {label, share: of them, count: how many they are}. */
export function neighbourhood({ codes: { data: codes }, labels: { data: labels } }, [z1, z2], [wide, high]) {
  const count = Math.min(LOOKED_AT, labels.length), distances = new Float64Array(count).fill(Infinity), near = new Float64Array(count);
  for (let i = 0; i < labels.length; i++) {
    const right = (codes[2 * i] - z1) / wide, up = (codes[2 * i + 1] - z2) / high, distance = right * right + up * up;
    let place = count - 1;
    if (distance >= distances[place]) continue;
    for (; place > 0 && distance < distances[place - 1]; place--) { distances[place] = distances[place - 1]; near[place] = near[place - 1]; }
    distances[place] = distance; near[place] = labels[i];
  }
  const counts = new Map();
  for (const label of near.sort()) counts.set(label, (counts.get(label) ?? 0) + 1);
  const label = [...counts.keys()].reduce((best, other) => (counts.get(other) > counts.get(best) ? other : best));
  return { label, share: counts.get(label) / count, count };
}

/** What an image with a label is: "a 7", or, of other classes, their name. */
export const called = ({ names }, label) => (names.length ? `“${names[label]}”` : `a ${label}`);

/** How long the sides of a map are. */
export const sidesOf = ({ low, high }) => [high[0] - low[0], high[1] - low[1]];

/** Set both numbers of the code, within the map. */
export function moveTo(p, { low, high, digits }, z) {
  z.forEach((value, i) => p.set(`z${i + 1}`, Number(Math.min(high[i], Math.max(low[i], value)).toFixed(digits))));
}

/** The map itself; `children` are SVG in z₁ and −z₂. */
export function CodeMap({ p, frame, label, background, picture, children }) {
  const { low: [left, bottom], high: [, top] } = frame, [wide, high] = sidesOf(frame);
  return html`<${Point} ...${{ label, background, picture }} at=${[(p.s.z1 - left) / wide, (top - p.s.z2) / high]}
      choose=${(right, down) => moveTo(p, frame, [left + right * wide, top - down * high])}>
    ${children && html`<svg viewBox="${left} ${-top} ${wide} ${high}" preserveAspectRatio="none" aria-hidden="true">${children}</svg>`}</${Point}>`;
}

/** A slider for each number of the code. */
export const CodeSliders = ({ p, frame: { low, high, steps } }) => ["z1", "z2"].map((name, i) =>
  html`<${Slider} p=${p} name=${name} label=${["z₁", "z₂"][i]} min=${low[i]} max=${high[i]} step=${steps[i]} />`);
