// Shared by the widgets of the course that need a kernel: without one they are gray and do not react to mouse and keys, with one sentence
// that says what to do.
const ENDED = ["restarting", "autorestarting", "terminating", "dead"];

function notebookOf(node) { // JupyterLab's notebook around a node and the place of its cell; not there in other programs
  const board = window.jupyterapp?.shell.currentWidget?.content;
  const place = board?.widgets?.findIndex?.((cell) => cell.node.contains(node)) ?? -1;
  return place < 0 ? null : { board, place };
}

export function saveNotebook(node) {
  if (notebookOf(node)) window.jupyterapp.commands.execute("docmanager:save");
}

// Shift + Enter inside a widget goes on to the next cell, without a run; returns what ends it.
export function goOnWithShiftEnter(root) {
  function goOn(event) {
    if (event.key !== "Enter" || !event.shiftKey || !root.contains(event.target)) return;
    const here = notebookOf(root);
    if (!here) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    here.board.mode = "command";
    here.board.activeCellIndex = Math.min(here.place + 1, here.board.widgets.length - 1);
    here.board.node.focus();
    here.board.scrollToItem(here.board.activeCellIndex, "smart");
  }
  window.addEventListener("keydown", goOn, true); // before JupyterLab, which listens at the document
  return () => window.removeEventListener("keydown", goOn, true);
}

// anywidget waits two seconds for a widget's script. On a busy machine that is too short, and from then on it drops all that Python says:
// listen past it, and ask for what was missed.
async function listenAgain(model) {
  const inside = insideOf(model);
  try { await inside?._handle_comm_msg({ content: { data: {} } }); } catch {
    const hear = Object.getPrototypeOf(inside.constructor.prototype)._handle_comm_msg;
    inside.comm?.on_msg((message) => hear.call(inside, message));
    inside.comm?.send({ method: "request_state" }, inside.callbacks());
  }
}

function insideOf(model) { // the widget behind what anywidget shows of it: events carry it
  let inside;
  const note = (widget) => { inside = widget; };
  model.on("change:inside", note);
  model.set("inside", {});
  model.off("change:inside", note);
  return inside;
}

// Tells why the kernel does not hear a widget any more, "" while it does, now and at every change; returns what ends it.
export function hearOfKernel(model, root, tell) {
  const kernel = () => model.widget_manager?.kernel;
  const born = kernel();
  let ended = false, told;

  function look() {
    const now = kernel();
    ended ||= now ? ENDED.includes(now.status) || (born && now.id !== born.id) : Boolean(born);
    const unheard = root.closest(".jupyter-widgets-disconnected"); // its model has no counterpart in the kernel
    const cut = now && now.connectionStatus !== "connected";
    const words = ended || unheard ? "Run this cell to use it." : cut ? "No connection to the kernel." : "";
    if (words !== told) tell(told = words);
  }
  const note = () => sayThatItIsClosed(root.closest(".jp-OutputArea-output"));
  model.on("destroy", note);
  born?.statusChanged?.connect(look);
  const timer = setInterval(look, 1000);
  look();
  if (born) listenAgain(model);
  return () => {
    model.off("destroy", note);
    born?.statusChanged?.disconnect(look);
    clearInterval(timer);
  };
}

// Python closes a widget whose cell runs again. Where it runs the new one takes the place; in another tab of the notebook there would be nothing.
function sayThatItIsClosed(output) {
  setTimeout(() => {
    if (!output?.isConnected || output.innerText.trim()) return;
    const note = document.createElement("p");
    note.setAttribute("role", "status");
    note.style.color = "var(--jp-ui-font-color2)";
    note.textContent = "Python has closed this, as when the cell runs in another tab. Run it here to use it.";
    output.append(note);
    output.classList.remove("lm-mod-hidden"); // JupyterLab hides the place of a widget that is gone
  }, 1000);
}

export function watch(model, root) { // returns what ends it
  const note = Object.assign(document.createElement("p"), { className: "aecourse-asleep-note" });
  note.setAttribute("role", "status");
  const endHearing = hearOfKernel(model, root, (words) => {
    note.textContent = words;
    root.classList.toggle("aecourse-asleep", Boolean(words));
    for (const part of root.children) part.inert = Boolean(words) && part !== note;
    if (words) root.prepend(note); else note.remove();
  });
  const endGoingOn = goOnWithShiftEnter(root);
  return () => { endHearing(); endGoingOn(); };
}
