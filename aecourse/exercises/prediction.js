import { saveNotebook, watch } from "../assets/widgets/awake.js";
// A question and its options. Once the result was shown, the vote that counts and the measured option are marked and stay.
function render({ model, el }) {
  el.classList.add("aecourse-prediction");
  const [box, legend, first, said] = ["fieldset", "legend", "b", "p"].map((tag) => document.createElement(tag));
  said.setAttribute("role", "status");
  first.textContent = "Predict first.";
  legend.append(first, " ", model.get("question"));
  box.append(legend);
  const group = `vote-${crypto.randomUUID?.() ?? Math.random()}`;
  const rows = model.get("options").map((option) => {
    const row = document.createElement("label"), circle = document.createElement("input"), mark = document.createElement("span");
    Object.assign(circle, { type: "radio", name: group, value: option });
    circle.addEventListener("change", () => {
      model.set("value", option);
      model.save_changes();
      setTimeout(() => saveNotebook(el), 300); // after the kernel has heard of it
    });
    row.append(circle, ` ${option} `, mark);
    box.append(row);
    return { option, circle, mark };
  });
  el.append(box, said);

  function draw() {
    const [value, counted, measured] = ["value", "counted", "measured"].map((name) => model.get(name));
    for (const { option, circle, mark } of rows) {
      circle.checked = option === value;
      circle.disabled = Boolean(counted);
      mark.textContent = measured && option === measured ? (option === counted ? "✓ measured, as you predicted" : "← measured") : "";
    }
    said.textContent = counted ? "" : value ? "Noted. You may change it until the result is shown." : "Choose one.";
    if (measured && !counted) said.textContent = "The result was shown before you chose.";
  }
  model.on("change:value change:counted change:measured", draw);
  draw();
  const end = watch(model, el);
  return () => { model.off("change:value change:counted change:measured", draw); end(); };
}
export default { render };
