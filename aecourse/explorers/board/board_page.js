// The demo board as a page of its own, without a kernel: what board.py does in JupyterLab, with the files of the site.
import { modelOf, openExplorer } from "./host.js";
import frame from "./board.js";

const { demos } = await (await fetch("board.json")).json();
const board = document.querySelector(".aecourse-board"), stage = board.querySelector(".aecourse-stage");
const built = [], open = (page) => (built[page] ??= build(page)); // {node, model} of each page, as soon as it is there

async function build(page) {
  const { explorer, settings } = demos[page], { explorer: script, model } = await openExplorer(new URL(`explorers/${explorer}/`, document.baseURI), settings);
  const node = document.createElement("div");
  node.hidden = true;
  stage.append(node);
  script.render({ model, el: node });
  return { node, model };
}

const model = modelOf({ page: 0, demos });
async function go(page) {
  const here = Math.min(demos.length - 1, Math.max(0, page));
  const { node } = await open(here);
  for (const other of stage.children) other.hidden = other !== node;
  model.set("page", here);
}
model.send = async ({ turn, go: to, apply, ready }) => {
  const page = model.get("page");
  if (turn) go(page + turn);
  if (to) go(to - 1);
  if (ready && ready < demos.length) open(ready); // the next page, so that turning to it takes no time
  if (!apply) return;
  const { train, stop, ...values } = apply, shown = (await open(page)).model;
  if (shown.get("training")) shown.send({ choose: values, train, stop });
  else for (const [name, value] of Object.entries(values)) shown.set(name, value);
};
await go(0);
frame.render({ model, el: board.querySelector(".aecourse-frame-host") });
