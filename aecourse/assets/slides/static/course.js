// Sets formulas, gives every figure the room that is left, makes an overfull slide a little smaller, starts reveal.js.
window.MathJax = {
  tex: { inlineMath: [["$", "$"], ["\\(", "\\)"]], processEscapes: true },
  options: { enableMenu: false, skipHtmlTags: ["script", "style", "textarea", "pre", "code", "aside"] },
  startup: { typeset: false },
};

const courseSlides = {
  width: 1280, height: 720,
  size: 30,        // px of prose
  sizes: [1.2, 1.1, 1, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7],  // shares of it to try
  code: 15,        // px of the smallest code
  figure: 360,     // px of height that a figure should have, else the words around it shrink
  least: 260,      // px that it must have before the words shrink further

  leaves: () => [...document.querySelectorAll(".slides section")].filter((s) => !s.querySelector("section")),

  figures: (section) => [...section.querySelectorAll("img")].filter((img) => !img.closest("aside")),

  fullHeight: (img) => img.naturalHeight * 1160 / img.naturalWidth,  // when it is as wide as the slide allows

  // how many pixels stay free below the content; negative if it does not fit
  left(section) {
    const bottom = section.getBoundingClientRect().bottom - parseFloat(getComputedStyle(section).paddingBottom);
    const ends = [...section.children].filter((c) => !c.matches("aside")).map((c) => c.getBoundingClientRect().bottom);
    const wide = [...section.querySelectorAll("mjx-container, table, pre")].some(
      (e) => !e.closest("aside") && e.getBoundingClientRect().right > section.getBoundingClientRect().right - 55);
    return wide ? -1 : bottom - Math.max(...ends, 0);
  },

  // printed lines keep their shape: a smaller type first, wrapping only where that would be too small to read
  narrow(pre) {
    pre.style.fontSize = pre.style.whiteSpace = "";
    const size = parseFloat(getComputedStyle(pre).fontSize), wanted = size * (pre.clientWidth - 20) / pre.scrollWidth;
    if (wanted < size) pre.style.fontSize = `${Math.max(wanted * 0.995, this.code)}px`;
    if (wanted < this.code) pre.style.whiteSpace = "pre-wrap";
  },

  fit(section) {
    const figures = this.figures(section);
    const pres = [...section.querySelectorAll("pre")].filter((pre) => !pre.closest("aside"));
    for (const share of this.sizes.filter((size) => size <= 1 || !figures.length)) {
      section.style.fontSize = `${share * this.size}px`;
      pres.forEach((pre) => this.narrow(pre));
      figures.forEach((img) => { img.style.height = "0px"; });
      const free = this.left(section);
      if (figures.length) {
        const each = free / figures.length - 4, full = figures.map((img) => this.fullHeight(img));
        figures.forEach((img, i) => { img.style.height = `${Math.max(60, Math.min(each, full[i]))}px`; });
        if (each >= Math.min(share > 0.8 ? this.figure : this.least, ...full)) return;
      } else if (share > 1 ? free >= 0.15 * this.height && !pres.some((pre) => pre.style.fontSize) : free >= 0) {
        return;  // larger only where there is plenty of room, and not beside code that had to be made smaller
      }
    }
    if (this.left(section) < 0) section.style.overflowY = "auto";  // a learner's own endless output: it can be scrolled
  },

  async start() {
    await MathJax.startup.promise;
    await MathJax.typesetPromise([document.querySelector(".slides")]);
    await Promise.all([...document.images].map((img) => img.decode().catch(() => {})));
    document.body.classList.add("measuring");
    this.leaves().forEach((section) => this.fit(section));
    document.body.classList.remove("measuring");
    await Reveal.initialize({
      width: this.width, height: this.height, margin: 0, maxScale: 4, center: false, hash: true,
      transition: "none", slideNumber: "h.v", navigationMode: "default", plugins: [RevealNotes],
    });
    document.body.dataset.ready = "yes";
  },
};
