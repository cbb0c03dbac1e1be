// A canvas to draw on with mouse, pen, finger or keys. Sends its ink as gray bytes, side × side.
function render({ model, el }) {
  const side = model.get("side");
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 280;
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label",
    "Drawing area. Draw with the pointer; or move with the arrow keys, press space to lower or lift the pen, Delete to clear.");
  Object.assign(canvas.style, { width: "220px", height: "220px", touchAction: "none", cursor: "crosshair", borderRadius: "6px",
    border: "1px solid #888888", boxSizing: "border-box" }); // the border: on a dark page black on black is not seen
  el.appendChild(canvas);

  const ink = document.createElement("canvas"); // strokes only; the visible canvas adds the keyboard's pen
  ink.width = ink.height = 280;
  const strokes = ink.getContext("2d", { willReadFrequently: true });
  const screen = canvas.getContext("2d");
  const small = document.createElement("canvas");
  small.width = small.height = side;
  const reduced = small.getContext("2d", { willReadFrequently: true });
  Object.assign(strokes, { strokeStyle: "white", fillStyle: "white", lineWidth: 22, lineCap: "round", lineJoin: "round" });

  const kept = model.get("value"); // of an earlier view, or of an earlier run of the cell
  if (kept?.byteLength === side * side) {
    const image = reduced.createImageData(side, side);
    for (let i = 0; i < side * side; i++) image.data.set([255, 255, 255, kept.getUint8(i)], 4 * i);
    reduced.putImageData(image, 0, 0);
    strokes.drawImage(small, 0, 0, 280, 280);
  }

  const backdrop = new Image();
  if (model.get("backdrop")) strokes.strokeStyle = "#FF8C1A"; // still full ink: the value is the red channel
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
    if (document.activeElement === canvas || el.getRootNode().activeElement === canvas) {
      screen.strokeStyle = penDown ? "#E69F00" : "#56B4E9";
      screen.lineWidth = 3;
      screen.beginPath(); screen.arc(pen.x, pen.y, 13, 0, 7); screen.stroke();
    }
  }
  function send() { // at most one message a frame; ipywidgets merges what comes while the kernel is busy
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
      model.set("value", new DataView(gray.buffer));
      model.save_changes();
    });
  }
  function line(to) {
    const from = last || to;
    strokes.beginPath(); strokes.moveTo(from.x, from.y); strokes.lineTo(to.x + 0.01, to.y); strokes.stroke();
    last = to;
    send();
  }
  function place(event) {
    const box = canvas.getBoundingClientRect();
    return { x: (event.clientX - box.left) * 280 / box.width, y: (event.clientY - box.top) * 280 / box.height };
  }
  function clear() { strokes.clearRect(0, 0, 280, 280); last = null; penDown = false; send(); }

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
    e.stopPropagation(); // the notebook has plans of its own for these keys
  });
  function lay() { if (model.get("backdrop")) backdrop.src = model.get("backdrop"); }
  backdrop.addEventListener("load", paint);
  model.on("change:backdrop", lay);
  lay();
  model.on("msg:custom", (message) => { if (message === "clear") clear(); });
  paint();
}
export default { render };
