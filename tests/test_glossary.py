"""The glossary knows every word that adapters and the bridge share."""

from __future__ import annotations

import ast
import re

from tests.conftest import ROOT

GLOSSARY = (ROOT / "docs" / "glossary.md").read_text("utf-8")
CONTRACTS = ast.parse((ROOT / "bridge" / "contracts.py").read_text("utf-8"))


def public_names() -> set[str]:
    """What bridge/contracts.py defines for others; type variables are for itself."""
    found: set[str] = set()
    for node in CONTRACTS.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)}
    return {name for name in found if not name.startswith("_") and len(name) > 1}


def test_no_shared_word_goes_unexplained() -> None:
    explained = set(re.findall(r"`(\w+)`", GLOSSARY))
    assert {"Launch", "RosterEnd", "clean"} <= public_names()
    assert public_names() - explained == set()


def test_no_explained_word_is_of_yesterday() -> None:
    source = "".join(path.read_text("utf-8") for path in (ROOT / "bridge").rglob("*.py"))
    classes = set(re.findall(r"`([A-Z]\w+)`", GLOSSARY))
    assert {word for word in classes if not re.search(rf"\b{word}\b", source)} == set()
