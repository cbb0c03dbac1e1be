// Eigenvalues and some eigenvectors of a symmetric matrix, as LAPACK finds them: by Householder reflections to a tridiagonal
// matrix, QL steps on that, and inverse iteration (Golub & Van Loan, Matrix Computations, chapter 8). 256 × 256: 10 ms.

/** The eigenvalues of a symmetric matrix, largest first, and `vector(rank)`, from 1; A holds n × n numbers and is used up. */
export function eigen(A, n) {
  const T = tridiagonal(A, n), values = eigenvalues(T);
  return { values, vector: (rank) => turnedBack(A, T.shares, inverseIteration(T, values[rank - 1])) };
}

/** W Wᵀ of a matrix (rows, width); (rows, rows). */
export function gram({ data: W, shape: [rows, width] }) {
  const products = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++) for (let j = 0; j <= i; j += 4) { // four rows at a time read row i once
    const [r0, r1, r2, r3] = [0, 1, 2, 3].map((more) => Math.min(j + more, i) * width);
    let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (let m = 0, at = i * width; m < width; m++) {
      const w = W[at + m];
      s0 += w * W[r0 + m]; s1 += w * W[r1 + m]; s2 += w * W[r2 + m]; s3 += w * W[r3 + m];
    }
    [s0, s1, s2, s3].slice(0, i - j + 1).forEach((sum, more) => {
      products[i * rows + j + more] = products[(j + more) * rows + i] = sum;
    });
  }
  return products;
}

/** Diagonal d and off-diagonal e (e[k] between k − 1 and k); row k of A keeps its reflection v, shares[k] = 2 / ‖v‖². */
function tridiagonal(A, n) { // only the lower triangle counts; two rows at a time, so that what is read once serves both
  const [d, e, shares, p, v] = Array.from({ length: 5 }, () => new Float64Array(n));
  for (let k = n - 1; k > 0; k--) {
    let square = 0, dot = 0;
    for (let i = 0; i < k; i++) { v[i] = A[k * n + i]; square += v[i] * v[i]; p[i] = 0; }
    d[k] = A[k * n + k];
    if (square === 0) continue;
    e[k] = v[k - 1] > 0 ? -Math.sqrt(square) : Math.sqrt(square);
    const share = (shares[k] = 1 / (square - v[k - 1] * e[k])), odd = k % 2;
    v[k - 1] -= e[k];
    A[k * n + k - 1] = v[k - 1];
    if (odd) p[0] = A[0] * v[0];
    for (let i = odd; i < k; i += 2) { // p = A v
      const a = i * n, b = a + n, v0 = v[i], v1 = v[i + 1];
      let s0 = A[a + i] * v0 + A[b + i] * v1, s1 = A[b + i] * v0 + A[b + i + 1] * v1;
      for (let j = 0; j < i; j++) {
        s0 += A[a + j] * v[j]; s1 += A[b + j] * v[j];
        p[j] += A[a + j] * v0 + A[b + j] * v1;
      }
      p[i] += s0; p[i + 1] += s1;
    }
    for (let i = 0; i < k; i++) { p[i] *= share; dot += p[i] * v[i]; }
    for (let i = 0; i < k; i++) p[i] -= 0.5 * share * dot * v[i];
    if (odd) A[0] -= 2 * v[0] * p[0];
    for (let i = odd; i < k; i += 2) { // A − v pᵀ − p vᵀ
      const a = i * n, b = a + n, v0 = v[i], v1 = v[i + 1], p0 = p[i], p1 = p[i + 1];
      for (let j = 0; j <= i + 1; j++) { A[a + j] -= v0 * p[j] + p0 * v[j]; A[b + j] -= v1 * p[j] + p1 * v[j]; }
    }
  }
  d[0] = A[0];
  return { d, e, shares };
}

/** Of a tridiagonal matrix, by QL steps with Wilkinson's shift; largest first. */
function eigenvalues(T) {
  const n = T.d.length, d = T.d.slice(), e = new Float64Array(n);
  e.set(T.e.subarray(1)); // here e[k] lies between k and k + 1
  const split = (m) => Math.abs(e[m]) <= Number.EPSILON * (Math.abs(d[m]) + Math.abs(d[m + 1]));
  for (let k = 0; k < n; k++) for (let step = 0; step < 60; step++) {
    let m = k;
    while (m < n - 1 && !split(m)) m++;
    if (m === k) break;
    let g = (d[k + 1] - d[k]) / (2 * e[k]), r = Math.hypot(g, 1), s = 1, c = 1, p = 0, i = m - 1;
    g = d[m] - d[k] + e[k] / (g + (g >= 0 ? r : -r));
    for (; i >= k; i--) {
      const f = s * e[i], b = c * e[i];
      e[i + 1] = r = Math.sqrt(f * f + g * g);
      if (r === 0) break;
      [s, c, g] = [f / r, g / r, d[i + 1] - p];
      r = (d[i] - g) * s + 2 * c * b;
      p = s * r;
      d[i + 1] = g + p;
      g = c * r - b;
    }
    if (i >= k) { d[i + 1] -= p; e[m] = 0; continue; } // it falls into two parts
    d[k] -= p; e[k] = g; e[m] = 0;
  }
  return d.sort().reverse();
}

/** The eigenvector of a tridiagonal matrix: (T − value) y = the last y, a few times, by elimination with row exchanges. */
function inverseIteration({ d, e }, value) {
  const n = d.length, tiny = Number.EPSILON * Math.max(...d.map(Math.abs), ...e.map(Math.abs)) || 1;
  const y = Float64Array.from(d, (_, i) => 1 + 0.1 * Math.sin(i)); // any start that no eigenvector is orthogonal to
  const u = new Float64Array(n), v = new Float64Array(n), w = new Float64Array(n); // rows of the upper triangle
  for (let turn = 0; turn < 4; turn++) {
    let a = d[0] - value, b = n > 1 ? e[1] : 0, right = y[0];
    for (let i = 0; i < n - 1; i++) {
      const below = e[i + 1], middle = d[i + 1] - value, after = i + 2 < n ? e[i + 2] : 0, next = y[i + 1];
      if (Math.abs(a) >= Math.abs(below)) {
        u[i] = a || tiny; v[i] = b; w[i] = 0; y[i] = right;
        const share = below / u[i];
        [a, b, right] = [middle - share * b, after, next - share * right];
      } else {
        u[i] = below; v[i] = middle; w[i] = after; y[i] = next;
        const share = a / below;
        [a, b, right] = [b - share * middle, -share * after, right - share * next];
      }
    }
    u[n - 1] = a || tiny; y[n - 1] = right;
    for (let i = n - 1; i >= 0; i--) y[i] = (y[i] - (i + 1 < n ? v[i] * y[i + 1] : 0) - (i + 2 < n ? w[i] * y[i + 2] : 0)) / u[i];
    const largest = y.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    for (let i = 0; i < n; i++) y[i] /= largest;
  }
  return y;
}

function turnedBack(A, shares, y) { // through the reflections, the last one first
  const n = y.length;
  for (let k = 1; k < n; k++) if (shares[k]) {
    let dot = 0;
    for (let i = 0; i < k; i++) dot += A[k * n + i] * y[i];
    for (let i = 0; i < k; i++) y[i] -= shares[k] * dot * A[k * n + i];
  }
  return y;
}
