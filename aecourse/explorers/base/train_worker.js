// The worker that trains beside the page: some epochs over the rows, news four times a second, an end on request.
import { meanSquare, randomFrom } from "./engine.js";
import { adam, lossAndGradients, restore, startLayers } from "./train.js";

const BATCH = 64, NEWS = 250; // rows, milliseconds
let stopped = false;

function batchOf(rows, places, width) {
  const x = new Float32Array(places.length * width);
  places.forEach((place, i) => x.set(rows.subarray(place * width, (place + 1) * width), i * width));
  return x;
}

async function train({ x, valid, shown, sizes, activations, epochs, lr, seed }) {
  const width = sizes[0], count = x.length / width, through = (rows) => restore(layers, rows, rows.length / width);
  const random = randomFrom(seed), layers = startLayers(sizes, activations, random), step = adam(layers, lr);
  const history = { training: [[], []], ...(valid && { validation: [[], []] }) };
  let told = 0;
  const tell = (done) => postMessage({ done, history, restored: through(shown), stopped });
  for (let epoch = 1; epoch <= epochs && !stopped; epoch++) {
    const order = Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) { // Fisher & Yates
      const j = Math.floor(random() * (i + 1));
      [order[i], order[j]] = [order[j], order[i]];
    }
    let sum = 0, seen = 0;
    for (let from = 0; from < count && !stopped; from += BATCH) {
      const batch = batchOf(x, order.slice(from, from + BATCH), width);
      const { loss, gradients } = lossAndGradients(layers, batch, batch.length / width);
      step(gradients);
      [sum, seen] = [sum + loss, seen + 1];
      if (performance.now() - told > NEWS) {
        tell(false);
        await new Promise((go) => setTimeout(go)); // lets a request to stop arrive
        told = performance.now();
      }
    }
    const losses = { training: sum / seen, ...(valid && { validation: meanSquare(through(valid), valid) }) };
    for (const [name, loss] of Object.entries(losses)) {
      history[name][0].push(epoch);
      history[name][1].push(loss);
    }
  }
  tell(true);
}

onmessage = ({ data }) => {
  if (data.stop) stopped = true;
  else train(data);
};
