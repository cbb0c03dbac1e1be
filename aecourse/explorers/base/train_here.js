// The training panel on a page without a kernel: it looks the same, and a worker of the page trains on what explorer_files.py has written.
import { randomFrom, readTensors } from "./engine.js";
import { restore, startLayers } from "./train.js";

const lossInWords = (loss) => (loss > 0 && loss < 1e-4 ? loss.toExponential(0).replace(/-(\d)$/, "-0$1") : loss?.toFixed(4)); // as trainer.py
const shade = (v) => Math.floor(Math.min(1, Math.max(0, v)) * 255 + 0.5);

/** Answers what the panel of a model asks for; `file` holds the rows to train on. */
function trainHere(model, setup, file) {
  const { sizes, activations, learnt, setting, epochs, lr, ...panel } = setup, { shown, x, valid, strokes } = readTensors(file), ask = model.send;
  const [count, width] = shown.shape, chosen = { setting: model.get("setting") ?? model.get("k") ?? setting, epochs, lr, seed: 0 };
  let open = true, running = null, state = {};
  const network = () => sizes.map((size) => size ?? chosen.setting);

  function painted(rows) { // rows that are no pictures say how strong each of some strokes is
    if (!strokes) return rows;
    const pictures = new Float32Array(count * 784);
    pictures.forEach((_, i) => { for (let j = 0; j < width; j++) pictures[i] += rows[Math.floor(i / 784) * width + j] * strokes.data[j * 784 + (i % 784)]; });
    return pictures;
  }
  function verdict(rows) { // of how many all strokes are right
    const right = rows.map((v, i) => (v > 0.5) === (shown.data[i] > 0.5)), whole = Array.from({ length: count }, (_, i) => right.subarray(i * width, (i + 1) * width).every(Boolean));
    return strokes ? ` ${whole.filter(Boolean).length} of the ${count} digits come back whole.` : "";
  }
  function tell(news = {}) {
    state = { ...state, ...news, running: Boolean(running) };
    if (open) model.set("training", { ...panel, names: ["original", "restored"], error: false, ...state, ...chosen });
  }
  function show(restored, caption, series = {}) {
    const rows = Uint8Array.from([...painted(shown.data), ...painted(restored)], shade);
    tell({ rows, caption, series });
  }
  function idle() {
    const untrained = startLayers(network(), activations, randomFrom(chosen.seed));
    show(restore(untrained, shown.data, count), `An untrained network, ${network().join(" → ")}. Press Train: this page trains it on ${learnt}.`);
  }
  function train() {
    const name = network().join(" → "), started = new Worker(new URL("train_worker.js", import.meta.url), { type: "module" });
    running = started;
    started.onmessage = ({ data: { done, history, restored, stopped } }) => {
      const epoch = history.training[0].length;
      if (done) { running = null; started.terminate(); }
      const losses = Object.entries(history).map(([kind, [, line]]) => `${kind}${kind === "training" ? " loss" : ""} ${lossInWords(line.at(-1))}`).join(", ");
      const words = `${name}, ${learnt}, in this page, epoch ${epoch}${epoch ? `: ${losses}` : ""}.`;
      show(restored, `${words}${verdict(restored)}${done && stopped ? " Ended early by Stop." : ""}`, epoch ? history : {});
    };
    started.postMessage({ ...chosen, x: x.data, valid: valid?.data, shown: shown.data, sizes: network(), activations });
  }
  model.send = (message) => {
    const { choose, train: start, stop, want } = message;
    if (want) return ask(message);
    if ("open" in message || "fold" in message) open = Boolean(message.open);
    Object.assign(chosen, choose);
    if (stop) running?.postMessage({ stop: true });
    if (start && !running) train();
    if (!running && (choose?.setting ?? choose?.seed) !== undefined) idle();
    else tell();
    if (!open) model.set("training", null);
  };
  idle();
}
export default trainHere;
