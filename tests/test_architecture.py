"""The direction of imports, so that the two halves of the house never grow into each other."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from tests.conftest import ROOT

LEAVES = {"contracts", "errors", "files", "identifiers", "lti", "net", "presentation", "roster"}
"""What adapters may stand on, beside the shape of settings and the setup guide."""
OURS = ("bridge", "adapters", "sandbox")
SEES_BOTH = ("bridge/cli", "bridge/wsgi.py", "bridge/__main__.py")
CALLS_OUT = ("bridge/net/http.py", "bridge/net/dns_pinning.py")
DATABASE = ("sqlalchemy", "sqlite3", "psycopg", "alembic")
WAYS_OUT = ("requests.sessions", "urllib.request", "urllib3", "bridge.net.dns_pinning")
NO_NAMES = {"utils", "util", "helpers", "helper", "base", "misc", "common", "manager"}


def modules(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


@cache
def imports(path: Path) -> Sequence[tuple[str, int]]:
    """Every module that `path` imports, with the line; those for the type checker alone are left out."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[tuple[str, int]]:
    tree = tree_of(path)
    for_types = {
        child
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in for_types:
            continue
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield (inner if is_module(inner) else node.module or ""), node.lineno
        elif isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)


@cache
def is_module(name: str) -> bool:
    path = ROOT / name.replace(".", "/")
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def within(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def where(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def name_of(path: Path) -> str:
    return where(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def drawn() -> dict[str, int]:
    """The rooms of the drawing in docs/architecture.md, and the number of the line from the top."""
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    drawing = text[text.index("## Direction") :].split("```")[1].splitlines()[1:]
    return {room: line for line, rooms in enumerate(drawing) for room in rooms.split("  ")[0].split(", ")}


DRAWN = drawn()


def room_of(module: str) -> str:
    """The most exact entry of the drawing that a module of ours belongs to; empty for the package itself."""
    path = module.removeprefix("bridge").removeprefix(".").replace(".", "/")
    found = [room for room in DRAWN if path == room or path.startswith(f"{room}/")]
    assert found or not path, f"the drawing in docs/architecture.md#direction does not name {module}"
    return max(found, key=len, default="")


def importing(paths: Iterable[Path], *packages: str) -> list[str]:
    """Each import of one of the packages, with its place."""
    return [f"{where(path)}:{line}: {m}" for path in paths for m, line in imports(path) if within(m, *packages)]


def outside(paths: Iterable[Path], *places: str) -> list[Path]:
    """Those that stand neither below nor at one of the places."""
    return [path for path in paths if not any(where(path) == at or where(path).startswith(f"{at}/") for at in places)]


def test_no_arrow_runs_back_up() -> None:
    for path in modules("bridge"):
        own = room_of(name_of(path))
        for module, line in imports(path):
            if within(module, "bridge") and (room := room_of(module)) not in {"", own}:
                assert DRAWN[own] < DRAWN[room], f"{path}:{line}: {own} imports {room}, which does not stand below it"


def test_no_file_outgrows_its_reader() -> None:
    assert [where(path) for path in modules(*OURS) if len(path.read_text("utf-8").splitlines()) > 400] == []


def test_the_bridge_knows_no_lms_by_name() -> None:
    assert importing(outside(modules("bridge"), *SEES_BOTH), "adapters", "sandbox", "tests") == []


def test_an_adapter_stands_on_the_leaves_and_on_no_other_adapter() -> None:
    for path in modules("adapters"):
        if path == ROOT / "adapters" / "__init__.py":
            continue  # it names them
        own = ".".join(name_of(path).split(".")[:2])
        for module, line in imports(path):
            if within(module, "adapters"):
                assert within(module, own), f"{path}:{line}: imports {module}"
            if within(module, "bridge"):
                leaf = within(module, "bridge.config.settings", "bridge.install.guide")
                assert leaf or module.split(".")[1] in LEAVES, f"{path}:{line}: imports {module}"
            assert not within(module, "sandbox", "tests", "flask", "sqlalchemy"), f"{path}:{line}: imports {module}"


def test_the_protocol_knows_no_framework_and_no_database() -> None:
    assert importing(modules("bridge/lti"), "flask", "werkzeug", "sqlalchemy", "bridge.store") == []


def test_only_the_web_room_knows_flask() -> None:
    assert importing(outside(modules("bridge"), "bridge/web", "bridge/wsgi.py"), "flask", "werkzeug") == []


def test_only_the_store_knows_the_database() -> None:
    assert importing(outside(modules("bridge", "adapters"), "bridge/store"), *DATABASE) == []


def test_only_the_egress_client_calls_out() -> None:
    assert importing(outside(modules("bridge", "adapters"), *CALLS_OUT), *WAYS_OUT) == []


def test_nobody_needs_an_extra_for_traces_but_their_own_room() -> None:
    own = ("bridge/tracing/otel.py", "bridge/tracing/export.py")
    assert importing(outside(modules(*OURS), *own), "opentelemetry", "bridge.tracing.otel") == []


def test_contracts_stand_on_the_standard_library_alone() -> None:
    for name in ("contracts", "errors"):
        for module, _ in imports(ROOT / "bridge" / f"{name}.py"):
            assert module.split(".")[0] in {*sys.stdlib_module_names, "__future__"}


def test_nothing_goes_round_in_circles() -> None:
    known = {name_of(path): path for path in modules(*OURS)}
    graph = {name: {m for m, _ in imports(path) if m in known} for name, path in known.items()}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail, name))
        if name not in done:
            for other in graph[name]:
                visit(other, (*trail, name))
            done.add(name)

    for name in graph:
        visit(name, ())


def test_every_module_is_named_after_what_it_does() -> None:
    assert [where(path) for path in modules(*OURS) if path.stem in NO_NAMES] == []


def test_every_module_says_what_it_is_for() -> None:
    assert [where(path) for path in modules(*OURS) if tree_of(path).body and not ast.get_docstring(tree_of(path))] == []
