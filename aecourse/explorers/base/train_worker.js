// What runs beside the page while it trains: some epochs over the digits, news four times a second, an end when asked.
import { randomFrom } from "./engine.js";
import { adam, lossAndGradients, restore, startLayers } from "./train.js";

const BATCH = 64, NEWS = 250; // digits, milliseconds
let stopped = false;

function batchOf(digits, places) {
  const x = new Float32Array(places.length * 784);
  places.forEach((place, i) => x.set(digits.subarray(place * 784, (place + 1) * 784), i * 784));
  return x;
}

function lossOf(layers, digits) {
  const n = digits.length / 784, x_hat = restore(layers, digits, n);
  return digits.reduce((sum, v, i) => sum + (v - x_hat[i]) ** 2, 0) / digits.length;
}

async function train({ digits, valid, shown, sizes, epochs, lr, seed }) {
  const random = randomFrom(seed), layers = startLayers(sizes, random), step = adam(layers, lr), count = digits.length / 784;
  const history = { training: [[], []], validation: [[], []] };
  let told = 0;
  const tell = (done) => postMessage({ done, history, restored: restore(layers, shown, shown.length / 784), stopped });
  for (let epoch = 1; epoch <= epochs && !stopped; epoch++) {
    const order = Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) { // Fisher & Yates
      const j = Math.floor(random() * (i + 1));
      [order[i], order[j]] = [order[j], order[i]];
    }
    let sum = 0, seen = 0;
    for (let from = 0; from < count && !stopped; from += BATCH) {
      const x = batchOf(digits, order.slice(from, from + BATCH));
      const { loss, gradients } = lossAndGradients(layers, x, x.length / 784);
      step(gradients);
      [sum, seen] = [sum + loss, seen + 1];
      if (performance.now() - told > NEWS) {
        tell(false);
        await new Promise((go) => setTimeout(go)); // a wish to stop is heard
        told = performance.now();
      }
    }
    for (const [name, loss] of [["training", sum / seen], ["validation", lossOf(layers, valid)]]) {
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
