// A map of all digits on which every place can be decoded.
import { html } from "./base/vendor/preact.js";
import { run } from "./base/engine.js";
import { Picture, Row, page, percent } from "./base/page.js";
import { CodeMap, CodeSliders, called, nearest, neighbourhood, sidesOf } from "./base/code_map.js";

const LABEL = "Map of the codes: hover, drag or use the arrow keys; a click pins";

function compute({ z1, z2 }, data) {
  const { frame, near, labelled, images, learnt, plane: { numbers, share: held } } = data.setup, z = [z1, z2], sides = sidesOf(frame);
  const decoded = run(data.asset("decoder"), "decoder", numbers ? lifted(z, data.asset("plane")) : Float32Array.from(z));
  let place = `z = (${z.map((value) => value.toFixed(frame.digits)).join(", ")})`;
  if (numbers) place += ` on the first two principal components of ${numbers} code numbers, which hold ${percent(held)} of their variance`;
  const result = (numbers, words) => ({ rows: { decoded }, numbers, caption: `${place}: ${words}` });
  if (nearest(data.asset("taught").codes, z, sides) > near * near)
    return result({ hole: 1 }, `a hole. No ${learnt} has a code near here, so nothing taught the decoder what to draw.`);
  if (!labelled) return result({ hole: 0 }, `${learnt}s have their codes near here.`);
  const { label, share, count } = neighbourhood(data.asset("map"), z, sides);
  return result({ hole: 0, label, share }, `${percent(share)} of the ${count} nearest ${images.name}s are ${called(images, label)}.`);
}

/** A place on the plane of two principal components as a code: the mean, and so much of each. */
function lifted([z1, z2], { mean: { data: mean }, components: { data: components } }) {
  return Float32Array.from(mean, (value, i) => value + z1 * components[i] + z2 * components[mean.length + i]);
}

function View(p) {
  const { data, out, caption } = p, { frame } = data.setup;
  return html`<${Row}>
    <${CodeMap} p=${p} frame=${frame} label=${LABEL} background=${data.asset("map").picture} />
    <div class="aecourse-beside"><${Picture} rows=${out.rows} alt=${out.caption} names=${[]} />
      ${caption}<${CodeSliders} p=${p} frame=${frame} /></div></${Row}>`;
}
View.placesCaption = true;
export default page({ compute, View });
