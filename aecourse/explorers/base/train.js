// Trains a small autoencoder in a worker of the page: linear layers with GELU between, a sigmoid at the end, mean squared error, Adam.
// A test compares its gradients with torch's.
import { ACTIVATIONS } from "./engine.js";

const slope = (v) => { // of GELU
  const h = 1e-4;
  return (ACTIVATIONS.gelu(v + h) - ACTIVATIONS.gelu(v - h)) / (2 * h);
};

/** Layers of these sizes with PyTorch's usual start: uniform within ± 1 / √(inputs). */
export function startLayers(sizes, random) {
  return sizes.slice(1).map((out, i) => {
    const into = sizes[i], reach = 1 / Math.sqrt(into), draw = () => (2 * random() - 1) * reach;
    return { into, out, W: Float32Array.from({ length: out * into }, draw), b: Float32Array.from({ length: out }, draw) };
  });
}

function forward(layers, x, n) { // → the input of each layer, and what it gives before its activation
  const inputs = [x], sums = [];
  layers.forEach(({ into, out, W, b }, l) => {
    const sum = new Float32Array(n * out), from = inputs[l];
    for (let i = 0; i < n; i++) for (let o = 0; o < out; o++) {
      let s = b[o];
      for (let j = 0, at = o * into, row = i * into; j < into; j++) s += W[at + j] * from[row + j];
      sum[i * out + o] = s;
    }
    sums.push(sum);
    const code = l === layers.length / 2 - 1, last = l === layers.length - 1;
    inputs.push(code ? sum : sum.map(last ? ACTIVATIONS.sigmoid : ACTIVATIONS.gelu));
  });
  return { inputs, sums };
}

/** What a network makes of n rows; (n × 784) → (n × 784). */
export const restore = (layers, x, n) => forward(layers, x, n).inputs.at(-1);

/** The mean squared error of n rows, and its gradient: {loss, gradients: [{W, b}]} in the order of the layers. */
export function lossAndGradients(layers, x, n) {
  const { inputs, sums } = forward(layers, x, n), x_hat = inputs.at(-1), gradients = [];
  let loss = 0, back = new Float32Array(x.length); // the gradient with respect to what a layer gives before its activation
  for (let i = 0; i < x.length; i++) {
    const gap = x_hat[i] - x[i];
    loss += gap * gap;
    back[i] = (2 * gap / x.length) * x_hat[i] * (1 - x_hat[i]);
  }
  for (let l = layers.length - 1; l >= 0; l--) {
    const { into, out, W } = layers[l], from = inputs[l];
    const dW = new Float32Array(W.length), db = new Float32Array(out), below = new Float32Array(n * into);
    for (let i = 0; i < n; i++) for (let o = 0; o < out; o++) {
      const g = back[i * out + o];
      db[o] += g;
      for (let j = 0, at = o * into, row = i * into; j < into; j++) {
        dW[at + j] += g * from[row + j];
        below[row + j] += g * W[at + j];
      }
    }
    gradients.unshift({ W: dW, b: db });
    const code = l === layers.length / 2; // the code has no activation
    if (l > 0) back = code ? below : below.map((g, i) => g * slope(sums[l - 1][i]));
  }
  return { loss: loss / x.length, gradients };
}

/** Adam (Kingma & Ba 2015): one step changes the layers in place. */
export function adam(layers, lr) {
  const kept = layers.map(({ W, b }) => ({ W: [new Float32Array(W.length), new Float32Array(W.length)], b: [new Float32Array(b.length), new Float32Array(b.length)] }));
  let steps = 0;
  return (gradients) => {
    steps += 1;
    const c1 = 1 - 0.9 ** steps, c2 = 1 - 0.999 ** steps;
    layers.forEach((layer, l) => ["W", "b"].forEach((name) => {
      const values = layer[name], g = gradients[l][name], [m, v] = kept[l][name];
      for (let i = 0; i < values.length; i++) {
        m[i] += 0.1 * (g[i] - m[i]);
        v[i] += 0.001 * (g[i] * g[i] - v[i]);
        values[i] -= (lr * m[i] / c1) / (Math.sqrt(v[i] / c2) + 1e-8);
      }
    }));
  };
}
