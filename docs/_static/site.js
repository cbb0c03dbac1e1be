// Votes: a question is answered before its result is shown. Without this script all results are simply there.
for (const scrolls of document.querySelectorAll("pre, table")) scrolls.tabIndex = 0; // the keyboard scrolls what is too wide

const votes = [...document.querySelectorAll("fieldset.vote")];
const memory = document.querySelector(".slides") ? sessionStorage : localStorage; // a lecture is given again, to another class
const kept = (name) => memory.getItem(`aecourse ${name}`);

for (const vote of votes) {
  const name = vote.dataset.name, reveal = document.querySelector(`[data-measured][data-name="${CSS.escape(name)}"]`);
  const said = vote.appendChild(document.createElement("p"));
  said.setAttribute("role", "status");
  const hidden = reveal?.closest("article") ? between(vote, reveal) : [];
  function show() {
    const choice = kept(name);
    for (const node of hidden) node.classList.toggle("withheld", choice === null);
    for (const input of vote.querySelectorAll("input")) input.checked = input.value === choice;
    said.textContent = choice === null && hidden.length ? "Choose: the result below is shown then." : "";
    if (choice !== null && reveal) reveal.querySelector(".verdict").textContent = verdict(choice, reveal.dataset.measured);
  }
  vote.addEventListener("change", (event) => {
    memory.setItem(`aecourse ${name}`, event.target.value);
    show();
  });
  show();
}

function verdict(choice, measured) {
  return choice === measured ? " You predicted just that." : ` You predicted ${choice}: what did you assume that is not so?`;
}

/** What tells the result of a vote: the outputs up to the reveal, and all that follows it in its section, to the next vote. */
function between(vote, reveal) {
  const last = reveal.closest(".cell"), section = reveal.closest("section"), found = [];
  const isBefore = (a, b) => a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING && !a.contains(b);
  for (const node of vote.closest("article").querySelectorAll(".cell_output, .cell ~ :not(.cell, section)")) {
    if (!isBefore(vote, node) || node.querySelector("aecourse-explorer")) continue; // an explorer opens on no result
    if (node.querySelector("fieldset.vote")) {
      if (isBefore(last, node)) break;
    } else if (last.contains(node) || isBefore(node, last)) {
      if (node.matches(".cell_output")) found.push(node); // what is written on the way to the result stays
    } else if (node.closest("section") === section) found.push(node);
  }
  return found;
}
