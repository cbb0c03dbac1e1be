// A button that takes picture files, all at once, and shows how the course reads them.
import { html, useEffect, useRef } from "./base/vendor/preact.js";
import { Canvas, Row, mosaic, page } from "./base/page.js";
import { watch } from "../assets/widgets/awake.js";

const ACROSS = 20; // pictures in a row

function compute(_, data) {
  const { minimum, count, said, shown } = data.setup, pictures = data.asset("pictures").images.data, rows = {};
  for (let i = 0; i * ACROSS * 784 < pictures.length; i++) rows[`row ${i + 1}`] = pictures.subarray(i * ACROSS * 784, (i + 1) * ACROSS * 784);
  const words = [said && `${said}.`, count > shown && `The first ${shown} are shown.`, count < minimum && `At least ${minimum} are needed.`];
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
      <label><input type="checkbox" checked=${s.as_digits} onChange=${({ target }) => set("as_digits", target.checked)} /> photographed digits</label></${Row}>
    ${Object.keys(out.rows).length > 0 && html`<${Canvas} picture=${mosaic(out.rows)} alt=${out.caption} />`}</div></div>`;
}
export default page({ compute, View });
