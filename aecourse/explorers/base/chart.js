// Small charts as inline SVG, sharp at every size: lines, and two histograms. No line is known by its colour alone.
import { html } from "./vendor/preact.js";

const WIDTH = 380, HEIGHT = 270, LEFT = 66, RIGHT = 12, TOP = 32, BOTTOM = 46; // with margins around the plotted area
const DASHES = ["none", "9 3", "2 3", "9 3 2 3", "5 5"];
const TITLE_LENGTH = 36; // letters that fit, bold and of 15 pixels; a longer title is smaller
const LEGEND_TOP = 56; // room for the title and the names of two groups
export const BLUE = "#0072B2";
export const ORANGE = "#E69F00";
export const GREEN = "#009E73";
export const VERMILION = "#D55E00";
export const PURPLE = "#CC79A7";
export const BLACK = "currentColor"; // on a dark page black is white

const inFew = (tick) => (tick !== 0 && Math.abs(tick) < 0.001 ? tick.toExponential() : tick); // 0.00001 would reach the name of the axis

function logTicks(low, high) { // 1, 2 and 5 times powers of ten; only the powers if the range is wide
  const ticks = [];
  for (let decade = Math.floor(Math.log10(low)); decade <= Math.ceil(Math.log10(high)); decade++) {
    for (const step of high / low > 2000 ? [1] : [1, 2, 5]) {
      const tick = Number(`${step}e${decade}`);
      if (tick >= low && tick <= high) ticks.push(tick);
    }
  }
  return ticks.length ? ticks : [low, high];
}

function linearTicks(low, high, most = 9) {
  const rough = (high - low) / most, decade = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((s) => s * decade).find((s) => s >= rough);
  const ticks = [];
  for (let i = Math.ceil(low / step); i <= Math.floor(high / step); i++) ticks.push(Number((i * step).toPrecision(12)));
  return ticks;
}

function wholeTicks(low, high) {
  const step = Math.max(1, Math.ceil((high - low) / 8)), ticks = [];
  for (let x = Math.ceil(low); x <= high; x += step) ticks.push(x);
  return ticks;
}
const powersOfTwo = (low, high) => Array.from({ length: 20 }, (_, p) => 2 ** p).filter((x) => x >= low && x <= high);
const label = (words, log) => (log ? words : words.replace(" (log scale)", ""));

function Frame({ title, xLabel, yLabel, top = TOP, children }) {
  const size = 15 * Math.min(1, TITLE_LENGTH / Math.max(1, title.length));
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label=${title} class="aecourse-curve">
    <text x=${LEFT} y="18" class="title" style="font-size:${size.toFixed(1)}px">${title}</text>
    <text x=${(LEFT + WIDTH - RIGHT) / 2} y=${HEIGHT - 8} text-anchor="middle">${xLabel}</text>
    <text transform="translate(11 ${(top + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">${yLabel}</text>
    ${children}</svg>`;
}

/**
 * Lines over a logarithmic y axis. An axis on which a number is 0 or below becomes linear, and "(log scale)" leaves its label.
 *
 * series: [{name, colour, x: numbers, y: numbers}], a series of one point is a dot; points: [{x, y, colour}], marked with a disc;
 * now: where a vertical line stands; legend: "right", "left" (both at the top) or "low"
 */
export function Curve({ series, title, xLabel, yLabel, xLog = false, points = [], now = null, range = null, legend = "right" }) {
  const xs = series.flatMap(({ x }) => x), ys = [...series.flatMap(({ y }) => y), ...points.map(({ y }) => y)];
  if (!xs.length) xs.push(1, 2);
  if (!ys.length) ys.push(0.01, 0.1);
  let [low, high] = range ?? [Math.min(...xs), Math.max(...xs)];
  if (high <= low) high = low + 1;
  xLog &&= low > 0;
  const yLog = Math.min(...ys) > 0, scale = yLog ? Math.log10 : (y) => y;
  let bottom = scale(Math.min(...ys)), top = scale(Math.max(...ys));
  const margin = yLog ? 0.06 : 0.05 * (top - bottom) || 1;
  [bottom, top] = [bottom - margin, top + margin];
  const share = (x) => (xLog ? Math.log(x / low) / Math.log(high / low) : (x - low) / (high - low));
  const across = (x) => (LEFT + share(x) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const down = (y) => (TOP + ((top - scale(y)) / (top - bottom)) * (HEIGHT - TOP - BOTTOM)).toFixed(1);
  const legendX = legend === "right" ? WIDTH - 150 : LEFT + 12;
  const legendY = legend === "low" ? HEIGHT - BOTTOM - 18 * series.length + 4 : TOP + 14;
  return html`<${Frame} title=${title} xLabel=${label(xLabel, xLog)} yLabel=${label(yLabel, yLog)}>
    ${(yLog ? logTicks(10 ** bottom, 10 ** top) : linearTicks(bottom, top)).map((y) => html`
      <path class="grid" d="M${LEFT} ${down(y)}H${WIDTH - RIGHT}" /><text x=${LEFT - 6} y=${Number(down(y)) + 4} text-anchor="end">${inFew(y)}</text>`)}
    ${(xLog ? powersOfTwo(low, high) : wholeTicks(low, high)).map((x) => html`
      <path class="grid" d="M${across(x)} ${TOP}V${HEIGHT - BOTTOM}" />
      <text x=${across(x)} y=${HEIGHT - BOTTOM + 16} text-anchor="middle">${x}</text>`)}
    ${now !== null && html`<path class="now" d="M${across(now)} ${TOP}V${HEIGHT - BOTTOM}" />`}
    ${series.map(({ name, colour, x, y }, i) => html`
      <polyline points=${x.map((value, j) => `${across(value)},${down(y[j])}`).join(" ")} stroke=${colour} stroke-dasharray=${DASHES[i % 5]} />
      ${x.length === 1 && html`<circle cx=${across(x[0])} cy=${down(y[0])} r="4" fill=${colour} />`}
      <path d="M${legendX} ${legendY + 18 * i - 4}h22" stroke=${colour} stroke-dasharray=${DASHES[i % 5]} stroke-width="3" />
      <text class="key" x=${legendX + 28} y=${legendY + 18 * i}>${name}</text>`)}
    ${points.map(({ x, y, colour }) => html`<circle class="point" cx=${across(x)} cy=${down(y)} r="6" fill=${colour} stroke="#000000" />`)}
  </${Frame}>`;
}

/**
 * Shares of two groups by score, over a logarithmic score axis (linear if the bins begin at 0 or below).
 *
 * groups: [{name, colour, shares: of the group in each bin}]; edges: ends of the bins, rising; threshold: scores to its right raise an alarm
 */
export function Histogram({ groups, edges, title, xLabel, yLabel, threshold, thresholdLabel = "alarm →" }) {
  const log = edges[0] > 0, scale = log ? Math.log : (x) => x, low = scale(edges[0]), high = scale(edges.at(-1));
  const top = 1.12 * Math.max(...groups.flatMap(({ shares }) => [...shares])), ground = HEIGHT - BOTTOM;
  const inside = (score) => Math.min(edges.at(-1), Math.max(edges[0], score));
  const across = (score) => LEFT + ((scale(inside(score)) - low) / (high - low)) * (WIDTH - LEFT - RIGHT);
  const down = (share) => LEGEND_TOP + (1 - share / top) * (ground - LEGEND_TOP);
  const step = [1, 2, 5, 10, 20, 50].find((s) => (100 * top) / s <= 6), line = across(threshold), atLeft = line < WIDTH - 90;
  const look = (colour, i) => ({ fill: colour, "fill-opacity": 0.28, stroke: colour, "stroke-width": 2, "stroke-dasharray": DASHES[i % 5] });
  const outline = (shares) => `M${LEFT} ${ground}${[...shares].map((share, i) =>
    `L${across(edges[i]).toFixed(1)} ${down(share).toFixed(1)}H${across(edges[i + 1]).toFixed(1)}`).join("")}V${ground}Z`;
  return html`<${Frame} title=${title} xLabel=${label(xLabel, log)} yLabel=${yLabel} top=${LEGEND_TOP}>
    ${Array.from({ length: Math.floor((100 * top) / step) + 1 }, (_, i) => i * step).map((tick) => html`
      <path class="grid" d="M${LEFT} ${down(tick / 100).toFixed(1)}H${WIDTH - RIGHT}" />
      <text x=${LEFT - 6} y=${(down(tick / 100) + 4).toFixed(1)} text-anchor="end">${tick} %</text>`)}
    ${(log ? logTicks : linearTicks)(edges[0], edges.at(-1)).map((tick) => html`
      <path class="grid" d="M${across(tick).toFixed(1)} ${LEGEND_TOP}V${ground}" />
      <text x=${across(tick).toFixed(1)} y=${ground + 16} text-anchor="middle">${tick}</text>`)}
    ${groups.map(({ shares, colour }, i) => html`<path d=${outline(shares)} ...${look(colour, i)} />`)}
    <path class="now" d="M${line.toFixed(1)} ${LEGEND_TOP}V${ground}" />
    <text x=${(line + (atLeft ? 5 : -5)).toFixed(1)} y=${LEGEND_TOP + 12} text-anchor=${atLeft ? "start" : "end"}>${thresholdLabel}</text>
    ${groups.map(({ name, colour }, i) => html`<rect x=${LEFT + 130 * i} y="32" width="18" height="10" ...${look(colour, i)} />
      <text x=${LEFT + 130 * i + 24} y="42">${name}</text>`)}
  </${Frame}>`;
}
