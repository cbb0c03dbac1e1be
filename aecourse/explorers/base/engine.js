// Networks in the page: reads safetensors, runs small networks on rows of numbers. A test compares every row with torch.

let halves; // what each of the 65,536 half-precision numbers is
function half(bits) {
  if (!halves) {
    halves = new Float32Array(65536);
    for (let i = 0; i < 65536; i++) {
      const exponent = (i >> 10) & 31, fraction = i & 1023;
      const size = exponent === 0 ? fraction * 2 ** -24 : exponent === 31 ? (fraction ? NaN : Infinity) : (1024 + fraction) * 2 ** (exponent - 25);
      halves[i] = i & 32768 ? -size : size;
    }
  }
  return halves[bits];
}
const READERS = {
  F16: (bytes) => Float32Array.from(new Uint16Array(bytes), half),
  F32: (bytes) => new Float32Array(bytes),
  I32: (bytes) => Float32Array.from(new Int32Array(bytes)),
  I8: (bytes) => Float32Array.from(new Int8Array(bytes)), // whole numbers; `.scale` holds the step of each row
  U8: (bytes) => Float32Array.from(new Uint8Array(bytes), (value) => value / 255), // pictures
};

/** {name: {data: Float32Array, shape}} of a safetensors file, and `layers`, {part: its layers}, if it holds networks. */
export function readTensors(view) {
  const bytes = new Uint8Array(view.buffer ?? view, view.byteOffset ?? 0, view.byteLength);
  const size = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + size)));
  const { __metadata__: { layers = "{}" } = {}, ...stored } = header, found = { layers: JSON.parse(layers) };
  for (const [name, { dtype, shape, data_offsets: [from, to] }] of Object.entries(stored)) {
    found[name] = { data: READERS[dtype](bytes.slice(8 + size + from, 8 + size + to).buffer), shape };
  }
  for (const name of Object.keys(found).filter((key) => key.endsWith(".scale"))) {
    const { data } = found[name.slice(0, -6)], scale = found[name].data, width = data.length / scale.length;
    for (let i = 0; i < data.length; i++) data[i] *= scale[Math.floor(i / width)];
  }
  return found;
}

function linear(x, n, { data: W, shape: [out, width] }, bias) { // five rows at a time read each weight once
  const y = new Float32Array(n * out);
  for (let o = 0; o < out; o++) {
    const at = o * width, b = bias ? bias.data[o] : 0;
    let i = 0;
    for (; i + 5 <= n; i += 5) {
      const r0 = i * width, r1 = r0 + width, r2 = r1 + width, r3 = r2 + width, r4 = r3 + width;
      let s0 = b, s1 = b, s2 = b, s3 = b, s4 = b;
      for (let j = 0; j < width; j++) {
        const w = W[at + j];
        s0 += w * x[r0 + j]; s1 += w * x[r1 + j]; s2 += w * x[r2 + j]; s3 += w * x[r3 + j]; s4 += w * x[r4 + j];
      }
      const to = i * out + o;
      y[to] = s0; y[to + out] = s1; y[to + 2 * out] = s2; y[to + 3 * out] = s3; y[to + 4 * out] = s4;
    }
    for (; i < n; i++) {
      let s = b;
      for (let j = 0, r = i * width; j < width; j++) s += W[at + j] * x[r + j];
      y[i * out + o] = s;
    }
  }
  return y;
}

function convolution(x, n, { data: W, shape: [out, into, side] }, bias, { size: [, high, wide], stride, padding, to: [, down, across] }) {
  const y = new Float32Array(n * out * down * across);
  for (let image = 0, at = 0; image < n; image++) for (let o = 0; o < out; o++) for (let r = 0; r < down; r++) for (let c = 0; c < across; c++, at++) {
    let sum = bias ? bias.data[o] : 0;
    for (let i = 0; i < into; i++) for (let u = 0; u < side; u++) {
      const row = r * stride + u - padding;
      if (row < 0 || row >= high) continue;
      for (let v = 0; v < side; v++) {
        const column = c * stride + v - padding;
        if (column >= 0 && column < wide) sum += W[((o * into + i) * side + u) * side + v] * x[((image * into + i) * high + row) * wide + column];
      }
    }
    y[at] = sum;
  }
  return y;
}

function transposedConvolution(x, n, { data: W, shape: [into, out, side] }, bias, { size: [, high, wide], stride, padding, to: [, down, across] }) {
  const y = new Float32Array(n * out * down * across);
  if (bias) for (let i = 0; i < y.length; i++) y[i] = bias.data[Math.floor(i / (down * across)) % out];
  for (let image = 0, at = 0; image < n; image++) for (let i = 0; i < into; i++) for (let r = 0; r < high; r++) for (let c = 0; c < wide; c++, at++) {
    for (let o = 0; o < out; o++) for (let u = 0; u < side; u++) {
      const row = r * stride + u - padding;
      if (row < 0 || row >= down) continue;
      for (let v = 0; v < side; v++) {
        const column = c * stride + v - padding;
        if (column >= 0 && column < across) y[((image * out + o) * down + row) * across + column] += W[((i * out + o) * side + u) * side + v] * x[at];
      }
    }
  }
  return y;
}

function erf(x) { // Abramowitz & Stegun (1964), 7.1.26; off by less than 2e-7
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const y = 1 - ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t * Math.exp(-x * x);
  return x < 0 ? -y : y;
}
const softplus = (v) => (v > 20 ? v : Math.log1p(Math.exp(v)));
export const ACTIVATIONS = {
  relu: (v) => (v > 0 ? v : 0),
  gelu: (v) => 0.5 * v * (1 + erf(v * Math.SQRT1_2)),
  sigmoid: (v) => 1 / (1 + Math.exp(-v)),
  tanh: Math.tanh,
  silu: (v) => v / (1 + Math.exp(-v)),
  softplus,
  leaky_relu: (v, slope) => (v > 0 ? v : slope * v),
  elu: (v, alpha) => (v > 0 ? v : alpha * Math.expm1(v)),
};

/** Rows through the layers of one part of a network, "encoder" or "decoder"; n rows → n rows. Rows too short end in zeros. */
export function run(network, part, x, n = 1) {
  for (const { op, weight, bias, value, ...shape } of network.layers[part]) {
    const W = network[weight], b = network[bias];
    if (op === "linear") x = linear(widened(x, n, W.shape[1]), n, W, b);
    else if (op === "convolution") x = convolution(x, n, W, b, shape);
    else if (op === "transposed convolution") x = transposedConvolution(x, n, W, b, shape);
    else x = x.map((v) => ACTIVATIONS[op](v, value));
  }
  return x;
}

function widened(x, n, width) { // the missing codes of an ordered code are zeros
  const given = x.length / n;
  if (given === width) return x;
  const wide = new Float32Array(n * width);
  for (let i = 0; i < n; i++) wide.set(x.subarray(i * given, (i + 1) * given), i * width);
  return wide;
}

/** The first k numbers of each row; (n × width) → (n × k). */
export function leading(z, n, k) {
  const width = z.length / n, cut = new Float32Array(n * k);
  for (let i = 0; i < n; i++) cut.set(z.subarray(i * width, i * width + k), i * k);
  return cut;
}

/** Rows from..to of a tensor, without a copy. */
export function rowsOf({ data, shape: [, width] }, from, to = from + 1) {
  return data.subarray(from * width, to * width);
}

/** The mean of the squared differences. */
export function meanSquare(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return sum / a.length;
}

/** A function that computes anew only when its key changes; it remembers one result. */
export function latest(compute) {
  let key, result;
  return (...given) => {
    if (!key || given.some((part, i) => part !== key[i])) [key, result] = [given, compute(...given)];
    return result;
  };
}
