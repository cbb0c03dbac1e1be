// A panel in which a network is trained while the page shows how far it is. The kernel trains (base/trainer.py), or the page itself (train_here.js).
import { html, useEffect, useRef, useState } from "./vendor/preact.js";
import { Menu, NumberBox, Picture, Row, Slider, Steps, Toggle } from "./page.js";
import { BLACK, BLUE, Curve, VERMILION } from "./chart.js";
import { watch } from "../../assets/widgets/awake.js";

const INKS = [BLUE, VERMILION, BLACK];

/** The panel; without one to show, nothing. */
export function Training({ p: { model } }) {
  const training = model.get("training");
  return training?.label ? html`<${Panel} model=${model} training=${training} />` : null;
}

function Panel({ model, training }) {
  const panel = useRef();
  useEffect(() => watch(model, panel.current), []); // it needs the kernel, the explorer above does not
  const { label, options, rates, most, names, rows, series, caption, loss, error, running, epochs } = training;
  const bytes = new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength), size = bytes.length / names.length;
  const shown = Object.fromEntries(names.map((name, i) => [name, Float32Array.from(bytes.subarray(i * size, (i + 1) * size), (v) => v / 255)]));
  const say = (notice) => model.set("notice", notice);
  const p = { s: training, set: (name, value) => { say(""); model.send({ choose: { [name]: value } }); }, say };
  const lines = Object.entries(series).map(([name, [x, y]], i) => ({ name, colour: INKS[i], x, y }));
  const numeric = typeof options[0] === "number", many = options.length > 20;
  const listed = options.map((value) => [String(value), value]);
  return html`<div class="aecourse-panel"><div ref=${panel}><div>
    <${Row}>${many ? html`<${Slider} p=${p} name="setting" label=${label} min=${options[0]} max=${options.at(-1)} />`
      : numeric ? html`<${Steps} p=${p} name="setting" label=${label} options=${listed} />` : html`<${Menu} p=${p} name="setting" label=${label} options=${listed} />`}
      <${Slider} p=${p} name="epochs" label="epochs" min=${1} max=${most} /></${Row}>
    <${Row}><${Steps} p=${p} name="lr" label="learning rate" options=${rates.map((rate) => [String(rate), rate])} />
      <${NumberBox} p=${p} name="seed" label="seed" min=${0} max=${99} />
      <button type="button" class="primary" disabled=${running} onClick=${() => model.send({ train: true })}>▶ Train</button>
      <button type="button" disabled=${!running} onClick=${() => model.send({ stop: true })}>■ Stop</button></${Row}>
    <${Row}><${Picture} rows=${shown} alt=${caption} />
      <div class="aecourse-chart"><${Curve} series=${lines} range=${[0, Math.max(1, epochs, ...lines.flatMap(({ x }) => x))]} xLabel="epoch"
        title=${lines.length ? "Loss after each epoch" : "The loss will appear here"} yLabel="${loss} (log scale)" /></div></${Row}>
    <p class="aecourse-caption ${error ? "aecourse-error" : ""}">${caption}</p></div></div></div>`;
}

/** The button that opens the panel and folds it away. */
Training.Button = function TrainingButton({ p: { model, data: { gone } } }) {
  const [, draw] = useState(0), open = Boolean(model.get("training")?.label);
  if (!model.get("training") && !model.get("trains")) return null; // a page without a kernel, for which nothing was written
  return html`<${Toggle} on=${open} class="aecourse-trains" disabled=${Boolean(gone)} set=${(on) => { model.send(on ? { open: true } : { fold: true }); draw((n) => n + 1); }}>▶ train it yourself</${Toggle}>`;
};
