"""What the site's texts take from the stored notebooks by name; a name that nothing has fails the build."""

from __future__ import annotations

import pickle
import re
import shutil
from pathlib import Path

import pytest
from helpers.paths import NOTEBOOKS, ROOT

from aecourse.classroom.notebook_files import find_notebooks, read_notebook
from aecourse.evaluation.controls import stored
from aecourse.publisher.published import (
    Number,
    part_of,
    records_of,
    stored_figure,
    stored_numbers,
    stored_question,
    variable,
)
from aecourse.publisher.site import as_page, build
from aecourse.zoo import read_card

FOLDER = ROOT / "notebooks"
USED = re.compile(r"\{\{.*?\}\}")


@pytest.fixture(scope="module")
def numbers() -> dict[str, Number | str]:
    """All of them, by name."""
    return stored_numbers(FOLDER)


def test_a_claim_is_printed_with_its_own_digits(numbers) -> None:
    """And counts as a number."""
    claim = records_of(FOLDER)["claim", "03.famous_sse"]
    number = numbers["m03_famous_sse"]
    assert str(number) == f"{claim['value']:.{claim['digits']}g}" == f"{number}"
    assert number == claim["value"] and f"{number:.1f}" == f"{claim['value']:.1f}"
    again = pickle.loads(pickle.dumps(number))  # Sphinx keeps it between builds
    assert again == number and str(again) == str(number)


def test_controls_predictions_and_networks_have_names(numbers) -> None:
    """Each as its notebook prints it."""
    assert str(numbers["m03_few_digits__pca_500"]) == str(stored("03.few_digits")["PCA, 500"])
    measured = records_of(FOLDER)["prediction", "03.who_wins_at_500"]["measured"]
    assert numbers["m03_who_wins_at_500"] == measured
    assert numbers["dense_k32__test_mse"] == read_card("dense-k32").scores["test_mse"]
    assert variable("03.gain_at_32") == "m03_gain_at_32" and variable("vae-2d-beta0.3") == "vae_2d_beta0_3"


def test_every_claim_can_be_named(numbers) -> None:
    """All 1,800 names are identifiers, and none is given twice."""
    claims = [name for kind, name in records_of(FOLDER) if kind == "claim"]
    assert len(claims) > 100 and all(variable(name) in numbers for name in claims)
    assert len(numbers) > 1_000 and all(name.isidentifier() for name in numbers)


def test_a_figure_is_found_by_what_its_cell_calls_it(numbers) -> None:
    """Or by how its description begins; a wrong name says which there are."""
    figure = stored_figure(FOLDER, "03", "error at every k")
    assert figure == stored_figure(FOLDER, "03", figure.alt[:40])
    assert re.fullmatch(r"03_undercomplete_vs_pca-\d+-\d+\.webp", figure.file)
    with pytest.raises(ValueError, match=r"0 figures called 'no such'.*\n(.*\n)*- error at every k"):
        stored_figure(FOLDER, "03", "no such")
    with pytest.raises(ValueError, match=r"no notebook asks '03.no_such'.*03.decoder_columns"):
        stored_question(FOLDER, "03.no_such")
    with pytest.raises(ValueError, match="0 lines that begin with 'no such'"):
        part_of(FOLDER, "03", "no such")


def test_a_part_of_a_notebook_ends_before_the_next() -> None:
    """The glossary is whole, and the outcomes are a list."""
    glossary = part_of(FOLDER, "00", "## Words and symbols")
    assert sum(line.startswith("| ") for line in glossary) > 40
    outcomes = [line for line in part_of(FOLDER, "03", "**You will be able to**") if line]
    assert [line[0] for line in outcomes] == list("123456")


def test_guide_and_lectures_use_them() -> None:
    """Every lecture and every page of a notebook takes numbers by name."""
    for path in [*(ROOT / "docs/lectures").glob("*.md"), *(ROOT / "docs/guide").glob("0[1-9]*.md")]:
        assert USED.search(path.read_text("utf-8")), path


def test_every_notebook_has_its_lecture() -> None:
    """And the list of lectures leads to it."""
    lectures = [path.stem for path in NOTEBOOKS if path.stem != "10_demo_board"]
    assert sorted(path.stem for path in (ROOT / "docs/lectures").glob("*.md")) == lectures
    assert re.findall(r"\(lectures/(\w+)\.html\)", (ROOT / "docs/lectures.md").read_text("utf-8")) == lectures


@pytest.mark.parametrize(
    ("where", "text", "said"),
    [
        ("index.md", "It is {{ m03_no_such_number }}.", "m03_no_such_number"),
        ("lectures/03_x.md", "It is {{ m03_no_such_number }}.", "m03_no_such_number"),
        ("lectures/03_x.md", ":::{figure-of} 03 no such figure\n:::", "0 figures called 'no such figure'"),
        ("lectures/03_x.md", ":::{vote} 03.no_such\n:::", "no notebook asks '03.no_such'"),
        ("lectures/03_x.md", "| a |\n| --- |\n| {{ m03_famous_sse | round }} |", "not replaced by a number"),
        ("index.md", "[there](no_such_page.md)", "no_such_page"),
    ],
)
def test_what_nothing_has_fails_the_build(tmp_path: Path, capfd, where: str, text: str, said: str) -> None:
    """A small site with one wrong name in it; without it the site is built, with the number in it."""
    source = tmp_path / "source"
    (source / "lectures").mkdir(parents=True)
    shutil.copy(ROOT / "docs" / "conf.py", source)
    for folder in ("_static", "_lecture"):
        shutil.copytree(ROOT / "docs" / folder, source / folder)
    for page in ("index.md", "lectures/03_x.md"):
        (source / page).write_text("# A page\n\nIt is {{ m03_famous_sse }}. So $x$, not *$y$.*\n", encoding="utf-8")
    if where == "index.md" and "{{" in text:  # once is enough
        build(source, tmp_path / "site", FOLDER)
        for page in ("index.html", "lectures/03_x.html"):
            html = (tmp_path / "site" / page).read_text("utf-8")
            assert f"It is {stored_numbers(FOLDER)['m03_famous_sse']}." in html
            assert "</math>,</span> not" in html and "</math>.</span></em>" in html  # no line ends before a mark
    with (source / where).open("a", encoding="utf-8") as file:
        file.write(f"\n{text}\n")
    with pytest.raises(ValueError, match="the site could not be built"):
        build(source, tmp_path / "site", FOLDER)
    assert said in capfd.readouterr().err


@pytest.mark.parametrize("path", NOTEBOOKS[:-1], ids=lambda path: path.stem)
def test_every_explorer_of_a_notebook_is_one_of_its_page(tmp_path: Path, path: Path) -> None:
    """Live, unless it shows pictures that the site does not have; and nothing is left of progress bars."""
    stored = [output.data for cell in read_notebook(path).cells for output in cell.get("outputs", ())
              if "run this cell to use it" in str(output.get("data")) and "image/png" in output.data]  # fmt: skip
    cells = as_page(read_notebook(path), path.stem, tmp_path, "").cells
    texts = [output.get("data", {}).get("text/plain", "") for cell in cells for output in cell.get("outputs", ())]
    assert not any(re.match(r"training, \d|.*it/s\]", text) for text in texts)
    shown = [output["data"]["text/html"] for cell in cells for output in cell.get("outputs", ())
             if "of the explorer" in output.get("data", {}).get("text/html", "")]  # fmt: skip
    assert len(shown) == len(stored) > 0
    assert sum("<aecourse-explorer" not in html for html in shown) == (path.stem[:2] == "02")


@pytest.mark.parametrize(
    "source",
    [
        "%matplotlib inline\nSparsityExplorer()  # (with a comment)",
        "sparsity = SparsityExplorer(\n    'kl',\n)\nsparsity",
        "from aecourse import explorers\nmade = explorers.SparsityExplorer()\nmade",
    ],
)
def test_the_call_that_made_an_explorer_is_found(tmp_path: Path, source: str) -> None:
    """However the cell is written."""
    [path] = find_notebooks(FOLDER, ["05"])
    notebook = read_notebook(path)
    [cell] = (cell for cell in notebook.cells if "SparsityExplorer()" in cell.source)
    cell.source = source
    page = as_page(notebook, path.stem, tmp_path, "")
    assert "explorers/sparsity/" in str(page.cells)


def test_an_explorer_of_own_pictures_is_a_still(tmp_path: Path) -> None:
    """The site has only the course's pictures: test digits in its place would be wrong. All others are live."""
    [path] = find_notebooks(FOLDER, ["02"])
    shown = {}
    for cell in as_page(read_notebook(path), path.stem, tmp_path, "").cells:
        for output in cell.get("outputs", ()):
            text = output.get("data", {}).get("text/html", "")
            if "a still picture of the explorer" in text:
                shown["images=" in cell.source] = "<aecourse-explorer" in text
    assert shown == {True: False, False: True}
