"""A loss of power at any moment of a command: what the disk may hold then, made from the calls that it made.

What is certain is what POSIX promises: content once its file was synced, names once their folder was. All else may be
there or not, in any combination, and content in part, or as zeros. A rename is there whole or not at all, as file
systems with a journal have it.
"""

import hashlib
import random
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

_CALLS = "openat,write,writev,mkdir,link,rename,unlink,rmdir,fsync"
# That a call of another name changes the place would go unseen.
_REFUSED = "pwrite64,ftruncate,truncate,linkat,renameat,renameat2,unlinkat,mkdirat,symlink,copy_file_range,sendfile"
_LINE = re.compile(r"\d+ +(?P<name>\w+)\((?P<arguments>.*)\) += (?P<result>-?\d+).*", re.DOTALL)
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_DESCRIPTOR = re.compile(r"(\d+)<((?:\\x[0-9a-f]{2})*)>")


@dataclass(eq=False, slots=True)
class Node:
    """A file with its content, or a folder with its names; as the disk has it before the writer comes."""

    content: bytes | None = None
    names: "dict[str, Node]" = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Named:
    """Names that came, went or moved in one call: in which folder, under which name, and what is there then."""

    changes: tuple[tuple[Node, str, Node | None], ...]


@dataclass(frozen=True, slots=True)
class Written:
    """Content at the end of a file."""

    node: Node
    content: bytes


@dataclass(frozen=True, slots=True)
class Synced:
    """A file's content, or a folder's names."""

    node: Node


@dataclass(frozen=True, slots=True)
class Said:
    """What the writer said to its caller."""

    text: str


Step = Named | Written | Synced | Said


class Disk:
    """A folder on a disk, and what a command does to it, step by step.

    Args:
        path: the folder.
        command: it does all of its work in one process.
        environment: of the command.
    """

    def __init__(self, path: Path, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        self._root = _load(path)
        self.steps = list(_trace(path, command, environment, self._root))

    def lose_power(self, moment: int, share: float, path: Path) -> str:
        """Lose power after some steps.

        Args:
            moment: after how many steps.
            share: how much the disk holds of what is not certain, from 0 to 1; which, is the same each time.
            path: where to lay out what the disk holds then; it is emptied first.

        Returns:
            What the command had said on standard output.
        """
        names, contents = self._survive(moment, share)
        shutil.rmtree(path, ignore_errors=True)
        _store(self._root, path, names, contents, {})
        return "".join(step.text for step in self.steps[:moment] if isinstance(step, Said))

    def fingerprint(self, moment: int, share: float) -> str:
        """Give a digest of what the disk holds then and what was said; the same for two moments that do not differ."""
        names, contents = self._survive(moment, share)
        digest = sha256(repr([step.text for step in self.steps[:moment] if isinstance(step, Said)]).encode())
        _add_to(digest, self._root, names, contents)
        return digest.hexdigest()

    def _survive(self, moment: int, share: float) -> "tuple[dict[Node, dict[str, Node]], dict[Node, bytes]]":
        return _survive(self.steps[:moment], random.Random(f"{moment} {share}"), share)


def _add_to(
    digest: "hashlib._Hash", node: Node, names: dict[Node, dict[str, Node]], contents: dict[Node, bytes]
) -> None:
    if node.content is not None:
        content = contents.get(node, node.content)
        digest.update(b"%d " % len(content) + content)
        return
    for name, below in sorted(names.get(node, node.names).items()):
        digest.update(f"({name}".encode())
        _add_to(digest, below, names, contents)
        digest.update(b")")


def _survive(
    steps: list[Step], chance: random.Random, share: float
) -> tuple[dict[Node, dict[str, Node]], dict[Node, bytes]]:
    """Say what is on the disk: names by folder and content by file, where the steps have changed them."""
    last = {step.node: number for number, step in enumerate(steps) if isinstance(step, Synced)}
    names: dict[Node, dict[str, Node]] = {}
    contents: dict[Node, bytes] = {}
    cut: set[Node] = set()  # nothing follows what was cut off
    for number, step in enumerate(steps):
        if isinstance(step, Named):
            if any(last.get(folder, -1) > number for folder, _, _ in step.changes) or chance.random() < share:
                _change(names, step)
        elif isinstance(step, Written) and step.node not in cut:
            content = step.content
            if last.get(step.node, -1) < number and chance.random() >= share:
                written = chance.randrange(len(content)) if share else 0
                # Where its length came to the disk before its content, the rest is zeros.
                content = content[:written].ljust(len(content) if chance.random() < share else written, b"\0")
                cut.add(step.node)
            contents[step.node] = contents.get(step.node, step.node.content or b"") + content
    return names, contents


def _change(names: dict[Node, dict[str, Node]], step: Named) -> None:
    for folder, name, node in step.changes:
        there = names.setdefault(folder, dict(folder.names))
        there.pop(name, None)
        if node is not None:
            there[name] = node


def _store(
    node: Node, path: Path, names: dict[Node, dict[str, Node]], contents: dict[Node, bytes], stored: dict[Node, Path]
) -> None:
    if node.content is not None:
        if node in stored:
            path.hardlink_to(stored[node])  # a file of two names
        else:
            path.write_bytes(contents.get(node, node.content))
            stored[node] = path
        return
    path.mkdir(parents=True)
    for name, below in names.get(node, node.names).items():
        _store(below, path / name, names, contents, stored)


def _load(path: Path) -> Node:
    if path.is_dir():
        return Node(names={each.name: _load(each) for each in path.iterdir()})
    return Node(content=path.read_bytes())


def _trace(path: Path, command: Sequence[str], environment: Mapping[str, str] | None, root: Node) -> Iterator[Step]:
    log = path.with_name(f"{path.name}.trace")
    strace = ["strace", "-f", "-y", "-xx", "-qq", "-s", "1000000", "--seccomp-bpf", "-o", str(log)]
    strace += ["-e", f"trace={_CALLS},{_REFUSED}"]
    run = subprocess.run([*strace, *command], capture_output=True, cwd=path, env=environment, check=False)
    assert run.returncode == 0, run.stderr.decode()
    now = _Names(path, root)
    for line in log.read_text(encoding="ascii").splitlines():
        match = _LINE.fullmatch(line)
        assert match, f"cannot be read: {line[:200]}"
        if int(match["result"]) >= 0:
            step = now.follow(match["name"], match["arguments"])
            if step is not None:
                yield step


def _decode(text: str) -> bytes:
    return bytes.fromhex(text.replace(r"\x", ""))


class _Names:
    """What is where at one moment, as every process sees it."""

    def __init__(self, path: Path, root: Node) -> None:
        self._path = path
        self._names: dict[Node, dict[str, Node]] = {}
        self._root = root

    def follow(self, call: str, arguments: str) -> Step | None:
        """Follow a call that has gone well; None where it changes nothing here."""
        texts = [_decode(text) for text in _STRING.findall(arguments)]
        opened = _DESCRIPTOR.match(arguments)
        if opened:  # else it names its files
            descriptor, path = opened[1], _decode(opened[2]).decode()
            if call == "write" and descriptor == "1":
                return Said(texts[0].decode())
            if not self._is_inside(path):
                return None
            assert call in ("write", "writev", "fsync"), f"{call} is not known: {path}"
            node = self._find(path)
            return Synced(node) if call == "fsync" else Written(node, b"".join(texts))
        paths = [str(self._path / text.decode()) for text in texts]  # the command runs in the folder
        if not any(map(self._is_inside, paths)):
            return None
        if call == "openat":
            return self._open(paths[0], arguments)
        return self._change(call, *paths)

    def _open(self, path: str, arguments: str) -> Step | None:
        assert "O_TRUNC" not in arguments or "O_CREAT" in arguments, arguments
        if "O_CREAT" not in arguments:
            return None
        folder, name = self._place(path)
        if name in self._below(folder):
            assert "O_TRUNC" not in arguments, f"{path} is written again, in its place"
            return None
        return self._bind((folder, name, Node(content=b"")))

    def _change(self, call: str, path: str, other: str = "") -> Step:
        folder, name = self._place(path)
        if call == "mkdir":
            return self._bind((folder, name, Node()))
        if call in ("unlink", "rmdir"):
            return self._bind((folder, name, None))
        assert call in ("link", "rename"), f"{call} is not known"
        to = (*self._place(other), self._below(folder)[name])
        return self._bind(to) if call == "link" else self._bind((folder, name, None), to)

    def _bind(self, *changes: tuple[Node, str, Node | None]) -> Step:
        step = Named(changes)
        _change(self._names, step)
        return step

    def _below(self, folder: Node) -> dict[str, Node]:
        return self._names.get(folder, folder.names)

    def _is_inside(self, path: str) -> bool:
        return Path(path).is_relative_to(self._path)

    def _find(self, path: str) -> Node:
        node = self._root
        for part in Path(path).relative_to(self._path).parts:
            node = self._below(node)[part]
        return node

    def _place(self, path: str) -> tuple[Node, str]:
        return self._find(str(Path(path).parent)), Path(path).name
