// Train a small autoencoder live: the panel that other explorers unfold, alone.
import { html } from "./base/vendor/preact.js";
import { page } from "./base/page.js";
import { Training } from "./base/training.js";

function View(p) {
  return html`<${Training} p=${p} />`;
}
View.placesCaption = true; // the panel has its own
export default page({ compute: () => ({ rows: {}, numbers: {}, caption: "" }), View });
