// An upright slider for each number of a code.
import { html } from "./vendor/preact.js";

/** The control `name` is a list; its first `count` numbers get a slider each, from -reach to reach. */
export function Dials({ p, name, count, reach, columns = 10 }) {
  const values = p.s[name], put = (i, value) => p.set(name, values.map((before, j) => (j === i ? value : before)));
  return html`<div class="aecourse-dials" style="grid-template-columns: repeat(${columns}, 1fr)">${values.slice(0, count).map((value, i) => html`<label>z${subscript(i + 1)}
    <input type="range" aria-label="code number ${i + 1}" min=${-reach} max=${reach} step="0.1" value=${value}
      onInput=${({ target }) => put(i, Number(target.value))} /><span>${tenth(value)}</span></label>`)}</div>`;
}

/** A number with one decimal, and a true minus sign. */
export const tenth = (value) => (Math.round(10 * value) / 10 || 0).toFixed(1).replace("-", "−");
/** A whole number as a subscript, as in z₁₂. */
export const subscript = (number) => [...String(number)].map((digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]).join("");
