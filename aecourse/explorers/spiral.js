// A denoiser of the plane: arrows show where it moves each point, a line how ten repairs move one. It can be trained here.
import { html, useEffect, useRef, useState } from "./base/vendor/preact.js";
import { latest, normalFrom, randomFrom } from "./base/engine.js";
import { nearest } from "./base/code_map.js";
import { bytesOf } from "./base/ink.js";
import { NumberBox, Row, Slider, mosaic, page } from "./base/page.js";
import { BLUE, Curve } from "./base/chart.js";
import { Point } from "./base/point.js";
import { adam, fromLine, inLine, lossAndGradients, restore, startLayers } from "./base/train.js";

const SIDE = 28, FRAME = 12; // pixels of the picture under the map; milliseconds of training between two pictures
const WARM_UP = 100; // steps in which the learning rate rises; over the second half of all steps it falls
const pairs = (places) => Array.from({ length: places.length / 2 }, (_, i) => [places[2 * i], places[2 * i + 1]]);

/** What goes into the network g of x̂ = w x̃ + (1 − w) g(x̃, σ), and the weights w; `sigma` is one number, or one for each place. */
function mixing(x, sigma, { variance, fine }) {
  const n = x.length / 2, input = new Float32Array(3 * n), w = new Float32Array(2 * n);
  for (let i = 0; i < n; i++) {
    const here = sigma[i] ?? sigma;
    input.set([fine * x[2 * i], fine * x[2 * i + 1], fine * here], 3 * i);
    for (const d of [0, 1]) w[2 * i + d] = variance[d] / (variance[d] + (3 * here) ** 2);
  }
  return { input, w };
}

/** Some places (n × 2) before, after one repair, after two, …, each time for the same σ. */
const way = (layers, x, sigma, setup) => Array.from({ length: setup.times }).reduce((places) => {
  const before = places.at(-1), { input, w } = mixing(before, sigma, setup), g = restore(layers, input, x.length / 2);
  return [...places, w.map((share, i) => Math.max(-setup.far, Math.min(setup.far, share * before[i] + (1 - share) * g[i])))];
}, [x]);

/** How far places are from the spiral, on average: before, after one repair, after all. */
const distances = (places, curve) => [places[0], places[1], places.at(-1)].map((x) => {
  const found = pairs(x).map((place) => Math.sqrt(nearest(curve, place, [1, 1])));
  return found.reduce((sum, v) => sum + v, 0) / found.length;
});

const networkOf = latest((own, { data: first }, { sizes, activations }) =>
  fromLine(sizes, activations, own?.byteLength ? new Float32Array(bytesOf(own).slice().buffer) : first));
const arrows = latest((layers, { data: grid }, sigma, setup) => way(layers, grid, sigma, { ...setup, times: 1 })[1]);
const averages = latest((layers, { clean, noise, curve }, sigma, setup) =>
  distances(way(layers, clean.data.map((v, i) => v + sigma * noise.data[i]), sigma, setup), curve));
const density = latest(({ data: curve }, sigma, { reach }) => { // of noisy points all over the map, half as bright as white
  const found = new Float32Array(SIDE * SIDE), pixel = (2 * reach) / SIDE;
  found.forEach((_, i) => {
    const right = ((i % SIDE) + 0.5) * pixel - reach, up = reach - (Math.floor(i / SIDE) + 0.5) * pixel;
    for (let j = 0; j < curve.length; j += 20) found[i] += Math.exp(-((right - curve[j]) ** 2 + (up - curve[j + 1]) ** 2) / (2 * sigma ** 2));
  });
  const most = Math.max(...found);
  return found.map((v) => v / most / 2);
});

function compute({ sigma, point, weights }, data) {
  const { setup } = data, parts = data.asset("spiral"), layers = networkOf(weights, parts.first, setup);
  const places = way(layers, Float32Array.from(point), sigma, setup), end = places.at(-1);
  const far = distances(places, parts.curve), noisy = averages(layers, parts, sigma, setup);
  const [[before, once, often], means] = [far, noisy].map((values) => values.map((v) => v.toFixed(3)));
  const caption = `σ = ${sigma.toFixed(2)}. The point is ${before} away from the spiral, after one repair ${once}, after ${setup.times} repairs ${often}. `
    + `On average over ${parts.clean.shape[0]} points with this noise: ${means.join(", then ")}. `
    + `This network was trained ${weights?.byteLength ? "in this page" : "beforehand"}.`;
  const numbers = { "x₁ at the end": end[0], "x₂ at the end": end[1] };
  ["before", "after one", "after all"].forEach((time, i) => Object.assign(numbers, { [time]: far[i], [`noisy points, ${time}`]: noisy[i] }));
  return { rows: { density: density(parts.curve, sigma, setup) }, numbers, caption, places, heads: arrows(layers, parts.grid, sigma, setup) };
}

/** Trains a new network for all σ between two; after each epoch it gives the layers and the losses so far. */
function* training({ data: curve }, seed, { sizes, activations, epochs, batch_size: batch, lr, sigmas: [low, high], ...setup }) {
  const random = randomFrom(seed), normal = normalFrom(random);
  const layers = startLayers(sizes, activations, random), step = adam(layers, lr), losses = [[], []], count = curve.length / 2, all = (epochs * count) / batch;
  for (let k = 0, sum = 0; k < all; k++) {
    const clean = new Float32Array(2 * batch), sigma = Float32Array.from({ length: batch }, () => low * (high / low) ** random());
    for (let i = 0, at; i < batch; i++) clean.set(curve.subarray(at = 2 * Math.floor(random() * count), at + 2), 2 * i);
    const noisy = clean.map((v, j) => v + sigma[j >> 1] * normal()), { input, w } = mixing(noisy, sigma, setup);
    const target = clean.map((v, j) => (v - w[j] * noisy[j]) / (1 - w[j])); // the output of g that makes x̂ clean
    const { loss, gradients } = lossAndGradients(layers, input, batch, target, w.map((share) => (1 - share) ** 2));
    step(gradients, Math.min(1, (k + 1) / WARM_UP, 2 * (1 - k / all)));
    sum += loss;
    if (((k + 1) * batch) % count) continue;
    losses[0].push(losses[0].length + 1); losses[1].push((sum * batch) / count);
    yield { layers, losses };
    sum = 0;
  }
}

function Arrow({ from: [x, y], to: [u, v] }) {
  const [right, up] = [u - x, v - y], length = Math.hypot(right, up) || 1, head = Math.min(0.06, length / 2) / length;
  const tip = (side) => `${u - head * (right + side * up)} ${-(v - head * (up - side * right))}`;
  return html`<path d="M${x} ${-y}L${u} ${-v}M${tip(0.5)}L${u} ${-v}L${tip(-0.5)}" />`;
}
const line = (points) => points.map(([x, y]) => `${x},${-y}`).join(" ");

function View(p) {
  const { s, set, out: { rows, heads, places, caption: alt }, data, caption } = p, { setup } = data, { reach, sigmas } = setup, { curve, grid } = data.asset("spiral");
  const [losses, tell] = useState([[], []]), job = useRef(null), running = Boolean(job.current), known = losses[0].length > 0;
  const end = () => { job.current = null; tell((before) => [...before]); };
  useEffect(() => () => { job.current = null; }, []);
  const keep = (values) => set("weights", new DataView(values.buffer));
  const train = () => {
    const mine = job.current = training(curve, s.seed, setup);
    requestAnimationFrame(function more() { // a little of it between two pictures, so that everything still answers
      if (job.current !== mine) return;
      let news, next;
      for (const until = performance.now() + FRAME; !(next = mine.next()).done;) { news = next.value; if (performance.now() > until) break; }
      if (news) { keep(inLine(news.layers)); tell(news.losses.map((values) => [...values])); }
      if (next.done) end(); else requestAnimationFrame(more);
    });
    tell([[], []]);
  };
  const move = (right, down) => set("point", [2 * right - 1, 1 - 2 * down].map((share) => Number((reach * share).toFixed(2))));
  return html`
    <${Row} class="aecourse-top aecourse-plane"><${Point} at=${[(s.point[0] / reach + 1) / 2, (1 - s.point[1] / reach) / 2]}
        choose=${move} follows=${false} picture=${mosaic(rows)} label=${alt}>
        <svg viewBox="${-reach} ${-reach} ${2 * reach} ${2 * reach}" fill="none" stroke="#FFFFFF" stroke-width=".012" aria-hidden="true">
          <polyline points=${line(pairs(curve.data))} stroke="#56B4E9" stroke-width=".03" />
          ${pairs(grid.data).map((place, i) => html`<${Arrow} from=${place} to=${[heads[2 * i], heads[2 * i + 1]]} />`)}
          <g stroke="#E69F00"><polyline points=${line(places)} stroke-width=".03" />
            ${places.slice(1).map(([x, y]) => html`<circle cx=${x} cy=${-y} r=".03" fill="#E69F00" />`)}</g></svg></${Point}>
      <div class="aecourse-beside"><p>Drag the point, or move it with the arrow keys. Blue: the spiral. Gray: where its points lie once noise is added.
          White: what one repair does to a place. Orange: ${setup.times} repairs of your point.</p>
        <${Slider} p=${p} name="sigma" label="noise σ" min=${sigmas[0]} max=${sigmas[1]} step=${0.01} />
        <${Row}><${NumberBox} p=${p} name="seed" label="seed" min=${0} max=${99} />
          <button type="button" class="primary" disabled=${running} onClick=${train}>▶ Train</button>
          <button type="button" disabled=${!running} onClick=${end}>■ Stop</button>
          <button type="button" disabled=${running || !s.weights?.byteLength} onClick=${() => keep(new Float32Array())}>back to the first network</button></${Row}>
        <div class="aecourse-chart"><${Curve} series=${known ? [{ name: "training", colour: BLUE, x: losses[0], y: losses[1] }] : []} range=${[0, setup.epochs]}
          title=${known ? "Loss after each epoch" : "The loss will appear here"} xLabel="epoch" yLabel="MSE, all σ (log scale)" /></div></div></${Row}>
    ${caption}`;
}
View.placesCaption = true;
export default page({ compute, View });
