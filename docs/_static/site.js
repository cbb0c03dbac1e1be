// Votes: a question is answered before its result is shown. Without this script all results are simply there.
for (const scrolls of document.querySelectorAll("pre, table")) scrolls.tabIndex = 0; // the keyboard scrolls what is too wide

const votes = [...document.querySelectorAll("fieldset.vote")];
const memory = document.querySelector(".slides") ? sessionStorage : localStorage; // a lecture is given again, to another class
const kept = (name) => memory.getItem(`aecourse ${name}`);

for (const vote of votes) {
  const name = vote.dataset.name, reveal = document.querySelector(`[data-measured][data-name="${name}"]`);
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

/** The outputs of all cells after the vote, up to and with the one that shows the result; and what is written between them. */
function between(vote, reveal) {
  const last = reveal.closest(".cell"), found = [];
  const all = [...vote.closest("article").querySelectorAll(".cell_output, .cell ~ p, .cell ~ ul")];
  for (const node of all) {
    const after = vote.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_FOLLOWING && !node.contains(vote);
    const before = last.contains(node) || last.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_PRECEDING;
    if (after && before && node.matches(".cell_output")) found.push(node);
  }
  return found;
}
