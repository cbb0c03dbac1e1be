// A picture on which a point is chosen by hovering, dragging, clicking or the arrow keys. Reports it as shares of width
// and height. Where it follows the mouse, a click pins it until the next click or Escape.
function render({ model, el }) {
  const frame = document.createElement("div");
  Object.assign(frame.style, { position: "relative", width: "100%", touchAction: "none", cursor: "crosshair", lineHeight: 0 });
  frame.tabIndex = 0;
  frame.setAttribute("role", "application");
  frame.setAttribute("aria-label", model.get("label"));
  const image = document.createElement("img");
  Object.assign(image.style, { width: "100%", height: "auto", userSelect: "none", border: "1px solid #BBBBBB", boxSizing: "border-box" });
  image.draggable = false;
  image.alt = model.get("label");
  const mark = document.createElement("div");
  Object.assign(mark.style, {
    position: "absolute", width: "18px", height: "18px", margin: "-9px 0 0 -9px", borderRadius: "50%",
    border: "3px solid black", boxShadow: "0 0 0 2px white, inset 0 0 0 2px white", pointerEvents: "none", boxSizing: "border-box",
  });
  mark.hidden = !model.get("marked");
  frame.append(image, mark);
  const hint = document.createElement("div");
  hint.setAttribute("role", "status");
  Object.assign(hint.style, { fontSize: "14px", lineHeight: 1.4, marginTop: "5px" });
  hint.hidden = !model.get("hover");
  el.append(frame, hint);

  function draw() {
    const [right, down] = model.get("value");
    mark.style.left = `${100 * right}%`;
    mark.style.top = `${100 * down}%`;
    const pinned = model.get("pinned");
    mark.style.borderColor = pinned ? "#D55E00" : "black";
    const words = pinned ? "Pinned: click again, or press Escape, to let it follow." : "A click pins the point.";
    if (hint.textContent !== words) hint.textContent = words;
  }
  function pin(held) {
    model.set("pinned", held);
    model.save_changes();
    draw();
  }
  function background() { image.src = URL.createObjectURL(new Blob([model.get("background")], { type: "image/png" })); }
  function choose(right, down) {
    const clip = (v) => Math.min(1, Math.max(0, v));
    model.set("value", [clip(right), clip(down)]);
    model.save_changes();
    draw();
  }
  function follow(e) {
    const box = frame.getBoundingClientRect();
    choose((e.clientX - box.left) / box.width, (e.clientY - box.top) / box.height);
  }
  frame.addEventListener("pointermove", (e) => { if (model.get("hover") && (e.buttons || !model.get("pinned"))) follow(e); });
  frame.addEventListener("pointerdown", (e) => {
    frame.setPointerCapture(e.pointerId);
    frame.focus();
    if (model.get("hover") && e.pointerType === "mouse") pin(!model.get("pinned")); // a finger does not hover
    follow(e);
  });
  frame.addEventListener("keydown", (e) => {
    if (e.key === "Escape" && model.get("pinned")) {
      pin(false);
      e.stopPropagation();
      return;
    }
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[e.key];
    if (!step) return;
    const [right, down] = model.get("value");
    const [across, along] = model.get("steps");
    choose(right + step[0] * across, down + step[1] * along);
    e.preventDefault();
    e.stopPropagation();
  });
  model.on("change:value", draw);
  model.on("change:pinned", draw);
  model.on("change:background", background);
  image.onload = () => URL.revokeObjectURL(image.src);
  background();
  draw();
}
export default { render };
