// An explorer on a page without a kernel: <aecourse-explorer src="explorers/bottleneck/" settings='{"k": 4}'>what stands there first</aecourse-explorer>

/** What an explorer's script knows as its model: the traits, and an ear for their changes. */
export function modelOf(state, fetched) {
  const heard = new Map();
  const fire = (event, ...given) => [...(heard.get(event) ?? [])].forEach((listen) => listen(...given));
  return {
    get: (name) => state[name],
    set(name, value) {
      if (state[name] === value) return;
      state[name] = value;
      fire(`change:${name}`);
    },
    on(event, listen) { heard.set(event, [...(heard.get(event) ?? []), listen]); },
    off(event, listen) { heard.set(event, (heard.get(event) ?? []).filter((other) => other !== listen)); },
    save_changes() {},
    async send({ want }) {
      if (want) fire("msg:custom", { asset: want }, [await fetched(want)]);
    },
  };
}

async function bytesOf(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  const unpacked = answer.body.pipeThrough(new DecompressionStream("gzip"));
  return new DataView(await new Response(unpacked).arrayBuffer());
}

/** The script of an explorer and a model for it, from the folder that `make site` wrote. */
export async function openExplorer(folder, settings = {}) {
  const { script, assets, files, ...state } = await (await fetch(new URL("state.json", folder))).json();
  const fetched = (name) => bytesOf(new URL(files[name], folder));
  const coming = assets.map(async (name) => [name, await fetched(name)]);
  const [{ default: explorer }, ...came] = await Promise.all([import(new URL(`../scripts/${script}`, folder)), ...coming]);
  const model = modelOf({ ...state, ...settings, assets: Object.fromEntries(came) }, fetched);
  if (state.trains) trainsHere(model, state.trains, () => fetched("rows to train on"), folder);
  if (state.trains?.open) await model.send({ open: true });
  return { explorer, model };
}

/** Once its panel is opened, an explorer trains in the page. */
function trainsHere(model, setup, rows, folder) {
  const { send } = model;
  model.send = async (message) => {
    if (!message.open) return send(message);
    const [{ default: trainHere }, file] = await Promise.all([import(new URL("../scripts/explorers/base/train_here.js", folder)), rows()]);
    model.send = send;
    trainHere(model, setup, file);
  };
}

class ExplorerElement extends HTMLElement {
  connectedCallback() { // loads when it comes near
    this.eye = new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && this.load(), { rootMargin: "800px" });
    this.eye.observe(this);
  }
  async load() {
    this.eye.disconnect();
    const settings = JSON.parse(this.getAttribute("settings") ?? "{}");
    try {
      const { explorer, model } = await openExplorer(new URL(this.getAttribute("src"), document.baseURI), settings);
      const room = document.createElement("div");
      this.end = explorer.render({ model, el: room });
      this.replaceChildren(room); // the still goes only now
      this.model = model;
    } catch (error) {
      this.append(Object.assign(document.createElement("p"), { textContent: `The explorer could not be loaded (${error.message}).` }));
    }
  }
  disconnectedCallback() {
    this.eye.disconnect();
    this.end?.();
  }
}
customElements.define("aecourse-explorer", ExplorerElement);
