// The training panel on a page without a kernel: it looks the same, and a worker of the page trains on fewer digits.
import { randomFrom, readTensors, rowsOf } from "./engine.js";
import { restore, startLayers } from "./train.js";

const HIDDEN = 64, VALID = 500;
const shade = (v) => Math.floor(Math.min(1, Math.max(0, v)) * 255 + 0.5);

/** Answers what the panel of a model asks for; `worker` is where train_worker.js lies. */
function trainHere(model, worker) {
  const { images, digits } = readTensors(model.get("assets").digits), { setting, options, rates, most, label, loss } = model.get("setup");
  const shown = rowsOf(images, 0, 10), count = digits.shape[0] - VALID;
  const chosen = { setting, epochs: 5, lr: 0.003 };
  let running = null;
  const name = (k) => `784 → ${HIDDEN} → ${k} → ${HIDDEN} → 784`;
  function show(restored, caption, series = {}) {
    const rows = new Uint8Array(shown.length + restored.length);
    rows.set(Array.from(shown, shade));
    rows.set(Array.from(restored, shade), shown.length);
    model.set("training", {
      label, options, rates, most, loss,
      names: ["original", "restored"], running: Boolean(running), error: false, ...chosen, rows, caption, series,
    });
  }
  const sizes = () => [784, HIDDEN, chosen.setting, HIDDEN, 784];
  const idle = () => show(restore(startLayers(sizes(), randomFrom(0)), shown, 10), `An untrained network, ${name(chosen.setting)}. Press Train: this page trains it on ${count} digits.`);

  function train() {
    const k = chosen.setting, started = new Worker(worker, { type: "module" });
    running = started;
    started.onmessage = ({ data: { done, history, restored, stopped } }) => {
      const epoch = history.training[0].length;
      if (done) { running = null; started.terminate(); }
      const losses = epoch ? `: training loss ${history.training[1].at(-1).toFixed(4)}, validation ${history.validation[1].at(-1).toFixed(4)}` : "";
      const series = epoch ? history : {};
      show(restored, `${name(k)}, ${count} digits, in this page, epoch ${epoch}${losses}.${done && stopped ? " Ended early by Stop." : ""}`, series);
    };
    started.postMessage({
      digits: rowsOf(digits, 0, count), valid: rowsOf(digits, count, count + VALID), shown, seed: 0,
      sizes: sizes(), epochs: chosen.epochs, lr: chosen.lr,
    });
  }
  model.send = ({ choose, train: start, stop }) => {
    Object.assign(chosen, choose);
    if (stop) running?.postMessage({ stop: true });
    if (start && !running) train();
    if (choose?.setting && !running) idle();
    else model.set("training", { ...model.get("training"), ...chosen, running: Boolean(running) });
  };
  idle();
}
export default trainHere;
