import { watch } from "../../assets/widgets/awake.js";
// What ipywidgets leaves out for people who use no mouse or listen to the page: a name and a value for every slider handle, keys
// that JupyterLab would take for its own, and a caption that is spoken once the picture rests, not at every step.
const REST = 700; // milliseconds without a new caption

function put(node, attribute, words) { // only what is new, or the observer below would never rest
  if (node.getAttribute(attribute) !== words) node.setAttribute(attribute, words);
}

function nameHandle(handle) {
  const slider = handle.closest(".widget-slider");
  const label = slider?.querySelector(".widget-label");
  const name = label?.textContent.trim() || label?.title; // a missing tooltip becomes the title "null"
  if (name) put(handle, "aria-label", name);
  const readout = slider?.querySelector(".widget-readout");
  if (readout && slider.classList.contains("aecourse-choice")) readout.contentEditable = "false"; // nothing to type there
  if (name && readout?.isContentEditable) { put(readout, "role", "textbox"); put(readout, "aria-label", `${name}, number`); }
  const value = readout?.offsetParent ? readout.textContent : handle.getAttribute("aria-valuetext");
  if (value) put(handle, "aria-valuetext", isNaN(value) ? value : String(Number(value))); // not "8.00"
}

// A comma is no dot to a browser that speaks English: it drops the one in "0,5" and reads 5.
const COMMA = (1.5).toLocaleString(navigator.language).includes(",");
function dotForComma(event) {
  if (COMMA || event.key !== "," || event.target.type !== "number") return;
  event.preventDefault();
  document.execCommand("insertText", false, ".");
}

function render({ model, el }) {
  const spoken = document.createElement("p");
  spoken.setAttribute("role", "status");
  el.append(spoken);
  let explorer, said, timer, endWatch;

  function look() {
    explorer.querySelectorAll(".noUi-handle").forEach(nameHandle);
    explorer.querySelectorAll('[title="null"]').forEach((node) => node.removeAttribute("title")); // of a missing tooltip
    explorer.querySelectorAll(".noUi-handle, select, button").forEach((node) => put(node, "data-lm-suppress-shortcuts", "true"));
    const captions = [...explorer.querySelectorAll(".aecourse-caption")];
    const words = captions.find((caption) => caption.closest(".aecourse") === explorer)?.textContent;
    if (words === said) return;
    if (said !== undefined) { // the first caption is there to be read, not to interrupt
      clearTimeout(timer);
      timer = setTimeout(() => { spoken.textContent = words; }, REST);
    }
    said = words;
  }
  const observer = new MutationObserver(look);
  function attach() {
    explorer = el.closest(".aecourse");
    if (!explorer) { timer = setTimeout(attach, 100); return; }
    explorer.addEventListener("keydown", dotForComma, true); // before ipywidgets, which lets no key through
    observer.observe(explorer, {
      subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ["aria-valuetext", "title"],
    });
    look();
    const inAnother = explorer.parentElement.closest(".aecourse"); // which watches for both
    if (!inAnother) endWatch = watch(model, explorer);
  }
  attach();
  return () => { observer.disconnect(); clearTimeout(timer); endWatch?.(); };
}
export default { render };
