// A page of pictures side by side, of which one is chosen by a click or with the arrow keys.
import { html } from "./vendor/preact.js";
import { Canvas } from "./page.js";

/**
 * picture: what `mosaic` makes of images of 28 × 28; rows, columns: how many it shows; first, last: the number of its first image, and the last there is
 * at: the one that is framed; choose(number): hears of another, which may lie on the pages before and after; label, alt: what they are, in words
 */
export function Tiles({ picture, rows, columns, first, last, at, choose, label, alt }) {
  const go = (number) => choose(Math.min(last, Math.max(0, number)));
  const tile = (share, count) => Math.min(count - 1, Math.max(0, Math.floor(share * count)));
  const click = ({ currentTarget, clientX, clientY }) => {
    const { left, top, width, height } = currentTarget.getBoundingClientRect();
    go(first + tile((clientY - top) / height, rows) * columns + tile((clientX - left) / width, columns));
  };
  const walk = (event) => {
    const page = rows * columns;
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, PageUp: -page, PageDown: page }[event.key];
    if (!step) return;
    go(at + step);
    event.preventDefault();
    event.stopPropagation(); // the notebook uses these keys, too
  };
  const share = (tiles, count) => `${(100 * 30 * tiles) / (30 * count - 2)}%`; // a tile has 28 pixels, and 2 up to the next
  const frame = {
    left: share((at - first) % columns, columns), top: share(Math.floor((at - first) / columns), rows),
    width: share(28 / 30, columns), height: share(28 / 30, rows),
  };
  return html`<div class="aecourse-tiles" tabindex="0" role="application" aria-label=${label} onClick=${click} onKeyDown=${walk}>
    <${Canvas} picture=${picture} alt=${alt} /><div style=${frame}></div></div>`;
}
