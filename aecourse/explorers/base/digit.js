// A drawing as MNIST would have stored it: what aecourse/data/drawing.py does, in the page.

const SIDE = 28, BOX = 20;
/** A drawing as MNIST stores a digit (LeCun et al. 1998): in a box of 20 × 20, its centre of mass in the middle; side × side bytes → 784. */
export function normaliseDigit(ink) {
  const side = Math.round(Math.sqrt(ink.length)), canvas = new Float32Array(SIDE * SIDE);
  let top = side, bottom = -1, left = side, right = -1;
  for (let i = 0; i < ink.length; i++) if (ink[i]) {
    const row = Math.floor(i / side), column = i % side;
    top = Math.min(top, row); bottom = Math.max(bottom, row); left = Math.min(left, column); right = Math.max(right, column);
  }
  if (bottom < 0) return canvas;
  const size = [bottom - top + 1, right - left + 1], scale = BOX / Math.max(...size);
  const [high, wide] = size.map((length) => Math.max(1, roundHalfEven(length * scale)));
  const small = reduce(ink, side, [top, left], size, [high, wide]);
  let mass = 0, row = 0, column = 0;
  small.forEach((v, i) => { mass += v; row += v * Math.floor(i / wide); column += v * (i % wide); });
  if (!mass) return canvas;
  const down = Math.min(SIDE - high, Math.max(0, roundHalfEven(SIDE / 2 - row / mass)));
  const across = Math.min(SIDE - wide, Math.max(0, roundHalfEven(SIDE / 2 - column / mass)));
  small.forEach((v, i) => { canvas[(down + Math.floor(i / wide)) * SIDE + across + (i % wide)] = v / 255; });
  return canvas;
}

function roundHalfEven(v) {
  const low = Math.floor(v);
  return v - low === 0.5 ? low + (low % 2) : Math.round(v);
}

function boxWeights(length, count) { // for each new pixel the old ones under it and their shares, as Pillow's BOX filter takes them
  const scale = length / count, reach = Math.max(scale, 1) / 2;
  return Array.from({ length: count }, (_, i) => {
    const centre = (i + 0.5) * scale, first = Math.max(0, Math.floor(centre - reach + 0.5)), last = Math.min(length, Math.floor(centre + reach + 0.5));
    const shares = [];
    for (let j = first; j < last; j++) {
      const place = (j - centre + 0.5) / (2 * reach);
      shares.push(place > -0.5 && place <= 0.5 ? 1 : 0);
    }
    const total = shares.reduce((a, b) => a + b, 0) || 1;
    return [first, shares.map((share) => share / total)];
  });
}

function reduce(ink, side, [top, left], [high, wide], [rows, columns]) { // first along rows, then along columns, rounded each time
  const across = boxWeights(wide, columns), down = boxWeights(high, rows), half = new Float64Array(high * columns);
  for (let r = 0; r < high; r++) across.forEach(([first, shares], c) => {
    half[r * columns + c] = Math.floor(shares.reduce((sum, share, j) => sum + share * ink[(top + r) * side + left + first + j], 0.5));
  });
  const small = new Float64Array(rows * columns);
  down.forEach(([first, shares], r) => {
    for (let c = 0; c < columns; c++) small[r * columns + c] = Math.floor(shares.reduce((sum, share, j) => sum + share * half[(first + j) * columns + c], 0.5));
  });
  return small;
}
