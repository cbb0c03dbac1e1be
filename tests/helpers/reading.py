"""Find, from their code, which cells of a notebook would give other results if they ran again."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

TRAINERS = {"fit", "fit_classifier", "fit_layerwise"}
SCOPES = (ast.FunctionDef, ast.Lambda)


def trained_elsewhere(sources: Sequence[str]) -> list[str]:
    """Return the calls that train a network made in another cell: a second run would continue the training."""
    trees = [ast.parse(source) for source in sources]
    functions = [part for tree in trees for part in ast.walk(tree) if isinstance(part, ast.FunctionDef)]
    heads = {function.name: [arg.arg for arg in function.args.args[:1]] for function in functions}
    trainers = TRAINERS | {f.name for f in functions if {name for name, _ in _trained(f, TRAINERS)} & {*heads[f.name]}}
    return [ast.unparse(call) for tree in trees for name, call in _trained(tree, trainers) if name not in _made(tree)]


def assigned_later(sources: Sequence[str]) -> dict[int, set[str]]:
    """{cell: names from a cell above that it, or a cell below, assigns anew}: run again, it would find others."""
    trees = [ast.parse(source) for source in sources]
    assigned = [_assigned(tree) for tree in trees]
    found = {}
    for place, tree in enumerate(trees):
        taken = _taken(tree) & set().union(*assigned[:place])
        if changed := taken & set().union(*assigned[place:]):
            found[place] = changed
    return found


def _trained(tree: ast.AST, trainers: set[str]) -> Iterator[tuple[str, ast.Call]]:
    """Yield what is handed first to a trainer, or has its parameters moved by an optimiser, if it has a name."""
    for call in (part for part in ast.walk(tree) if isinstance(part, ast.Call) and part.args):
        if getattr(call.func, "id", "") in trainers or "torch.optim." in ast.unparse(call.func):
            first = call.args[0]
            while isinstance(first, ast.Call) and getattr(first.func, "attr", "") in ("to", "parameters"):
                first = first.func.value
            if isinstance(first, ast.Name):
                yield first.id, call


def _made(tree: ast.AST) -> set[str]:
    """The names of what a cell makes: assigned, handed to its functions, or taken in turn from something it made."""
    loops = [part for part in ast.walk(tree) if isinstance(part, ast.For)]
    in_turn = {id(part) for loop in loops for part in ast.walk(loop.target)}
    made = {
        n.id
        for n in ast.walk(tree)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store) and id(n) not in in_turn
    }
    made |= {part.arg for part in ast.walk(tree) if isinstance(part, ast.arg)}
    return made | {name for loop in loops if _names(loop.iter) & made for name in _names(loop.target)}


def _assigned(tree: ast.AST) -> set[str]:
    """The names that a cell, or a statement of it, leaves behind for other cells."""
    if isinstance(tree, SCOPES):
        return {getattr(tree, "name", "")} - {""}
    if isinstance(tree, ast.ClassDef):
        return {tree.name}
    if isinstance(tree, ast.alias):
        return {(tree.asname or tree.name).split(".")[0]}
    if isinstance(tree, ast.comprehension):  # its target lives inside it only
        return _assigned(tree.iter)
    own = {tree.id} if isinstance(tree, ast.Name) and isinstance(tree.ctx, ast.Store) else set()
    return own.union(*map(_assigned, ast.iter_child_nodes(tree)))


def _taken(cell: ast.Module) -> set[str]:
    """The names that a cell reads before it has assigned them, if it ever does."""
    taken, own = set(), set()
    for statement in cell.body:
        inner = [part for part in ast.walk(statement) if isinstance(part, (*SCOPES, ast.comprehension))]
        local = {part.arg for scope in inner for part in ast.walk(scope) if isinstance(part, ast.arg)}
        for scope in inner:
            where = scope.target if isinstance(scope, ast.comprehension) else scope
            local |= {n.id for n in ast.walk(where) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        read = (
            {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)} - local - own
        )
        left = _assigned(statement)
        taken |= read - left if isinstance(statement, ast.For | ast.With) else read
        own |= left
    return taken


def _names(tree: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(tree) if isinstance(part, ast.Name)}
