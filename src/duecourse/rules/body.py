"""What a rule's body may be: one expression that means the same for an int and for an array.

`and`, `or`, `not`, `if`, chained comparisons and `~` all change their meaning, or fail, when a value becomes an array. They are
refused when the rule is loaded, not found when the millionth contact is judged.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

BODY = "is_breached"
_ALLOWED = (
    ast.Return,
    ast.Assign,
    ast.Name,
    ast.Load,
    ast.Store,
    ast.Attribute,
    ast.Constant,
    ast.Compare,
    ast.cmpop,
    ast.BinOp,
    ast.BitAnd,
    ast.BitOr,
    ast.Add,
    ast.Sub,
    ast.Mult,
    ast.FloorDiv,
    ast.Mod,
)
_BARRED_COMPARISONS = (ast.In, ast.NotIn, ast.Is, ast.IsNot)


def faults_of(source: str) -> list[str]:
    """Return what in the source of a `rule.py` breaks the form, in words; empty when it keeps it.

    It must have a module docstring (the text's sense) and one function `is_breached(facts, values)` made of assignments and a
    return whose expressions use names, attributes, whole numbers, single comparisons, `&`, `|`, `+`, `-`, `*`, `//` and `%`.
    """
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        return [f"line {error.lineno}: {error.msg}"]
    faults = [] if ast.get_docstring(tree) else ["has no module docstring with the text's sense"]
    bodies = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == BODY]
    if len(bodies) != 1 or [argument.arg for argument in bodies[0].args.args] != ["facts", "values"]:
        return [*faults, f"needs one function {BODY}(facts, values)"]
    statements = [s for s in bodies[0].body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
    for node in (inner for statement in statements for inner in ast.walk(statement)):
        fault = _fault(node)
        if fault:
            faults.append(f"line {getattr(node, 'lineno', 0)}: {fault}")
    return faults


def names_read(source: str, *, of: str) -> set[str]:
    """Return the names that the body reads of `facts` or of `values`."""
    (body,) = (node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) and node.name == BODY)
    return {
        node.attr for node in ast.walk(body) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == of
    }


def fused(bodies: Sequence[tuple[str, Mapping[str, int]]]) -> Callable[[Any], Any]:
    """Return one function of facts that is true where any of the bodies finds fault.

    The bodies are written one after the other into one function with their values as constants, so that a contact which no rule
    forbids, which is the usual one, costs one call.

    Args:
        bodies: the source of each `rule.py`, without faults, with the values of the day by parameter name.
    """
    lines: list[ast.stmt] = []
    found: list[ast.expr] = []
    for number, (source, values) in enumerate(bodies):
        (body,) = (node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) and node.name == BODY)
        for statement in body.body:
            inlined = _Inlined(values, suffix=f"_{number}").visit(statement)
            if isinstance(inlined, ast.Return) and inlined.value is not None:
                found.append(inlined.value)
            elif isinstance(inlined, ast.Assign):
                lines.append(inlined)
    any_of = ast.BoolOp(ast.Or(), found) if len(found) > 1 else found[0] if found else ast.Constant(0)
    arguments = ast.arguments(posonlyargs=[], args=[ast.arg("facts")], kwonlyargs=[], kw_defaults=[], defaults=[])
    whole = ast.FunctionDef("finds_any", arguments, body=[*lines, ast.Return(any_of)], decorator_list=[])
    names: dict[str, Any] = {}
    module = ast.fix_missing_locations(ast.Module([whole], type_ignores=[]))
    exec(compile(module, "<rules of a day>", "exec"), names)  # noqa: S102 - made of bodies that were checked when they were loaded
    made: Callable[[Any], Any] = names["finds_any"]
    return made


class _Inlined(ast.NodeTransformer):
    """Puts the values of the day in the places of `values.<name>` and keeps the bodies' local names apart."""

    def __init__(self, values: Mapping[str, int], *, suffix: str) -> None:
        self.values, self.suffix = values, suffix

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """Return the constant for a value, and a fact as it is."""
        is_value = isinstance(node.value, ast.Name) and node.value.id == "values"
        return ast.Constant(self.values[node.attr]) if is_value else node

    def visit_Name(self, node: ast.Name) -> ast.Name:
        """Return a local name with the rule's number."""
        return ast.Name(node.id + self.suffix, node.ctx)


def module_of(source: str, *, path: Path, name: str) -> ModuleType:
    """Run the source of a rule that has no faults and return its module; the file is not looked up on any import path."""
    module = ModuleType(name, ast.get_docstring(ast.parse(source)))
    module.__file__ = str(path)
    exec(compile(source, str(path), "exec"), module.__dict__)  # noqa: S102 - a rule is code by design; packs are trusted like code
    return module


def _fault(node: ast.AST) -> str:
    if isinstance(node, ast.Compare) and len(node.ops) > 1:
        return "a chained comparison is a hidden branch; write (a < b) & (b < c)"
    if isinstance(node, _BARRED_COMPARISONS):
        return "only <, <=, >, >=, == and != mean the same for an int and an array"
    if isinstance(node, ast.Constant) and (isinstance(node.value, bool) or not isinstance(node.value, int)):
        return f"the constant {node.value!r} is not a whole number"
    return "" if isinstance(node, _ALLOWED) else f"{type(node).__name__} does not mean the same for an int and for an array"
