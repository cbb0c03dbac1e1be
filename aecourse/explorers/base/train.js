// Trains a small network in the page: linear layers, each with an activation or none, a weighted mean squared error, Adam.
// A test compares its gradients with torch's.
import { ACTIVATIONS } from "./engine.js";

const STEP = 1e-4;
const SLOPES = { // of an activation, by what goes in (v) and what comes out (y)
  gelu: (v) => (ACTIVATIONS.gelu(v + STEP) - ACTIVATIONS.gelu(v - STEP)) / (2 * STEP),
  sigmoid: (v, y) => y * (1 - y),
  tanh: (v, y) => 1 - y * y,
};

/** Layers of these sizes with PyTorch's usual start: uniform within ± 1 / √(inputs). */
export function startLayers(sizes, activations, random) {
  return activations.map((activation, l) => {
    const into = sizes[l], out = sizes[l + 1], reach = 1 / Math.sqrt(into), draw = () => (2 * random() - 1) * reach;
    return { into, out, activation, W: Float32Array.from({ length: out * into }, draw), b: Float32Array.from({ length: out }, draw) };
  });
}

/** All weights as one vector, in torch's order of a network's parameters; and layers that read such a vector. */
export const inLine = (layers) => Float32Array.from(layers.flatMap(({ W, b }) => [...W, ...b]));
export function fromLine(sizes, activations, line) {
  let at = 0;
  return startLayers(sizes, activations, () => 0).map((layer) => {
    const W = line.subarray(at, at += layer.W.length), b = line.subarray(at, at += layer.out);
    return { ...layer, W, b };
  });
}

function forward(layers, x, n) { // → the input of each layer, and what it gives before its activation
  const inputs = [x], sums = [];
  layers.forEach(({ into, out, activation, W, b }, l) => {
    const sum = new Float32Array(n * out), from = inputs[l];
    for (let i = 0; i < n; i++) for (let o = 0; o < out; o++) {
      let s = b[o];
      for (let j = 0, at = o * into, row = i * into; j < into; j++) s += W[at + j] * from[row + j];
      sum[i * out + o] = s;
    }
    sums.push(sum);
    inputs.push(activation ? sum.map(ACTIVATIONS[activation]) : sum);
  });
  return { inputs, sums };
}

/** What a network makes of n rows. */
export const restore = (layers, x, n) => forward(layers, x, n).inputs.at(-1);

/** The mean squared error of n rows beside what they should become, and its gradient: {loss, gradients: [{W, b}]}, layer by layer. */
export function lossAndGradients(layers, x, n, target = x, weight = null) {
  const { inputs, sums } = forward(layers, x, n), x_hat = inputs.at(-1), gradients = [], count = target.length;
  let loss = 0, back = new Float32Array(count); // the gradient with respect to what a layer gives
  for (let i = 0; i < count; i++) {
    const gap = x_hat[i] - target[i], share = weight ? weight[i] : 1;
    loss += share * gap * gap;
    back[i] = 2 * share * gap / count;
  }
  for (let l = layers.length - 1; l >= 0; l--) {
    const { into, out, activation, W } = layers[l], from = inputs[l], slope = SLOPES[activation];
    const dW = new Float32Array(W.length), db = new Float32Array(out), below = new Float32Array(l > 0 ? n * into : 0);
    for (let i = 0; i < n; i++) for (let o = 0; o < out; o++) {
      const k = i * out + o, g = slope ? back[k] * slope(sums[l][k], inputs[l + 1][k]) : back[k];
      db[o] += g;
      const at = o * into, row = i * into;
      for (let j = 0; j < into; j++) dW[at + j] += g * from[row + j];
      if (l > 0) for (let j = 0; j < into; j++) below[row + j] += g * W[at + j];
    }
    gradients.unshift({ W: dW, b: db });
    back = below;
  }
  return { loss: loss / count, gradients };
}

/** Adam (Kingma & Ba 2015): one step changes the layers in place; `share` of the learning rate. */
export function adam(layers, lr) {
  const kept = layers.map(({ W, b }) => ({ W: [new Float32Array(W.length), new Float32Array(W.length)], b: [new Float32Array(b.length), new Float32Array(b.length)] }));
  let steps = 0;
  return (gradients, share = 1) => {
    steps += 1;
    const c1 = 1 - 0.9 ** steps, c2 = 1 - 0.999 ** steps;
    layers.forEach((layer, l) => ["W", "b"].forEach((name) => {
      const values = layer[name], g = gradients[l][name], [m, v] = kept[l][name];
      for (let i = 0; i < values.length; i++) {
        m[i] += 0.1 * (g[i] - m[i]);
        v[i] += 0.001 * (g[i] * g[i] - v[i]);
        values[i] -= (share * lr * m[i] / c1) / (Math.sqrt(v[i] / c2) + 1e-8);
      }
    }));
  };
}
