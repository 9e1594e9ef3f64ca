"""What the documents point to exists."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
GUIDE = ROOT / "aftersales_service" / "readme" / "DEVELOP.md"
EXAMPLES = ROOT / "tests" / "doors" / "aftersales_scratch" / "models"
# `make demo-shots` makes these.
MADE = {"docs/case.png", "docs/queue.png", "docs/portal.png"}
DOCUMENTS = [
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "dev/*.md", "docker/*.md", "docs/**/*.md", "*/readme/*.md")
    for path in sorted(ROOT.glob(pattern))
]


def override_points():
    """(model, method) of the developers' table; an empty cell repeats the model."""
    model = None
    for line in GUIDE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) < 4 or "`" not in cells[2]:
            continue
        model = cells[1].strip("`") or model
        for method, arguments in re.findall(r"`(\w+)\((.*?)\)`", cells[2]):
            yield model, method, arguments


def methods():
    """{(model, method): names of its arguments} of the addon."""
    found = {}
    for path in (ROOT / "aftersales_service").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                found.update(methods_of(node))
    return found


def methods_of(node):
    names = {
        target.id: statement.value.value
        for statement in node.body
        if isinstance(statement, ast.Assign)
        and isinstance(statement.value, ast.Constant)
        for target in statement.targets
    }
    model = names.get("_name") or names.get("_inherit")
    return {
        (model, part.name): [
            argument.arg for argument in part.args.args + part.args.kwonlyargs
        ][1:]
        for part in node.body
        if isinstance(part, ast.FunctionDef)
    }


def test_there_are_override_points():
    assert len(list(override_points())) > 15


def test_override_points_exist_as_they_are_described():
    known = methods()
    wrong = []
    for model, method, arguments in override_points():
        told = re.findall(r"\w+", arguments.replace("**values", ""))
        real = known.get((model, method))
        if real is None or real[: len(told)] != told:
            wrong.append((model, method, told, real))
    assert wrong == []


def without_space(text):
    return re.sub(r"\s", "", text)


def test_examples_are_run():
    """Each example is part of the addon that the tests install."""
    known = "".join(
        without_space(path.read_text("utf-8")) for path in EXAMPLES.glob("*.py")
    )
    examples = re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.S)
    assert len(examples) > 10
    assert [one for one in examples if without_space(one) not in known] == []


def test_classes_of_rows_are_where_the_guide_says():
    rows = re.findall(r"\| `(\w+)` \| `([a-z_.]+)` \|", GUIDE.read_text("utf-8"))
    assert len(rows) > 5
    for name, module in rows:
        path = ROOT / "aftersales_service" / (module.replace(".", "/") + ".py")
        assert f"class {name}(" in path.read_text("utf-8"), name


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
        path = (ROOT / name).parent / target
        assert path.exists() or target in MADE, target


def test_commands_of_the_readme_exist():
    makefile = (ROOT / "Makefile").read_text()
    known = set(re.search(r"^COMMANDS = (.*)$", makefile, re.M)[1].split())
    text = (ROOT / "README.md").read_text()
    told = set(re.findall(r"^make ([\w-]+)", text, re.M))
    assert {"run", "test"} <= told <= known
