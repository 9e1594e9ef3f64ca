"""How the rooms of the addon hang together: `python3 -m dev.house` prints it.

Reads the sources and runs nothing. By imports nothing may go upward; but Odoo's models
call each other through the ORM, which no import shows. So a call of a method whose name
is defined in one file only counts as well.
"""

import ast
import re
from collections import defaultdict
from functools import cached_property
from pathlib import Path

ADDON = Path(__file__).resolve().parents[1] / "aftersales_service"
# A room may use only what stands before it.
ROOMS = (
    *("tools", "base", "ledger", "case", "policy", "clock", "mail", "portal", "desk"),
    *("escalation", "integrity", "rollout", "handling", "intake", "contract"),
    *("goods", "repair", "complaint"),
)
# Below them a folder for each room.
MIRRORED = ("models", "wizard", "controllers", "report")
LONG = 500


class File:
    """One file of production code."""

    def __init__(self, path):
        self.path = path
        self.name = path.relative_to(ADDON).as_posix()
        parts = self.name.split("/")
        self.room = parts[1] if parts[0] in MIRRORED else parts[0]
        self.text = path.read_text(encoding="utf-8")

    @cached_property
    def tree(self):
        return ast.parse(self.text)

    @property
    def lines(self):
        return self.text.count("\n")

    @cached_property
    def defined(self):
        """Names of the methods of its classes."""
        return {
            node.name
            for holder in ast.walk(self.tree)
            if isinstance(holder, ast.ClassDef)
            for node in holder.body
            if isinstance(node, ast.FunctionDef)
        }

    @cached_property
    def named(self):
        """Names of attributes it reads: what it calls is among them."""
        return {
            node.attr for node in ast.walk(self.tree) if isinstance(node, ast.Attribute)
        }

    @cached_property
    def imported(self):
        """Paths of modules of the addon that it imports, as names of files."""
        found = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and node.level:
                folder = self.path.parents[node.level - 1]
                base = folder.joinpath(*(node.module or "").split("."))
                found.update(base / alias.name for alias in node.names)
                found.add(base)
        return {path.with_suffix(".py").relative_to(ADDON).as_posix() for path in found}


class House:
    """The files of the addon, and who uses whom."""

    def __init__(self):
        paths = sorted(ADDON.rglob("*.py"))
        every = [File(path) for path in paths if path.name != "__init__.py"]
        self.all = [file for file in every if file.name.split("/")[0] != "tests"]
        self.files = [file for file in self.all if file.room in ROOMS]

    @cached_property
    def homes(self):
        """{name of a method: the files that define it, the lowest first}."""
        homes = defaultdict(list)
        for file in sorted(self.files, key=lambda file: ROOMS.index(file.room)):
            for name in file.defined:
                if name.startswith(("_", "action_")) and not name.startswith("__"):
                    homes[name].append(file)
        return homes

    @cached_property
    def uses(self):
        """{(user, used): names of methods, or "import"} of two different files. A
        name that several files define is that of the lowest one."""
        by_name = {file.name: file for file in self.files}
        found = defaultdict(set)
        for file in self.files:
            for name in file.named & self.homes.keys():
                found[file, self.homes[name][0]].add(name)
            for name in file.imported & by_name.keys():
                found[file, by_name[name]].add("import")
        return {pair: names for pair, names in found.items() if pair[0] is not pair[1]}

    def upward(self):
        """Return the set of (file, what it names, file that is above it)."""
        return {
            (user.name, name, used.name)
            for (user, used), names in self.uses.items()
            if ROOMS.index(used.room) > ROOMS.index(user.room)
            for name in names
        }

    def circle(self):
        """Return the names of the model files of the largest circle of uses, by
        imports and by methods that one file alone defines."""
        graph = defaultdict(set)
        for (user, used), names in self.uses.items():
            if not any(n == "import" or len(self.homes[n]) == 1 for n in names):
                continue
            if user.name.startswith("models/") and used.name.startswith("models/"):
                graph[user.name].add(used.name)
        return max(_circles(graph), key=len, default=set())


def _circles(graph):
    """Yield the sets of nodes that all reach each other."""
    nodes = {*graph, *(node for ends in graph.values() for node in ends)}
    reached = {node: _reached(graph, node) for node in nodes}
    while nodes:
        node = min(nodes)
        circle = {other for other in reached[node] if node in reached[other]} | {node}
        yield circle
        nodes -= circle


def _reached(graph, start):
    seen, todo = set(), [start]
    while todo:
        for node in graph[todo.pop()] - seen:
            seen.add(node)
            todo.append(node)
    return seen


def places_naming_a_kind(house):
    """Return (file, line, code) of production code that names a kind of clock outside
    of the rows that define kinds."""
    table = next(file for file in house.files if file.name.endswith("/clock_kind.py"))
    kinds = _keys_of_kinds(table)
    return [
        (file.name, node.lineno, node.value)
        for file in house.files
        if file is not table
        for node in ast.walk(file.tree)
        if isinstance(node, ast.Constant) and node.value in kinds
    ]


def _keys_of_kinds(table):
    return {
        key.value
        for node in ast.walk(table.tree)
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant)
        and re.match("(Clock)?[Kk]ind", ast.unparse(value))
    }


def main():
    house = House()
    print(f"lines of Python outside of tests   {sum(f.lines for f in house.all):>7}")
    print(f"files over {LONG} lines                {_count_long(house):>7}")
    print(f"files in the largest circle        {len(house.circle()):>7}")
    print(f"upward uses                        {len(house.upward()):>7}")
    for user, name, used in sorted(house.upward()):
        print(f"  {user}: {name} of {used}")


def _count_long(house):
    return sum(file.lines > LONG for file in house.all)


if __name__ == "__main__":
    main()
