// A picture on which a point is chosen by hovering, dragging, clicking or the arrow keys.
import { html, useLayoutEffect, useRef, useState } from "./vendor/preact.js";
import { Canvas } from "./page.js";

const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const inside = (share) => Math.min(1, Math.max(0, share));

/**
 * A point as shares of the picture's width and height. Where it follows the mouse, a click pins it until the next click or Escape.
 *
 * at: [right, down]; choose(right, down): hears of a move; label: what the picture is, in words
 * background: a tensor with the bytes of a WebP file; or picture: {gray, width, height}
 * follows: whether the point follows a mouse that hovers, or waits until a button is pressed; marked: whether a ring is drawn around it
 * steps: how far an arrow key moves it, to the right and down; children: SVG that lies over the picture, with its frame as `frame`
 */
export function Point({ at: [right, down], choose, label, background, picture, follows = true, marked = true, steps = [1 / 60, 1 / 60], children }) {
  const [pinned, pin] = useState(false), box = useRef();
  const follow = ({ clientX, clientY }) => {
    const { left, top, width, height } = box.current.getBoundingClientRect();
    choose(inside((clientX - left) / width), inside((clientY - top) / height));
  };
  const press = (event) => {
    box.current.setPointerCapture(event.pointerId);
    box.current.focus();
    if (follows && event.pointerType === "mouse") pin(!pinned); // a finger does not hover
    follow(event);
  };
  const key = (event) => {
    const direction = DIRECTIONS[event.key];
    if (direction) choose(inside(right + direction[0] * steps[0]), inside(down + direction[1] * steps[1]));
    else if (event.key === "Escape" && pinned) pin(false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return html`<div class="aecourse-point">
    <div ref=${box} tabindex="0" role="application" aria-label=${label} onPointerDown=${press} onKeyDown=${key}
      onPointerMove=${(event) => (event.buttons || (follows && !pinned)) && follow(event)}>
      ${picture ? html`<${Canvas} picture=${picture} alt=${label} />` : html`<${Stored} file=${background} alt=${label} />`}
      ${children}
      ${marked && html`<i class=${pinned ? "pinned" : ""} style="left:${100 * right}%;top:${100 * down}%" />`}</div>
    ${follows && html`<p role="status">${pinned ? "Pinned: click again, or press Escape, to let it follow." : "A click pins the point."}</p>`}
  </div>`;
}

function Stored({ file, alt }) {
  const image = useRef();
  useLayoutEffect(() => {
    const bytes = new Uint8Array(file.data.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = Math.round(255 * file.data[i]); // bytes are read as shares
    const link = URL.createObjectURL(new Blob([bytes], { type: "image/webp" }));
    image.current.src = link;
    return () => URL.revokeObjectURL(link);
  }, [file]);
  return html`<img ref=${image} alt=${alt} draggable=${false} />`;
}
