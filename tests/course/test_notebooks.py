"""Every notebook has the same parts in the same order, short cells, and clean stored outputs."""

from __future__ import annotations

import ast
import itertools
import json
import re
import statistics
from pathlib import Path

import pytest
from helpers.notebooks import code_cells, links, outputs, program, prose, read, set_up, words
from helpers.paths import NOTEBOOKS, ROOT
from helpers.reading import assigned_later, trained_elsewhere
from nbconvert.exporters import ScriptExporter

import aecourse
from aecourse.records import EDITION, FIELDS, NAME, has_foreign_records, read_records

LONGEST, LONGEST_CLASS, MEDIAN = 25, 40, 8
WORDS = 2_400
MEGABYTES = 1.5
EXPLORERS = (
    "BottleneckExplorer|LatentMapExplorer|TrainingExplorer|DrawingPad|StackExplorer|SparsityExplorer|RepairExplorer"
    "|ContractionExplorer|GeneratorExplorer|SearchExplorer|AnomalyExplorer"
)
FIGURE = "# Figure: "  # the first line of a folded cell, which JupyterLab shows: what the figure is of
DRAWS = re.compile(r"\b(show|compare_columns)\(")
TEACHES = re.compile(r"\b(fit\w*|Prediction|check|claim|experiment|print|backward)\(|\.reveal\(|^class ", re.M)
ABSOLUTE_PATH = re.compile(r"(?:/(?:home|root|work|tmp|Users|opt|usr)/|[A-Z]:\\\\)")

# the board is one cell, for the front of the room
LESSONS = [path for path in NOTEBOOKS if path.stem != "10_demo_board"]
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
each_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


def test_the_notebooks_are_numbered_without_gaps() -> None:
    """Notebooks/ holds 00, 01, 02, … and nothing else."""
    assert [path.name[:2] for path in NOTEBOOKS] == [f"{i:02d}" for i in range(len(NOTEBOOKS))]
    assert {p.name for p in (ROOT / "notebooks").iterdir() if not p.name.startswith(".")} == {p.name for p in NOTEBOOKS}


@each_lesson
def test_parts_come_in_order(path: Path) -> None:
    """The opening, the set-up, and the closing stand where they belong; 00 begins with its explorer."""
    notebook = read(path)
    opening = prose(notebook).split("\n## 1 ")[0]
    places = [
        opening.find(part)
        for part in (f"# {path.name[:2]} ·", "**Promise.**", "**You will be able to**", "**Time**", "**Before this**")
    ]
    assert -1 not in places and places == sorted(places)
    needs = set_up(notebook).source
    assert "seed_everything(" in needs
    assert f'print(aecourse.run_all_takes("{path.name[:2]}"))' in needs
    assert needs.startswith(f'import aecourse\n\naecourse.requires("{aecourse.__version__}")\n')
    assert notebook.metadata[EDITION] == aecourse.__version__, "python tests/notebooks.py --stamp"
    assert code_cells(notebook).index(set_up(notebook)) == (path.stem == "00_start_here")
    closing = ["## Exercises", "## Recap", "### Common mistakes", "### Further reading", "### Next"]
    places = [prose(notebook).find(f"\n{part}") for part in closing]
    assert -1 not in places and places == sorted(places)


@each_lesson
def test_recap_mirrors_objectives(path: Path) -> None:
    """As many numbered points at the end as were promised at the start."""
    text = prose(read(path))
    promised = re.findall(r"^\d\. ", text[text.index("**You will be able to**") : text.index("**Time**")], re.M)
    kept = re.findall(r"^\d\. ", text[text.index("## Recap") : text.index("### Common mistakes")], re.M)
    assert len(promised) == len(kept) >= 3


@each_lesson
def test_cells_are_short_and_half_of_them_text(path: Path) -> None:
    """35 to 70 cells beside folded figures, 45 % of them text, median code cell of 8 lines or fewer, none too long."""
    notebook = read(path)
    code = [cell for cell in code_cells(notebook) if not cell.source.startswith(FIGURE)]
    lengths = [sum(bool(line.strip()) for line in cell.source.splitlines()) for cell in code]
    texts = len(notebook.cells) - len(code_cells(notebook))
    assert 35 <= texts + len(code) <= 70
    assert texts / (texts + len(code)) >= 0.45
    assert statistics.median(lengths) <= MEDIAN
    for cell, length in zip(code, lengths, strict=True):
        limit = LONGEST_CLASS if re.search(r"^class ", cell.source, re.M) else LONGEST
        assert length <= limit, f"{length} lines: {cell.source[:80]!r}"


@each_notebook
def test_it_is_read_in_a_quarter_of_an_hour(path: Path) -> None:
    """Its sentences have 2,400 words or fewer, without formulas, tables and code."""
    assert len(words(prose(read(path)))) <= WORDS


@each_notebook
def test_outputs_are_stored_and_clean(path: Path) -> None:
    """Executed top to bottom, no error, no stderr, no absolute path, no widget state, no view without it, small."""
    notebook = read(path)
    counts = [cell.execution_count for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1))
    assert not [o for o in outputs(notebook) if o.output_type == "error" or o.get("name") == "stderr"]
    text = [json.dumps({k: v for k, v in o.items() if k != "data"}) for o in outputs(notebook)]
    text += [str(v) for o in outputs(notebook) for k, v in o.get("data", {}).items() if not k.startswith("image/")]
    assert not [found for t in text if (found := ABSOLUTE_PATH.search(t))]
    assert "widgets" not in notebook.metadata
    assert not [o for o in outputs(notebook) if "application/vnd.jupyter.widget-view+json" in o.get("data", {})]
    assert path.stat().st_size <= MEGABYTES * 1e6


@each_notebook
def test_it_becomes_a_script(path: Path) -> None:
    """`nbconvert --to script` writes Python: the notebook names its language, and no version of it."""
    notebook = read(path)
    assert ScriptExporter().from_notebook_node(notebook)[1]["output_extension"] == ".py"
    assert "version" not in notebook.metadata["language_info"]


@each_notebook
def test_nothing_hidden_and_nothing_global(path: Path) -> None:
    """No star imports, no installing, nothing folded but solutions and the drawing of figures."""
    notebook = read(path)
    assert not re.search(r"^\s*from \S+ import \*|^\s*[!%]\s*pip|plt\.show\(", program(notebook), re.M)
    for cell in notebook.cells:
        folded = cell.metadata.get("jupyter", {}).get("source_hidden", False)
        figure = cell.cell_type == "code" and cell.source.startswith(FIGURE)
        assert folded == (figure or "solution" in cell.metadata.get("tags", []))
        assert not figure or (DRAWS.search(cell.source) and not TEACHES.search(cell.source)), cell.source[:80]


@each_lesson
def test_no_figure_is_drawn_in_the_open_before_the_result_is_shown(path: Path) -> None:
    """Its title and its description stand in the code, and would tell the answer to the question above it."""
    asked = False
    for cell in code_cells(read(path)):
        if ".reveal(" in cell.source:
            asked = False
        assert not asked or cell.source.startswith(FIGURE) or "alt=" not in cell.source, cell.source[:80]
        if "Prediction(" in cell.source:
            asked = ".reveal(" not in cell.source.split("Prediction(")[-1]


@each_notebook
def test_figures_have_no_small_type(path: Path) -> None:
    """All of it has the size of the style: on a slide smaller type cannot be read from the last row."""
    assert not re.search("fontsize|labelsize", program(read(path)))


@each_lesson
def test_cells_may_run_again(path: Path) -> None:
    """A cell that trains makes its network itself; what a cell takes from above is assigned anew by no later cell."""
    sources = [cell.source for cell in code_cells(read(path))]
    assert trained_elsewhere(sources) == []
    assert assigned_later(sources) == {}


@each_notebook
def test_pictures_have_words(path: Path) -> None:
    """Every stored PNG is a figure with alt text or an explorer's picture; every diagram has alt text."""
    for output in outputs(read(path)):
        data = output.get("data", {})
        if "image/png" in data:
            described = output.get("metadata", {}).get("image/png", {}).get("alt", "")
            assert len(described) > 20 or data["text/plain"].endswith("run this cell to use it")
    for alt, _ in re.findall(r"!\[([^\]]*)\]\(([^)]*)\)", prose(read(path))):
        assert len(alt) > 20


@each_lesson
def test_the_learner_predicts_observes_and_checks(path: Path) -> None:
    """Two predictions revealed, an explorer with a stored picture, five claims, exercises of three levels."""
    notebook = read(path)
    source = program(notebook)
    assert len(re.findall(r"= Prediction\(", source)) >= 2
    assert len(re.findall(r"\.reveal\(", source)) == len(re.findall(r"= Prediction\(", source))
    assert re.search(rf"\b({EXPLORERS})\(", source)
    explorers = [o for o in outputs(notebook) if re.match(EXPLORERS, o.get("data", {}).get("text/plain", ""))]
    assert explorers and all("image/png" in o.data for o in explorers)
    assert [record["kind"] for record in read_records(outputs(notebook))].count("claim") >= 5
    for level in ("easy", "medium", "stretch"):
        assert re.search(rf"\*\*{path.name[:2]}\.\d \({level}\)\*\*", prose(notebook))


@each_lesson
def test_records_have_names_of_their_own(path: Path) -> None:
    """Each begins with the notebook's number; only question and answer share one, and an exercise and its solution."""
    notebook = read(path)
    names = {kind: [] for kind in FIELDS}
    for record in read_records(outputs(notebook)):
        names[record["kind"]].append(record["name"])
    assert all(name.startswith(f"{path.name[:2]}.") for name in itertools.chain(*names.values()))
    own = names["claim"] + names["question"] + names["exercise"][::2]
    assert len(set(own)) == len(own) and names["exercise"][::2] == names["exercise"][1::2]
    assert sorted(names["question"]) == sorted(names["prediction"])
    assert not has_foreign_records(outputs(notebook))


@each_lesson
def test_every_claim_and_prediction_is_named_where_it_stands(path: Path) -> None:
    """The first argument is a name, written out or filled in by a loop."""
    for cell in code_cells(read(path)):
        for call in ast.walk(ast.parse(cell.source)):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("claim", "Prediction"):
                first = call.args[0]
                parts = first.values if isinstance(first, ast.JoinedStr) else [first]
                name = "".join(part.value if isinstance(part, ast.Constant) else "x" for part in parts)
                assert NAME.fullmatch(name) and name.startswith(path.name[:2]), ast.unparse(call)


@each_lesson
def test_training_shows_its_progress(path: Path) -> None:
    """No wait without a word: `fit` draws a bar with the time that is left."""
    assert "progress=False" not in program(read(path))


@pytest.mark.parametrize("path", [*NOTEBOOKS, ROOT / "README.md"], ids=lambda path: path.stem)
def test_links_resolve(path: Path) -> None:
    """Every relative link leads to a file that is there."""
    text = prose(read(path)) if path.suffix == ".ipynb" else path.read_text()
    assert not [target for target in links(text) if not (path.parent / target).exists()]
