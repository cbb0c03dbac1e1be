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
  F16: (bytes) => mapped(new Uint16Array(bytes), half),
  F32: (bytes) => new Float32Array(bytes),
  I32: (bytes) => new Float32Array(new Int32Array(bytes)),
  I8: (bytes) => new Float32Array(new Int8Array(bytes)), // whole numbers; `.scale` holds the step of each row
  U8: (bytes) => mapped(new Uint8Array(bytes), (value) => value / 255), // pictures
};
function mapped(values, each, given) { // `Float32Array.from` takes twenty times as long
  const found = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) found[i] = each(values[i], given);
  return found;
}

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

function linear(x, n, { data: W, shape: [out, width] }, bias) { // five rows and two outputs at a time: what is read once serves many products
  const y = new Float32Array(n * out), b = bias ? bias.data : new Float32Array(out), rows = n - (n % 5), outs = out - (out % 2);
  const five = new Float64Array(5 * width); // five rows side by side: read in order, and not converted again for each output
  const used = new Int32Array(width); // the columns in which one of them is not 0: half of a digit's, fewer of a sparse code's
  for (let i = 0; i < rows; i += 5) {
    let count = 0;
    for (let column = 0; column < width; column++) {
      let any = false;
      for (let row = 0; row < 5; row++) any = (five[5 * count + row] = x[(i + row) * width + column]) !== 0 || any;
      if (any) used[count++] = column;
    }
    for (let o = 0; o < outs; o += 2) {
      const u = o * width, v = u + width;
      let s0 = b[o], s1 = s0, s2 = s0, s3 = s0, s4 = s0, t0 = b[o + 1], t1 = t0, t2 = t0, t3 = t0, t4 = t0;
      for (let k = 0, j = 0; k < count; k++, j += 5) {
        const w = W[u + used[k]], z = W[v + used[k]], x0 = five[j], x1 = five[j + 1], x2 = five[j + 2], x3 = five[j + 3], x4 = five[j + 4];
        s0 += w * x0; s1 += w * x1; s2 += w * x2; s3 += w * x3; s4 += w * x4;
        t0 += z * x0; t1 += z * x1; t2 += z * x2; t3 += z * x3; t4 += z * x4;
      }
      const to = i * out + o;
      y[to] = s0; y[to + out] = s1; y[to + 2 * out] = s2; y[to + 3 * out] = s3; y[to + 4 * out] = s4;
      y[to + 1] = t0; y[to + out + 1] = t1; y[to + 2 * out + 1] = t2; y[to + 3 * out + 1] = t3; y[to + 4 * out + 1] = t4;
    }
  }
  for (let i = 0; i < n; i++) for (let o = i < rows ? outs : 0; o < out; o++) { // those left over
    let sum = b[o];
    for (let j = 0, at = o * width, row = i * width; j < width; j++) sum += W[at + j] * x[row + j];
    y[i * out + o] = sum;
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
  if (network.elsewhere) return network.elsewhere(part, x, n); // in the kernel
  for (const { op, weight, bias, value, transposed, ...shape } of network.layers[part]) {
    const W = transposed ? turned(network, weight) : network[weight], b = network[bias];
    if (op === "linear") x = linear(widened(x, n, W.shape[1]), n, W, b);
    else if (op === "convolution") x = convolution(x, n, W, b, shape);
    else if (op === "transposed convolution") x = transposedConvolution(x, n, W, b, shape);
    else if (op === "largest") x = largest(x, n, value);
    else x = mapped(x, ACTIVATIONS[op], value);
  }
  return x;
}

function turned(network, name) { // a tied matrix is stored once
  const { data, shape: [rows, columns] } = network[name], kept = `${name} transposed`;
  if (!network[kept]) {
    const turn = new Float32Array(data.length);
    for (let i = 0; i < data.length; i++) turn[(i % columns) * rows + Math.floor(i / columns)] = data[i];
    network[kept] = { data: turn, shape: [columns, rows] };
  }
  return network[kept];
}

function largest(x, n, k) { // of each row the k largest numbers are kept, the others become 0
  const width = x.length / n, kept = new Float32Array(x.length);
  for (let i = 0; i < n; i++) {
    const row = x.subarray(i * width, (i + 1) * width), least = row.slice().sort()[Math.max(0, width - k)];
    let equal = k - row.reduce((count, v) => count + (v > least), 0); // how many of those that equal the least number are kept
    row.forEach((v, j) => { if (v > least || (v === least && equal-- > 0)) kept[i * width + j] = v; });
  }
  return kept;
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

const KEPT = 4;
/** A function that remembers its latest results: moving between a few settings costs nothing. */
export function latest(compute) {
  const results = []; // [what was given, the result], the latest first
  return (...given) => {
    const place = results.findIndex(([key]) => given.every((part, i) => part === key[i]));
    const [result] = place < 0 ? [[given, compute(...given)]] : results.splice(place, 1);
    results.unshift(result);
    results.length = Math.min(results.length, KEPT);
    return result[1];
  };
}

/** Random numbers in (0, 1) that a seed repeats (mulberry32). */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Normal random numbers made of those in (0, 1), by Box & Muller (1958). */
export const normalFrom = (uniform) => () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
