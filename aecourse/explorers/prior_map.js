// The square around the prior of a two-dimensional variational autoencoder: one mode of the generator.
import { html, useState } from "./base/vendor/preact.js";
import { latest, run } from "./base/engine.js";
import { Menu, NumberBox, Picture, Row, Slider, Steps, Toggle, brief, mosaic, percent } from "./base/page.js";
import { CodeMap, CodeSliders, called, moveTo, neighbourhood, sidesOf } from "./base/code_map.js";

const MEANINGS = {
  0: "β = 0: no pull to the prior, nearly a plain autoencoder",
  0.3: "β = 0.3: a weak pull to the prior",
  1: "β = 1: the bound itself",
  3: "β = 3: a strong pull",
  10: "β = 10: an expensive code, about 3 of 7 nats are left",
};
const LABEL = "Map of the codes: hover, drag or use the arrow keys; a click pins";
const GRID = 16; // decoded digits along each side of the other background
const GLASS = 1.4; // side of the magnifying glass, in numbers of the code
const pair = (numbers) => `(${numbers.map((value) => value.toFixed(2)).join(", ")})`;

/** Which share of the codes lie on the map. */
const shareInside = latest(({ data: codes }, reach) => {
  let inside = 0;
  for (let i = 0; i < codes.length; i += 2) if (Math.max(Math.abs(codes[i]), Math.abs(codes[i + 1])) <= reach) inside++;
  return (2 * inside) / codes.length;
});

/** Mean and standard deviation of q(z|x) of one image. */
function posterior({ codes, logvar }, place) {
  const [mu, log] = [codes, logvar].map(({ data }) => [data[2 * place], data[2 * place + 1]]);
  return [mu, log.map((value) => Math.exp(value / 2))];
}

export function computePlace({ z1, z2, beta, digit, shows }, data) {
  const { frame, images, labelled, yours } = data.setup;
  const [map, network] = (yours ? ["map-yours", "yours"] : [`map-${beta}`, `vae-2d-beta${beta}`]).map(data.want);
  if (!map || !network) return null;
  const numbers = { farther: Math.exp(-(z1 * z1 + z2 * z2) / 2), inside: shareInside(map.codes, frame.high[0]) };
  let near = "", q = null;
  if (labelled) {
    const { label, share, count } = neighbourhood(map, [z1, z2], sidesOf(frame));
    Object.assign(numbers, { label, share });
    near = `; ${percent(share)} of the ${count} nearest ${images.name}s are ${called(images, label)}`;
  }
  let caption = `${yours ? `β = ${brief(beta)}: ${yours}` : MEANINGS[beta]}. z = ${pair([z1, z2])}: ${percent(numbers.farther)} of the prior's draws lie farther out${near}. `
    + `${percent(numbers.inside)} of all ${images.name}s lie on this map.`;
  if (digit >= 0) {
    const [mu, sigma] = (q = posterior(map, digit));
    Object.assign(numbers, { mu1: mu[0], mu2: mu[1], sigma1: sigma[0], sigma2: sigma[1] });
    const whose = images.noun === "digit" ? `${images.name} ${digit}, a ${map.labels.data[digit]}` : `${images.name} ${digit}`;
    caption += ` q(z|x) of ${whose}: μ = ${pair(mu)}, σ = (${sigma.map((value) => brief(value, 2)).join(", ")}). The ellipse lies one standard deviation from μ: z = μ + σ ⊙ ε with ‖ε‖ = 1.`;
  }
  return { rows: { decoded: run(network, "decoder", Float32Array.from([z1, z2])) }, numbers, caption, map, q, picture: shows === "digits" && decodedGrid(network, frame.high[0]) };
}

/** What is decoded at the middle of each tile of the map, top row first, as one picture. */
const decodedGrid = latest((network, reach) => {
  const along = Array.from({ length: GRID }, (_, i) => reach * ((2 * i + 1) / GRID - 1)), places = along.flatMap((down) => along.flatMap((z1) => [z1, -down]));
  const decoded = run(network, "decoder", Float32Array.from(places), GRID * GRID), width = decoded.length / GRID;
  return mosaic(along.map((_, row) => decoded.subarray(row * width, (row + 1) * width)), { gap: 0 });
});

export function Place(p) {
  const { s, data: { setup: { betas, frame, images } }, out: { rows, map, q, picture, caption: alt }, caption } = p;
  const shows = [[`codes of ${images.name}s`, "codes"], ["what is decoded there", "digits"]];
  return html`
    <${Row}>${betas.length > 1 && html`<${Steps} p=${p} name="beta" label="β" options=${betas.map((beta) => [brief(beta), beta])} />`}
      <${Menu} p=${p} name="shows" label="the map shows" options=${shows} />
      <${Toggle} on=${s.digit >= 0} set=${(on) => (on ? choose(p, map, 0) : p.set("digit", -1))}>q(z|x) of one ${images.noun}</${Toggle}></${Row}>
    ${q && html`<${Posterior} p=${p} map=${map} />`}
    <${Row}><${CodeMap} p=${p} frame=${frame} label=${LABEL} background=${map.picture} picture=${picture}>${q && html`<${Ellipse} q=${q} z=${[s.z1, s.z2]} frame=${frame} />`}</${CodeMap}>
      <div class="aecourse-beside"><${Picture} rows=${rows} alt=${alt} names=${[]} />${caption}<${CodeSliders} p=${p} frame=${frame} /></div></${Row}>`;
}

/** Draw the q(z|x) of an image, and put the point on its ellipse. */
function choose(p, map, place, degrees = 0) {
  const { frame } = p.data.setup, [mu, sigma] = posterior(map, place), angle = (degrees * Math.PI) / 180;
  p.set("digit", place);
  moveTo(p, frame, [mu[0] + sigma[0] * Math.cos(angle), mu[1] + sigma[1] * Math.sin(angle)]);
}

/** Which image's q(z|x) is drawn, and a slider that takes the point around its ellipse. */
function Posterior({ p, map }) {
  const { images } = p.data.setup, [angle, turn] = useState(0);
  const digit = { ...p, set: (_, place) => choose(p, map, place, angle) };
  const direction = { ...p, s: { angle }, set: (_, degrees) => { turn(degrees); choose(p, map, p.s.digit, degrees); } };
  return html`<${Row}><${NumberBox} p=${digit} name="digit" label=${images.name} min=${0} max=${images.count - 1} />
    <${Slider} p=${direction} name="angle" label="direction of ε, in degrees" min=${0} max=${360} step=${5} /></${Row}>`;
}

/** The mean and the ellipse as they lie on the map, where it is often tiny, and magnified in a corner, with the point. */
function Ellipse({ q: [mu, sigma], z, frame: { high: [right, top] } }) {
  const [wide, high] = sigma.map((radius) => Math.min(radius, 100)), times = GLASS / 4 / Math.max(wide, high);
  const [x, y] = [mu[0] > 0 ? -right : right - GLASS, mu[1] > 0 ? top - GLASS : -top].map((edge) => edge + GLASS / 2);
  const [across, down] = [times * (z[0] - mu[0]), -times * (z[1] - mu[1])], near = Math.max(Math.abs(across), Math.abs(down)) < GLASS / 2;
  const drawing = (cx, cy, scale) => ["#FFFFFF", "#D55E00"].map((stroke, i) => html`<g stroke=${stroke} fill="none" stroke-width=${i ? 2 : 5}>
    <ellipse cx=${cx} cy=${cy} rx=${scale * wide} ry=${scale * high} vector-effect="non-scaling-stroke" />
    <path d="M${cx - 0.08} ${cy}h.16M${cx} ${cy - 0.08}v.16" vector-effect="non-scaling-stroke" /></g>`);
  return html`${drawing(mu[0], -mu[1], 1)}
    <rect x=${x - GLASS / 2} y=${y - GLASS / 2} width=${GLASS} height=${GLASS} fill="#FFFFFF" stroke="#D55E00" stroke-width="2" vector-effect="non-scaling-stroke" />
    ${drawing(x, y, times)}${near && html`<circle cx=${x + across} cy=${y + down} r=".07" />`}
    <text x=${x - GLASS / 2 + 0.07} y=${y + GLASS / 2 - 0.08} font-size=".2">${times < 1e5 ? `× ${brief(times, 2)}` : "magnified"}</text>`;
}
