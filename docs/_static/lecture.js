// A lecture: reveal.js with our settings, the site's light or dark, and keys that stay with a slider while it has the focus.
document.body.dataset.theme = localStorage.getItem("theme") ?? "auto"; // as the reader chose on the site

function otherTheme() {
  const dark = getComputedStyle(document.body).colorScheme === "dark";
  localStorage.setItem("theme", document.body.dataset.theme = dark ? "light" : "dark");
}

function enlarge(explorer) { // as far as its slide has room
  for (const zoom of [1.6, 1.5, 1.4, 1.3, 1.2, 1.12]) {
    explorer.style.zoom = zoom;
    if (explorer.scrollHeight <= explorer.clientHeight + 1 && explorer.scrollWidth <= explorer.clientWidth + 1) return;
  }
}
const explorers = document.querySelectorAll("aecourse-explorer");
for (const explorer of explorers) {
  new MutationObserver(() => enlarge(explorer)).observe(explorer, { childList: true }); // it has been loaded
}

for (const mine of document.querySelectorAll("aecourse-explorer, .vote")) {
  mine.addEventListener("keydown", (event) => { // after the explorer itself, before the deck
    event.stopPropagation();
    const turn = { PageDown: "next", PageUp: "prev" }[event.key]; // a clicker turns the slide wherever the focus is
    if (!turn && event.key !== "Escape") return;
    event.preventDefault();
    document.activeElement.blur();
    if (turn) Reveal[turn]();
  });
}

Reveal.initialize({
  width: 1280, height: 720, margin: 0, minScale: 0.1, maxScale: 4, center: false, display: "flex", transition: "none",
  backgroundTransition: "none", controls: false, hash: true, navigationMode: "linear", slideNumber: "c/t", scrollActivationWidth: null,
  pdfSeparateFragments: false, pdfMaxPagesPerSlide: 1, plugins: [RevealNotes],
});
Reveal.addKeyBinding({ keyCode: 84, key: "T", description: "Light or dark" }, otherTheme);
Reveal.on("slidechanged", ({ currentSlide }) => {
  document.activeElement.blur();
  currentSlide.querySelectorAll("aecourse-explorer").forEach(enlarge);
});
Reveal.on("ready", () => explorers.forEach(enlarge));
Reveal.on("pdf-ready", () => explorers.forEach(enlarge));
