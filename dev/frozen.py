"""A lint rule: what a test class makes is as old as its tests believe.

A test that stops the clock on a certain day, while its class made cases on the real
one, passes until that day is over. So a fixed instant is frozen by the class, through
the attribute `freeze_time`; what a test freezes itself is counted from there.
"""

import ast
from functools import cache
from pathlib import Path

FREEZE = "freeze_time"


def mistakes(path):
    """Return what is wrong in a file of tests, one sentence per place."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    stopped = _stopped_classes(path.parent)
    return [
        f"line {call.lineno}: {sentence}"
        for holder in ast.walk(tree)
        if isinstance(holder, ast.ClassDef)
        for method in holder.body
        if isinstance(method, ast.FunctionDef)
        for call in _freezes(method)
        if (sentence := _mistake(holder, method, call, stopped, tree))
    ]


def _mistake(holder, method, call, stopped, tree):
    if holder.name in stopped or not call.args:
        return None
    if _is_absolute(call.args[0], _assigned(tree, method)):
        return f"{holder.name} has no `freeze_time`, so it is made on another day"
    return None


def _freezes(method):
    return [
        node
        for node in ast.walk(method)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == FREEZE
    ]


def _assigned(tree, method):
    """Return {name: what was assigned to it} in a method and in its module."""
    return {
        target.id: value
        for scope in (tree.body, list(ast.walk(method)))
        for node in scope
        if isinstance(node, ast.Assign)
        for target, value in _pairs(node.targets[0], node.value)
        if isinstance(target, ast.Name)
    }


def _pairs(target, value):
    """Return what of an assignment goes where, tuples taken apart."""
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        return list(zip(target.elts, value.elts, strict=False))
    return [(target, value)]


def _is_absolute(node, assigned):
    """Whether an expression is the same instant on every day."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    if isinstance(node, ast.Name):
        value = assigned.get(node.id)
        return value is not None and _is_absolute(value, assigned)
    if isinstance(node, ast.BinOp):
        return _is_absolute(node.left, assigned)
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "datetime"


@cache
def _stopped_classes(folder):
    """Return the names of the classes that stop the clock, or inherit one that does."""
    while (folder.parent / "__init__.py").exists() and folder.name != "tests":
        folder = folder.parent
    classes = [
        node
        for path in sorted(Path(folder).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    ]
    stopped = {holder.name for holder in classes if _stops(holder)}
    while True:
        more = {h.name for h in classes if stopped & {_name(b) for b in h.bases}}
        if more <= stopped:
            return stopped
        stopped |= more


def _stops(holder):
    return any(
        isinstance(node, ast.Assign) and _name(node.targets[0]) == FREEZE
        for node in holder.body
    ) or any(
        isinstance(node, ast.Call) and _name(node.func) == FREEZE
        for node in holder.decorator_list
    )


def _name(node):
    return getattr(node, "id", None) or getattr(node, "attr", None)
