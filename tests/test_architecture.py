"""The design, checked: imports point down, and a name has one meaning."""

from __future__ import annotations

import ast
import graphlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from in_one_test import each
from package_files import PATHS, ROOT, name_of

FILES = [name_of(path) for path in PATHS]
TREES = {file: ast.parse((ROOT / file).read_text(encoding="utf-8")) for file in FILES}

ENGINE = "common autograd/core autograd/ops autograd"
PUBLIC = f"{ENGINE} autograd/__init__.py"
MODEL = f"{PUBLIC} nn nn/layers nn/losses"

#: Part of the package -> the parts that it may import besides itself. A file belongs to the longest name that fits.
MAY_IMPORT = {
    "common": "",
    "autograd/core": "common",
    "autograd/ops": "common autograd/core",
    "autograd": "common autograd/core autograd/ops",
    "autograd/inspect": ENGINE,
    "autograd/inspect/programs": f"{ENGINE} autograd/inspect autograd/compile",
    "autograd/fast": ENGINE,
    "autograd/scipy_entrance": ENGINE,
    "autograd/compile": f"{ENGINE} autograd/fast",
    "autograd/__init__.py": f"{ENGINE} autograd/inspect autograd/compile autograd/fast autograd/scipy_entrance",
    "optim": PUBLIC,
    "data": "common",
    "nn": f"{PUBLIC} nn/losses data autograd/compile",
    "nn/layers": f"{PUBLIC} nn",
    "nn/losses": f"{PUBLIC} nn",
    "nn/gpt.py": MODEL,
    "nn/models.py": f"{MODEL} nn/gpt.py",
    "nn/files": f"{MODEL} nn/gpt.py data autograd/compile",
    "nn/plots": MODEL,
    "nn/training": f"{MODEL} nn/files nn/plots data optim",
    "nn/training_record": f"{MODEL} nn/training autograd/inspect data optim",
    "nn/recipes.py": f"{MODEL} nn/models.py nn/training data optim",
    "nn/__init__.py": f"{MODEL} nn/gpt.py nn/models.py nn/files nn/training nn/training_record nn/plots nn/recipes.py",
    "serve": f"{PUBLIC} autograd/inspect nn/__init__.py nn nn/layers nn/files nn/plots data",
    "commands": f"{PUBLIC} autograd/inspect nn/__init__.py nn nn/layers nn/files nn/training nn/plots nn/recipes.py "
    "optim data serve",
    "__main__.py": "__init__.py commands",
    "__init__.py": "common autograd/__init__.py autograd/inspect nn/__init__.py optim data",
}

#: Imports that point up or close a circle, and why. None of them is made when the file itself is loaded.
DOORS = {
    ("autograd/core/backward.py", "autograd/ops/masks.py"): "masks, where an operation leaves out elements",
    ("__init__.py", "autograd/ops/complex_parts.py"): "the names of operations, for type checkers",
    ("__init__.py", "autograd/ops/convolution.py"): "the names of operations, for type checkers",
    ("__init__.py", "autograd/ops/elementwise.py"): "the names of operations, for type checkers",
    ("__init__.py", "autograd/ops/indexing.py"): "the names of operations, for type checkers",
    ("__init__.py", "autograd/ops/normalization.py"): "the names of operations, for type checkers",
    ("__init__.py", "autograd/ops/pooling.py"): "the names of operations, for type checkers",
    ("__init__.py", "autograd/ops/products.py"): "the names of operations, for type checkers",
    ("__init__.py", "autograd/ops/reductions.py"): "the names of operations, for type checkers",
    ("__init__.py", "autograd/ops/shaping.py"): "the names of operations, for type checkers",
    ("autograd/sparse_operands.py", "autograd/scipy_entrance/sparse_arrays.py"): "operators with SciPy's sparse arrays",
    ("autograd/tensor.py", "autograd/numpy_protocol.py"): "functions of NumPy called with a Tensor",
    ("autograd/tensor.py", "autograd/numpy_entrance.py"): "the functions of a Tensor, to whom asks by the array API",
    ("autograd/scipy_ufuncs.py", "autograd/scipy_entrance/special_rules.py"): "ufuncs of SciPy called with nodes",
    ("autograd/scipy_entrance/special_function.py", "autograd/scipy_entrance/special_rules.py"): "unpickling by name",
    ("autograd/scipy_entrance/distributions.py", "autograd/scipy_entrance/scipy_stats.py"): "unpickling by name",
    ("autograd/tensor.py", "autograd/inspect/notebook_views.py"): "how a notebook shows a Tensor",
    ("autograd/value.py", "autograd/inspect/notebook_views.py"): "how a notebook shows a Value",
    ("autograd/core/call_types.py", "autograd/arithmetic.py"): "the type of operands, for type checkers",
    ("autograd/core/call_types.py", "autograd/tensor.py"): "the type of results, for type checkers",
    ("autograd/core/call_types.py", "autograd/value.py"): "the type of results, for type checkers",
    ("autograd/core/described.py", "autograd/inspect/operation_help.py"): "help of an operation",
    ("autograd/inspect/operation_help.py", "autograd/__init__.py"): "the names by which users reach operations",
    ("autograd/ops/elementwise.py", "autograd/ops/length_gradient.py"): "the rule of hypot at its tip",
    ("autograd/ops/shaping.py", "autograd/ops/indexing.py"): "repeat and pad take elements",
    ("autograd/fast/layer_runs.py", "nn/__init__.py"): "the layers of a run, which whoever asks for it has loaded",
    ("autograd/inspect/draw/formula_names.py", "autograd/__init__.py"): "a formula may call what is public",
    ("autograd/compile/program.py", "autograd/inspect/programs/program_page.py"): "print(program)",
    ("autograd/compile/program.py", "autograd/inspect/programs/draw_program.py"): "program.draw()",
    ("autograd/compile/inspectable.py", "autograd/inspect/programs/program_profile.py"): "compiled.profile()",
    ("autograd/compile/inspectable.py", "autograd/inspect/programs/recordings_list.py"): "print(compiled)",
    ("autograd/inspect/draw/live.py", "autograd/inspect/programs/page_program.py"): "what a player's page computes",
    ("autograd/inspect/draw/live.py", "autograd/inspect/programs/page_code.py"): "what a player's page computes",
    ("autograd/tensor.py", "autograd/inspect/draw/__init__.py"): "Tensor.draw and Tensor.play",
    ("autograd/value.py", "autograd/inspect/draw/__init__.py"): "Value.draw and Value.play",
    ("nn/module.py", "nn/summary.py"): "Module.summary",
    ("nn/module.py", "nn/module_table.py"): "how a notebook shows a module",
    ("nn/module.py", "nn/files/model_file.py"): "Module.save",
    ("nn/module.py", "nn/files/layouts.py"): "an error says how to convert weights of PyTorch",
}


def file_of(*parts: str) -> str | None:
    """Name the file of a module or package, None if these parts are not one."""
    path = "/".join(parts)
    found = {f"{path}.py", f"{path}/__init__.py".removeprefix("/")} & set(FILES)
    return found.pop() if found else None


def imported(node: ast.AST) -> tuple[str, list[str]] | None:
    """Return the module that an import names, with its dots, and the names that are taken from it."""
    if isinstance(node, ast.ImportFrom) and node.level:
        return "." * node.level + (node.module or ""), [alias.name for alias in node.names]
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
        name = node.args[0].value if isinstance(node.args[0], ast.Constant) else ""
        return (name, [""]) if name.startswith(".") else None
    return None


def imports(file: str, node: ast.AST, loading: bool = True) -> Iterator[tuple[str, bool]]:
    """Find the files of the package that a file imports, and whether it does so when it is loaded."""
    for_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    loading = loading and not (for_types or isinstance(node, (ast.FunctionDef, ast.Lambda)))
    if found := imported(node):
        module = found[0].lstrip(".")
        above = len(found[0]) - len(module) - 1
        folder = file.split("/")[:-1]
        start = [*folder[: len(folder) - above], *filter(None, module.split("."))]
        for name in found[1]:
            other = file_of(*start, name) or file_of(*start)
            assert other, f"{file} imports {'.'.join(start)}, which does not exist"
            yield other, loading
    for child in ast.iter_child_nodes(node):
        yield from imports(file, child, loading)


#: File -> what it imports -> whether it does so when it is loaded. Imports for types alone count as all others do.
GRAPH: dict[str, dict[str, bool]] = {}
for _file in FILES:
    GRAPH[_file] = {}
    for _other, _loading in imports(_file, TREES[_file]):
        GRAPH[_file][_other] = GRAPH[_file].get(_other, False) or _loading


def part_of(file: str) -> str:
    """Return the entry of the table that speaks of a file."""
    return max((part for part in MAY_IMPORT if f"{file}/".startswith(f"{part}/")), key=len)


def test_the_table_names_what_there_is():
    assert [part for part in MAY_IMPORT if not (ROOT / part).exists()] == []
    assert {name for allowed in MAY_IMPORT.values() for name in allowed.split()} <= set(MAY_IMPORT)
    assert {part_of(file) for file in FILES} == set(MAY_IMPORT)


@each("file", FILES)
def test_imports_point_down(file):
    part = part_of(file)
    allowed = {part, *MAY_IMPORT[part].split()}
    up = [other for other in GRAPH[file] if part_of(other) not in allowed and (file, other) not in DOORS]
    assert up == []


def test_no_circles_among_files():
    graph = {file: [other for other in found if (file, other) not in DOORS] for file, found in GRAPH.items()}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        pytest.fail(" <- ".join(error.args[1]))


@each("file, other", DOORS)
def test_doors_are_in_use_and_closed_while_loading(file, other):
    assert GRAPH[file][other] is False


def repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def test_files_have_different_names():
    assert repeated(Path(file).name for file in FILES if not file.endswith(("__init__.py", "__main__.py"))) == []


def test_classes_have_different_names():
    classes = [node.name for tree in TREES.values() for node in tree.body if isinstance(node, ast.ClassDef)]
    assert repeated(classes) == []


def test_one_file_alone_changes_how_numpy_treats_errors():
    """NumPy's own block leaves them changed when Ctrl-C strikes as it begins or ends; that of ``quiet.py`` does not."""
    named = {
        file: {getattr(n, "attr", None) or getattr(n, "name", None) for n in ast.walk(TREES[file])} for file in FILES
    }
    assert [file for file in FILES if named[file] & {"errstate", "seterr"}] == ["common/quiet.py"]


@each("file", [file for file in FILES if file.endswith("/__init__.py")])
def test_a_folder_says_what_it_is_what_it_imports_and_where_to_begin(file):
    text = ast.get_docstring(TREES[file]) or ""
    assert re.match(r".+\.\n\n", text), "the first line says what is here"
    assert re.search(r"^Imports [^.]+", text, re.MULTILINE), "the second what it imports"
    first = re.search(r"\b(Begin with|Read) ``([\w/]+\.py)``", text)
    assert first, "the third where to begin"
    assert (ROOT / file).parent.joinpath(first[2]).exists()
