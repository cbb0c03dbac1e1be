// The demo board's frame: title, question, presets, answer; keys; and the scale at which an explorer fills the stage.
const WIDTHS = [620, 700, 780, 860, 940, 1020, 1100, 1180, 1300]; // CSS pixels to lay an explorer out in, before scaling

function make(tag, attributes = {}, ...inside) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "click") node.addEventListener("click", value);
    else node.setAttribute(name, value);
  }
  node.append(...inside);
  return node;
}

function render({ model, el }) {
  const demos = model.get("demos");
  const send = (message) => model.send(message);
  let board = null, stage = null, wantsFocus = false;

  // The frame
  const turn = (step) => send({ turn: step });
  const go = (page) => send({ go: page });
  const previous = make("button", { click: () => turn(-1), title: "Page Up" }, "‹ previous");
  const next = make("button", { click: () => turn(1), title: "Page Down" }, "next ›");
  const numbers = demos.map((demo, i) => make("button", { click: () => go(i + 1), title: demo.title, "aria-label": `${i + 1}, ${demo.title}` }, `${i + 1}`));
  const all = make("button", { click: () => overview.showModal(), title: "O" }, "all demos");
  const full = make("button", { click: fullScreen, title: "F" }, "full screen");
  const title = make("h1");
  const question = make("h2", { class: "question", "aria-live": "polite" });
  const presets = make("div", { class: "presets", role: "group", "aria-label": "presets" });
  const reveal = make("button", { click: () => answer(hidden()), "aria-pressed": "false", title: "A" }, "answer");
  const words = make("p", { class: "answer", "aria-live": "polite" });
  const taught = make("p", { class: "taught" });
  const cards = demos.map((demo, i) => make("button", { click: () => { overview.close(); go(i + 1); } },
    `${i + 1} · ${demo.title}`, make("small", {}, demo.question)));
  const overview = make("dialog", { "aria-label": "All demos" }, make("strong", {}, "All demos"), make("div", { class: "cards" }, ...cards));
  el.classList.add("aecourse-frame-host");
  el.append(make("div", { class: "aecourse-frame" },
    make("nav", { "aria-label": "demos" }, previous, ...numbers, next, title, make("span", { class: "gap" }), all, full),
    question, presets, make("footer", {}, words), overview));

  const hidden = () => reveal.getAttribute("aria-pressed") === "false";
  function answer(shown) {
    reveal.setAttribute("aria-pressed", String(shown));
    words.textContent = shown ? demos[model.get("page")].answer : "";
  }
  function fullScreen() {
    if (document.fullscreenElement) document.exitFullscreen(); else board?.requestFullscreen?.();
  }
  function show() {
    const page = model.get("page"), demo = demos[page];
    title.textContent = `${page + 1} / ${demos.length} · ${demo.title}`;
    question.textContent = demo.question;
    taught.textContent = `taught in ${demo.notebook}`;
    numbers.forEach((button, i) => i === page ? button.setAttribute("aria-current", "page") : button.removeAttribute("aria-current"));
    previous.disabled = page === 0;
    next.disabled = page === demos.length - 1;
    presets.replaceChildren(reveal, ...demo.presets.map((name) => make("button", { click: () => send({ preset: name }) }, name)), taught);
    answer(false);
  }

  // Keys: those of a presenter's clicker and a few letters, wherever the focus is on the board
  function key(e) {
    if (!board?.isConnected || e.ctrlKey || e.metaKey || e.altKey || overview.open) return;
    if (!board.contains(e.target) && e.target !== document.body) return;
    const typing = e.target.matches("input:not([type=range]), select, textarea");
    const pages = { PageUp: -1, PageDown: 1 }[e.key];
    if (pages) { wantsFocus = true; turn(pages); }
    else if (typing) return;
    else if (/^[0-9]$/.test(e.key)) { const page = +e.key || 10; if (page > demos.length) return; wantsFocus = true; go(page); }
    else if (e.key === "a") answer(hidden());
    else if (e.key === "o") overview.showModal();
    else if (e.key === "f") fullScreen();
    else return;
    e.preventDefault();
    e.stopImmediatePropagation(); // the slider and the notebook have plans of their own for these keys
  }

  // The scale: lay the explorer out in the width at which it can be shown largest, then enlarge it
  const shown = () => [...stage.children].find((node) => node.offsetParent && node.offsetHeight);
  function fit() {
    if (!stage?.clientHeight) return;
    const node = shown();
    if (!node) return;
    const room = { width: stage.clientWidth - 16, height: stage.clientHeight - 4 }; // a focus ring needs a margin
    const scaleAt = (width) => {
      node.style.width = `${width}px`;
      return Math.min(room.width / Math.max(width, node.scrollWidth), room.height / Math.max(node.offsetHeight, node.scrollHeight));
    };
    const was = node.fitted;
    if (was && was.room.width === room.width && was.room.height === room.height) {
      const scale = scaleAt(was.width);
      if (scale > was.scale * 0.998 && scale < was.scale * 1.2) return; // a caption one line shorter moves nothing
    }
    let best = { score: 0 };
    const enough = parseFloat(board.style.fontSize) / 13; // an explorer's labels are then as large as the board's own type
    for (const width of WIDTHS) { // large type, and pictures across the whole stage
      const scale = scaleAt(width), score = Math.min(scale, enough) * scale * width / room.width;
      if (score > best.score) best = { score, width, scale, room };
    }
    node.fitted = best;
    node.style.width = `${best.width}px`;
    node.style.left = `${(stage.clientWidth - best.scale * Math.max(best.width, node.scrollWidth)) / 2}px`;
    node.style.top = "2px";
    node.style.transform = `scale(${best.scale})`;
  }
  let asked = false;
  function later() {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; fit(); arrived(); });
  }
  let arrivedAt = -1;
  function arrived() { // a page has come onto the screen
    const node = shown(), page = model.get("page");
    if (!node?.fitted || node.dataset.page !== undefined && +node.dataset.page !== page) return;
    node.dataset.page = page;
    if (arrivedAt === page) return;
    arrivedAt = page;
    const movable = [...node.querySelectorAll("input[type=range], [role=application]")].filter((n) => n.offsetParent);
    if (wantsFocus) (movable.find((n) => n.tagName === "CANVAS") || movable[0])?.focus({ preventScroll: true });
    wantsFocus = false;
    (window.requestIdleCallback || setTimeout)(() => send({ ready: page + 1 }));
  }

  // The size of the board: the window, or what the notebook leaves
  function measure() {
    const panel = board.closest(".jp-WindowedPanel-outer");
    const whole = document.body.dataset.board || document.fullscreenElement === board || !panel;
    const height = whole ? window.innerHeight : Math.max(420, panel.clientHeight - 60);
    board.style.height = `${height}px`;
    board.style.fontSize = `${Math.min(height / 36, board.clientWidth / 60)}px`;
    later();
  }
  const sizes = new ResizeObserver(later);
  const children = new MutationObserver(() => { [...stage.children].forEach((node) => sizes.observe(node)); later(); });
  function attach() {
    board = el.closest(".aecourse-board");
    stage = board?.querySelector(":scope > .aecourse-stage");
    if (!stage) return requestAnimationFrame(attach);
    board.setAttribute("role", "region");
    board.setAttribute("aria-label", "Demo board");
    sizes.observe(stage);
    children.observe(stage, { childList: true });
    [...stage.children].forEach((node) => sizes.observe(node));
    panels.observe(board.closest(".jp-WindowedPanel-outer") || document.documentElement);
    measure();
  }
  const panels = new ResizeObserver(() => board && measure());
  const pageTurned = () => { show(); later(); };
  model.on("change:page", pageTurned);
  window.addEventListener("keydown", key, { capture: true });
  window.addEventListener("resize", measure);
  document.addEventListener("fullscreenchange", measure);
  show();
  requestAnimationFrame(attach);
  return () => {
    window.removeEventListener("keydown", key, { capture: true });
    window.removeEventListener("resize", measure);
    document.removeEventListener("fullscreenchange", measure);
    model.off("change:page", pageTurned);
    for (const observer of [sizes, panels, children]) observer.disconnect();
  };
}
export default { render };
