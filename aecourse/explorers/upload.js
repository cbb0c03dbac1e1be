// A button that takes picture files, all at once, and shows how the course reads them.
import { html, useEffect, useRef } from "./base/vendor/preact.js";
import { Canvas, Row, mosaic, page } from "./base/page.js";
import { watch } from "../assets/widgets/awake.js";

const ACROSS = 20; // pictures in a row

function compute({ invert }, data) {
  const { minimum, count, unread, shown } = data.setup, grays = data.asset("pictures").images.data;
  const pictures = invert ? grays.map((value) => 1 - value) : grays, rows = {};
  for (let i = 0; i * ACROSS * 784 < pictures.length; i++) rows[`row ${i + 1}`] = pictures.subarray(i * ACROSS * 784, (i + 1) * ACROSS * 784);
  const words = [count ? `${count} picture${count === 1 ? "" : "s"} of 28 × 28 grays.` : "", count > shown ? `The first ${shown} are shown.` : "",
    count < minimum ? `At least ${minimum} are needed.` : "", unread.length ? `Left out, no picture can be read from it: ${unread.join(", ")}.` : ""];
  return { rows, numbers: { count }, caption: words.filter(Boolean).join(" ") };
}

function View({ s, set, data, out, model }) {
  const box = useRef();
  useEffect(() => watch(model, box.current), []); // the kernel reads the files
  async function take({ target }) {
    const files = [...target.files], contents = await Promise.all(files.map((file) => file.arrayBuffer()));
    model.send({ files: files.map((file) => file.name) }, undefined, contents);
  }
  return html`<div ref=${box}><div><${Row}><label>choose pictures, ${data.setup.minimum} or more <input type="file" accept="image/*" multiple=${true} onChange=${take} /></label>
      <label><input type="checkbox" checked=${s.invert} onChange=${({ target }) => set("invert", target.checked)} /> dark ink on light paper</label></${Row}>
    ${Object.keys(out.rows).length > 0 && html`<${Canvas} picture=${mosaic(out.rows)} alt=${out.caption} />`}</div></div>`;
}
export default page({ compute, View });
