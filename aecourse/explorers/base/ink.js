// A canvas to draw on with mouse, pen, finger or keys. Its ink is side × side gray bytes.
import { html, useLayoutEffect, useRef } from "./vendor/preact.js";
import { normaliseDigit } from "./digit.js";

const WORDS = "Drawing area. Draw with the pointer; or move with the arrow keys, press space to lower or lift the pen, Delete to clear.";

/** Ink over an optional picture, which is shown dimmed under it (a data URI); `name` is the control that holds the ink. */
export function Ink({ p, name = "ink", side = 84, under = "", wipe = "clear the drawing", children }) {
  const canvas = useRef(), pad = useRef(), now = useRef();
  now.current = p;
  useLayoutEffect(() => {
    pad.current = inkPad(canvas.current, side, () => now.current.s[name], (ink) => now.current.set(name, ink), under);
  }, []);
  useLayoutEffect(() => pad.current.lay(under), [under]);
  return html`<div class="aecourse-ink">${children}
    <canvas ref=${canvas} width="280" height="280" tabindex="0" role="application" aria-label=${WORDS} />
    <button type="button" onClick=${() => pad.current.clear()}>${wipe}</button></div>`;
}

/** Whether anything is drawn. */
export const inked = (ink) => ink?.byteLength > 0 && bytesOf(ink).some(Boolean);
/** A drawing as MNIST would have stored it (784). */
export const asDigit = (ink) => normaliseDigit(bytesOf(ink));
export const bytesOf = (ink) => new Uint8Array(ink.buffer ?? ink, ink.byteOffset ?? 0, ink.byteLength);

function inkPad(canvas, side, value, send, under) {
  const ink = document.createElement("canvas"); // strokes only; the visible canvas adds the keyboard's pen
  ink.width = ink.height = 280;
  const strokes = ink.getContext("2d", { willReadFrequently: true });
  const screen = canvas.getContext("2d");
  const small = document.createElement("canvas");
  small.width = small.height = side;
  const reduced = small.getContext("2d", { willReadFrequently: true });
  Object.assign(strokes, { strokeStyle: "white", fillStyle: "white", lineWidth: 22, lineCap: "round", lineJoin: "round" });

  const kept = value(); // of an earlier view, or of an earlier run of the cell
  if (kept?.byteLength === side * side) {
    const image = reduced.createImageData(side, side);
    for (let i = 0; i < side * side; i++) image.data.set([255, 255, 255, kept.getUint8(i)], 4 * i);
    reduced.putImageData(image, 0, 0);
    strokes.drawImage(small, 0, 0, 280, 280);
  }

  const backdrop = new Image();
  if (under) strokes.strokeStyle = "#FF8C1A"; // still full ink: the value is the red channel
  let last = null, pen = { x: 140, y: 140 }, penDown = false, waiting = false;

  function paint() {
    screen.fillStyle = "black";
    screen.fillRect(0, 0, 280, 280);
    if (backdrop.src && backdrop.complete) {
      screen.globalAlpha = 0.7;
      screen.imageSmoothingEnabled = false;
      screen.drawImage(backdrop, 0, 0, 280, 280);
      screen.globalAlpha = 1;
    }
    screen.drawImage(ink, 0, 0);
    if (document.activeElement === canvas) {
      screen.strokeStyle = penDown ? "#E69F00" : "#56B4E9";
      screen.lineWidth = 3;
      screen.beginPath(); screen.arc(pen.x, pen.y, 13, 0, 7); screen.stroke();
    }
  }
  function pass() { // at most once a frame
    paint();
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      reduced.fillStyle = "black";
      reduced.fillRect(0, 0, side, side);
      reduced.drawImage(ink, 0, 0, side, side);
      const rgba = reduced.getImageData(0, 0, side, side).data;
      const gray = new Uint8Array(side * side);
      for (let i = 0; i < gray.length; i++) gray[i] = rgba[4 * i];
      send(new DataView(gray.buffer));
    });
  }
  function line(to) {
    const from = last || to;
    strokes.beginPath(); strokes.moveTo(from.x, from.y); strokes.lineTo(to.x + 0.01, to.y); strokes.stroke();
    last = to;
    pass();
  }
  function place(event) {
    const box = canvas.getBoundingClientRect();
    return { x: (event.clientX - box.left) * 280 / box.width, y: (event.clientY - box.top) * 280 / box.height };
  }
  function clear() { strokes.clearRect(0, 0, 280, 280); last = null; penDown = false; pass(); }

  canvas.addEventListener("pointerdown", (e) => { canvas.setPointerCapture(e.pointerId); last = null; pen = place(e); line(pen); });
  canvas.addEventListener("pointermove", (e) => { if (e.buttons) { pen = place(e); line(pen); } });
  canvas.addEventListener("pointerup", () => { last = null; });
  canvas.addEventListener("focus", paint);
  canvas.addEventListener("blur", paint);
  canvas.addEventListener("keydown", (e) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[e.key];
    if (step) {
      pen = { x: Math.min(270, Math.max(10, pen.x + 7 * step[0])), y: Math.min(270, Math.max(10, pen.y + 7 * step[1])) };
      if (penDown) line(pen); else paint();
    } else if (e.key === " ") {
      penDown = !penDown; last = null;
      if (penDown) line(pen); else paint();
    } else if (e.key === "Delete" || e.key === "Backspace") {
      clear();
    } else return;
    e.preventDefault();
    e.stopPropagation(); // the notebook uses these keys, too
  });
  backdrop.addEventListener("load", paint);
  paint();
  return {
    clear,
    lay(picture) { if (picture) backdrop.src = picture; },
  };
}
