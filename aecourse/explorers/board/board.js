// The demo board's frame: question, votes, presets, answer; keys; and how large the pictures of an explorer are.
const HELP = "1 … 4 vote, or type the counted hands and press Enter · A the answer · Q ask again · Page Up, Page Down turn · O all demos · F full screen";

function make(tag, attributes = {}, ...inside) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else node.setAttribute(name, value);
  }
  node.append(...inside);
  return node;
}

function render({ model, el }) {
  const demos = model.get("demos"), unasked = () => ({ open: true, answered: false, hands: [] });
  const polls = demos.map(unasked); // of each demo: whether its question is open, whether the answer is wanted, the hands for each vote
  const place = () => model.get("page"), demo = () => demos[place()], poll = () => polls[place()], send = (message) => model.send(message);
  let board = null, stage = null, wantsFocus = false, waiting = false, arrivedAt = -1;

  // The frame
  const button = (words, title, click, more = {}) => make("button", { title, click, ...more }, words);
  const previous = button("‹ previous", "Page Up", () => send({ turn: -1 })), next = button("next ›", "Page Down", () => send({ turn: 1 }));
  const title = make("h1"), taught = make("p", { class: "taught" }), question = make("h2", { tabindex: -1, "aria-live": "polite" });
  const votes = make("div", { class: "votes", role: "group", "aria-label": "votes" });
  const show = button("show the demo", "Enter", open, { class: "show" });
  const reveal = button("answer", "A", () => answer(!words.textContent)), again = button("ask again", "Q", () => ask());
  const presets = make("div", { class: "presets", role: "group", "aria-label": "presets" });
  const words = make("p", { class: "answer", "aria-live": "polite" });
  const cards = demos.map((each, i) => make("button", { click: () => { overview.close(); send({ go: i + 1 }); } },
    `${i + 1} · ${each.title}`, make("small", {}, each.question)));
  const overview = make("dialog", { "aria-label": "All demos" }, make("strong", {}, "All demos: click one, or press 1 … 9, 0 for the first ten"),
    make("div", { class: "cards" }, ...cards), make("p", {}, HELP));
  const all = button("all demos", "O", () => overview.showModal());
  const full = button("full screen", "F", () => (document.fullscreenElement ? document.exitFullscreen() : board.requestFullscreen()));
  el.classList.add("aecourse-frame-host");
  el.append(make("div", { class: "aecourse-frame" }, make("nav", { "aria-label": "demos" }, previous, next, title, taught, all, full),
    question, votes, presets, make("footer", {}, words, make("p", { class: "help" }, HELP)), overview));

  // The question, its votes and its answer
  function ask(fresh = true) {
    if (fresh) polls[place()] = unasked();
    const { hands } = poll();
    title.textContent = `${place() + 1} / ${demos.length} · ${demo().title}`;
    question.textContent = demo().question;
    taught.textContent = `taught in ${demo().notebook}`;
    previous.disabled = place() === 0;
    next.disabled = place() === demos.length - 1;
    votes.replaceChildren(...demo().votes.map((vote, i) => {
      const count = make("input", { type: "number", min: 0, max: 9999, placeholder: "hands", "aria-label": `hands for ${i + 1}, ${vote}`,
        title: "hands: a whole number", input: () => { hands[i] = count.validity.valid ? count.valueAsNumber || 0 : 0; draw(); } });
      count.value = hands[i] ?? "";
      return make("div", { class: "vote" }, make("button", { click: () => choose(i) }, make("b", {}, `${i + 1}`), vote), count);
    }), show);
    presets.replaceChildren(reveal, again, ...Object.entries(demo().presets).map(([name, apply]) => make("button", { click: () => send({ apply }) }, name)));
    draw();
  }
  function choose(i) { // one vote for all who have spoken
    const { open: asks, hands } = poll();
    if (!asks || i < 0 || i >= demo().votes.length) return;
    hands[i] = (hands[i] ?? 0) + 1;
    votes.children[i].lastChild.value = hands[i];
    open();
  }
  function open() {
    poll().open = false;
    wantsFocus = true;
    draw();
    later();
  }
  function answer(answered) {
    poll().answered = answered;
    if (answered && !isSet(demo().holds)) send({ apply: demo().holds });
    open();
  }
  function isSet(values) { // whether the explorer shows these
    const now = stage && shown()?.querySelector(".aecourse")?.settings?.();
    return Object.entries(values).every(([name, value]) => now?.[name] === value);
  }
  function draw() { // what of all this is to be seen now
    if (!board) return;
    const { open: asks, answered, hands } = poll(), { teaser, right, answer: told, holds } = demo(), row = /\d/.exec(teaser);
    const answers = answered && isSet(holds), total = hands.reduce((sum, count) => sum + (count ?? 0), 0);
    board.toggleAttribute("data-asks", asks);
    board.dataset.teaser = teaser;
    board.style.setProperty("--row", row ?? 1);
    stage.inert = asks && row !== null; // what is covered is not read aloud
    [...votes.querySelectorAll(".vote")].forEach((vote, i) => {
      vote.classList.toggle("right", answers && i + 1 === right);
      vote.style.setProperty("--share", total ? (hands[i] ?? 0) / total : 0);
      vote.firstChild.disabled = !asks;
    });
    if (Boolean(words.textContent) !== answers) words.textContent = answers ? told : ""; // once, as it is read aloud
    const marks = [answers, false, ...Object.values(demo().presets).map(isSet)];
    [...presets.children].forEach((each, i) => each.setAttribute("aria-pressed", String(marks[i])));
  }

  // Keys: those of a presenter's clicker, digits and a few letters, wherever the focus is on the board
  function key(e) {
    if (!board?.isConnected || e.ctrlKey || e.metaKey || e.altKey) return;
    if (!board.contains(e.target) && e.target !== document.body) return;
    const typing = e.target.matches("input:not([type=range]), select, textarea"), digit = !typing && /^[0-9]$/.test(e.key);
    const enters = e.key === "Enter" && poll().open && (e.target.closest(".vote input") || !e.target.closest("button, input, select"));
    const pressed = { PageUp: previous, PageDown: next, ...(!typing && { a: reveal, q: again, o: all, f: full }) }[e.key];
    if (overview.open) { if (!digit) return; cards[(+e.key || 10) - 1]?.click(); }
    else if (pressed) pressed.click();
    else if (enters) open();
    else if (digit) choose(+e.key - 1);
    else return;
    e.preventDefault();
    e.stopImmediatePropagation(); // the slider and the notebook use these keys, too
  }

  // The pictures: as high as the stage has room for, beside all that is written there
  const shown = () => [...stage.children].find((node) => getComputedStyle(node).display !== "none");
  function fit() {
    const node = shown(), room = stage.clientHeight, fitted = node?.fitted;
    if (!node || !room) return;
    const over = (share) => { // how much is too high
      stage.style.setProperty("--high", `${share * room}px`);
      return stage.scrollHeight - room;
    };
    if (fitted?.room === room && over(fitted.share + 0.12) > 0 && over(fitted.share) <= 0) return; // a caption one line shorter moves nothing
    const shares = Array.from({ length: 19 }, (_, i) => 1 - 0.04 * i);
    const share = shares.find((each) => over(each) <= 0) ?? shares.reduce((best, each) => (over(each) < over(best) ? each : best));
    over(share);
    node.fitted = { room, share };
  }
  function later() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; fit(); arrived(); });
  }
  function arrived() { // a page has come onto the screen
    const node = shown(), page = place();
    if (!node?.fitted || node.dataset.page !== undefined && +node.dataset.page !== page) return;
    node.dataset.page = page;
    if (wantsFocus) { // on what is to be moved, or on the question
      const movable = [...node.querySelectorAll("[role=application], input[type=range]")].filter((n) => n.offsetParent);
      (movable.find((n) => n.tagName === "CANVAS") ?? (poll().open ? question : movable[0] ?? question)).focus({ preventScroll: true });
    }
    wantsFocus = false;
    if (arrivedAt === page) return;
    arrivedAt = page;
    draw();
    (window.requestIdleCallback || setTimeout)(() => send({ ready: page + 1 }));
  }

  // The size of the board: the window, or what the notebook leaves
  function measure() {
    if (!board) return;
    const panel = board.closest(".jp-WindowedPanel-outer"), whole = document.body.dataset.board || document.fullscreenElement === board || !panel;
    const height = whole ? window.innerHeight : Math.max(420, panel.clientHeight - 60);
    board.style.height = `${height}px`;
    board.style.fontSize = `${Math.min(height / 36, board.clientWidth / 60)}px`;
    later();
  }
  const sizes = new ResizeObserver(later), panels = new ResizeObserver(measure);
  const watch = () => { [...stage.children].forEach((node) => sizes.observe(node)); later(); }, children = new MutationObserver(watch);
  function attach() {
    board = el.closest(".aecourse-board");
    stage = board?.querySelector(":scope > .aecourse-stage");
    if (!stage) return requestAnimationFrame(attach);
    Object.assign(board, { role: "region", ariaLabel: "Demo board" });
    board.addEventListener("aecourse-drawn", draw);
    sizes.observe(stage);
    children.observe(stage, { childList: true });
    panels.observe(board.closest(".jp-WindowedPanel-outer") || document.documentElement);
    watch();
    measure();
    draw();
  }
  const turned = () => { wantsFocus = true; ask(false); }, listens = [[window, "keydown", key, true], [window, "resize", measure], [document, "fullscreenchange", measure]];
  model.on("change:page", turned);
  for (const [target, ...heard] of listens) target.addEventListener(...heard);
  ask(false);
  requestAnimationFrame(attach);
  return () => {
    for (const [target, ...heard] of listens) target.removeEventListener(...heard);
    model.off("change:page", turned);
    for (const observer of [sizes, panels, children]) observer.disconnect();
  };
}
export default { render };
