// A map of all digits on which every place can be decoded.
import { html } from "./base/vendor/preact.js";
import { run } from "./base/engine.js";
import { Picture, Row, page, percent } from "./base/page.js";
import { CodeMap, CodeSliders, nearest, neighbourhood, sidesOf } from "./base/code_map.js";

const LABEL = "Map of the codes: hover, drag or use the arrow keys; a click pins";

function compute({ z1, z2 }, data) {
  const { frame, near, labelled, shown, learnt } = data.setup, z = [z1, z2], sides = sidesOf(frame);
  const decoded = run(data.asset("decoder"), "decoder", Float32Array.from(z));
  const place = `z = (${z.map((value) => value.toFixed(frame.digits)).join(", ")})`;
  const result = (numbers, words) => ({ rows: { decoded }, numbers, caption: `${place}: ${words}` });
  if (nearest(data.asset("taught").codes, z, sides) > near * near)
    return result({ hole: 1 }, `a hole. No ${learnt} has a code near here, so nothing taught the decoder what to draw.`);
  if (!labelled) return result({ hole: 0 }, `${learnt}s have their codes near here.`);
  const { label, share, count } = neighbourhood(data.asset("map"), z, sides);
  return result({ hole: 0, label, share }, `${percent(share)} of the ${count} nearest ${shown}s are a ${label}.`);
}

function View(p) {
  const { data, out, caption } = p, { frame } = data.setup;
  return html`<${Row}>
    <${CodeMap} p=${p} frame=${frame} label=${LABEL} background=${data.asset("map").png} />
    <div class="aecourse-beside"><${Picture} rows=${out.rows} alt=${out.caption} names=${[]} />
      ${caption}<${CodeSliders} p=${p} frame=${frame} /></div></${Row}>`;
}
View.placesCaption = true;
export default page({ compute, View });
