"""A YAML file as plain values that remember their lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from bridge.errors import ConfigError

Where = tuple[str, ...]

MAX_BYTES = 16 * 1024 * 1024
"""Room for more than 100,000 connections; nobody waits for what is no configuration at all."""
MAX_DEPTH = 32
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml, which reads several times as fast; PyYAML's own scanner where PyYAML was built without it."""
_PLACEHOLDER = re.compile(r"\$\{(file:)?([^}]*)\}")
STANDS_FOR_UNSET = "a-value-that-the-environment-does-not-hold"  # as long as a secret must be: one mistake, not two
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET_KEY = re.compile(
    r"secret|passw|token|credential|private|api_?key|_key$|^(?:proxy|database_url)$", re.IGNORECASE
)
_PUBLIC_KEY = re.compile(r"_(?:urls?|file|path)$", re.IGNORECASE)
"""Names that say where a secret is asked for, such as `token_url`; `database_url` may hold one itself."""
_USER_IN_ADDRESS = re.compile(r"//[^/?#]*@")
_BARE_NAME = re.compile(r"^\$\w+$|[:/@]\$[A-Za-z_]\w*(?=[:/@]|$)|\$\{[^}]*$")
"""`$NAME` as the whole value or as a part of an address, or a brace that is never closed."""
_TAGS = "tag:yaml.org,2002:"


class ConfigFile:
    """The values of a file, where each stands, and the mistakes found while reading it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.tree: dict[str, Any] = {}
        self.problems: list[str] = []
        self.unset: dict[str, str] = {}
        """Environment variables that the file names and nobody set, each with the mistake that this is."""
        self._lines: dict[Where, int] = {(): 1}
        self._texts: dict[Where, str] = {}
        self._hidden: set[Where] = set()
        self.unfilled: set[Where] = set()
        """Values in which something that was to be filled in is missing: what else is wrong with them nobody knows."""

    def problem(self, where: Where, sentence: str, *, shown: bool = True) -> str:
        """`file:line: path: found …; sentence`; what was found is left out where it may be a secret."""
        known = where
        while known not in self._lines:
            known = known[:-1]
        found = self._texts.get(where)
        what = f"found {found!r}; " if shown and found is not None and where not in self._hidden else ""
        path = ".".join(where)
        return f"{self.name}:{self._lines[known]}: {path + ': ' if path else ''}{what}{sentence}"

    def path_of(self, steps: Sequence[str]) -> Where:
        """`steps` without those that only the checker knows (the name of a variant), the last one always kept."""
        path: Where = ()
        for step in steps[:-1]:
            if (*path, step) in self._lines:
                path = (*path, step)
        return (*path, *steps[-1:])

    def scalars(self) -> Iterator[tuple[Where, str]]:
        """Every value that is text, with its path."""
        return iter(self._texts.items())

    def read(self, text: str, environ: Mapping[str, str], only: str = "") -> None:
        """Fill the tree from YAML text; with the key `only`, from what stands below it alone."""
        root = yaml.compose(text, Loader=LOADER)
        if not isinstance(root, yaml.MappingNode):
            raise ConfigError([f"{self.name}:1: found no keys; allowed: bridge, ottolearn, connections"])
        if only:
            root.value = [(key, value) for key, value in root.value if key.value == only]
        self.tree = self._value(root, (), environ)

    def _value(self, node: yaml.Node, where: Where, environ: Mapping[str, str]) -> Any:
        self._lines[where] = node.start_mark.line + 1
        if len(where) > MAX_DEPTH:
            raise yaml.MarkedYAMLError(problem="nested too deeply", problem_mark=node.start_mark)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, where, environ)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*where, str(at)), environ) for at, item in enumerate(node.value)]
        if node.tag == f"{_TAGS}null":
            return None
        if not node.tag.startswith(_TAGS):  # `password: !abc` is a tag, and the text without it
            self.problems.append(self.problem(where, "text that begins with ! must stand in quotes"))
        return self._scalar(str(node.value), where, environ)

    def _mapping(self, node: yaml.MappingNode, where: Where, environ: Mapping[str, str]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            path = (*where, key)
            if key in values:
                self._lines[path] = key_node.start_mark.line + 1
                self.problems.append(self.problem(path, "the key stands here a second time"))
            values[key] = self._value(value_node, path, environ)
            self._lines[path] = key_node.start_mark.line + 1
        return values

    def _scalar(self, text: str, where: Where, environ: Mapping[str, str]) -> str:
        self._texts[where] = text
        if _may_be_secret(text, where):
            self._hidden.add(where)
        if _BARE_NAME.search(text):
            sentence = (
                "the environment is read by ${NAME}, with braces; a secret that begins with $ is given by ${NAME}"
            )
            self.problems.append(self.problem(where, f"{sentence} or ${{file:PATH}}"))
            self.unfilled.add(where)
        if not _PLACEHOLDER.search(text):
            return text
        self._hidden.add(where)

        def filled(match: re.Match[str]) -> str:
            return self._filled(match, where, environ)

        return _PLACEHOLDER.sub(filled, text)

    def _filled(self, match: re.Match[str], where: Where, environ: Mapping[str, str]) -> str:
        from_file, name = match.groups()
        if from_file:
            try:
                return Path(name).read_text("utf-8").rstrip("\r\n")
            except (OSError, UnicodeDecodeError) as error:
                self.problems.append(self.problem(where, f"the file {name} cannot be read ({type(error).__name__})"))
                self.unfilled.add(where)
                return ""
        if not _NAME.fullmatch(name):
            sentence = "allowed between ${ and }: the name of an environment variable, or file: and a path"
            self.problems.append(self.problem(where, sentence))
            self.unfilled.add(where)
            return ""
        if name not in environ:
            self.unset[name] = self.problem(where, f"the environment variable {name} is not set")
            self.unfilled.add(where)
        return environ.get(name, STANDS_FOR_UNSET)


def _may_be_secret(text: str, where: Where) -> bool:
    """By the name of the key (of the list, for what stands in one), or because an address has a user name in it."""
    key = next((step for step in reversed(where) if not step.isdecimal()), "")
    named = _SECRET_KEY.search(key) and (key == "database_url" or not _PUBLIC_KEY.search(key))
    return bool(named) or _USER_IN_ADDRESS.search(text) is not None


def read_config_file(path: Path, environ: Mapping[str, str], *, only: str = "") -> ConfigFile:
    """Read `path`, or of it what stands below the key `only`: of the rest no value is filled in, and no mistake told.

    Raises ConfigError where there is nothing to check: no file, not YAML, far too large.
    """
    file = ConfigFile(str(path))
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError([f"{path}:1: the file is larger than {MAX_BYTES} bytes"])
        file.read(_text(path), environ, only)
    except OSError as error:
        how = "`ottobridge config init` makes one, `ottobridge config example` shows every key"
        raise ConfigError([f"{path}: {error.strerror}; {how}"]) from error
    except RecursionError as error:
        raise ConfigError([f"{path}:1: this is not YAML: nested too deeply"]) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        what = re.sub("'.*'", "…", getattr(error, "problem", None) or "it cannot be read")  # `password: *abc`
        raise ConfigError([f"{path}:{line}: this is not YAML: {what}"]) from error
    return file


def _text(path: Path) -> str:
    """What the file holds. Raises ConfigError with the line of the first byte that is no UTF-8."""
    found = path.read_bytes()
    try:
        return found.decode("utf-8")
    except UnicodeDecodeError as error:
        line = found.count(b"\n", 0, error.start) + 1
        what = "the file is not UTF-8 text from here on; save it as UTF-8 (an editor may call what it is now ANSI)"
        raise ConfigError([f"{path}:{line}: {what}"]) from error
