"""Every line that can remove something from a disk, and the proof that stands above each of them."""

from __future__ import annotations

import re

from paths import ROOT

HOUSE = ROOT / "ccsetup"
WORDS = re.compile(r"rmtree|unlink|remove\(|rmdir|removedirs|TemporaryDirectory|NamedTemporaryFile|\bshutil\.move")

# The lines that remove files and folders. Each has a comment that begins with "Proof:" above it.
REMOVALS = [
    ("git/clone_record.py", "self._path.unlink()"),
    ("core/made_folders.py", "folder.rmdir()"),
    ("core/private_folder.py", "os.rmdir(self._parent.at(self._name), dir_fd=self._parent.descriptor)"),
    ("core/private_folder.py", "_permitted(partial(os.rmdir, top.at(name), dir_fd=top.descriptor), top, name)"),
    ("core/private_folder.py", "_permitted(partial(os.unlink, folder.at(name), dir_fd=folder.descriptor), folder, name)"),
    ("awsfiles/disk.py", "path.unlink()"),
    ("awsfiles/store.py", "disk.patiently(partial(target.unlink, missing_ok=True), target)"),
    ("awsfiles/transaction.py", "disk.patiently(self.target.unlink, self.target)"),
    ("awsfiles/transaction.py", "disk.patiently(self.target.unlink, self.target)"),
]  # fmt: skip

# The lines that call one of those, or hold the words in another sense.
OTHERS = [
    ("core/detours.py", 'return (shells.SHELLS.get(shell) or shells.SHELLS["bash"]).remove(" ".join(names))'),
    ("core/missing_profile.py", "command = language.assign(variable, near[0]) if is_plain else language.remove(variable)"),
    ("git/private_clone.py", "left = self._folder.remove()"),
    ("git/clone_settings.py", 'with tempfile.TemporaryDirectory(prefix="ccsetup-") as folder:'),
    ("git/process.py", 'made = tempfile.TemporaryDirectory(prefix="ccsetup-")'),
    ("cli/commands/demo.py", "if not options.keep and (left := place.remove()):"),
    ("cli/commands/env.py", "lines = [shell.assign(k, v) if v else shell.remove(k) for k, v in wanted.items()]"),
    ("share/apply.py", "def remove(context: Context, it: Arrangement, account: Account, yes: bool) -> list[Step]:"),
    ("cli/commands/share.py", "return _report(it, steps=apply.remove(context, it, account, options.yes))"),
    ("core/private_folder.py", "def remove(self) -> str:"),
    ("core/private_folder.py", "self._remove()"),
    ("core/private_folder.py", "def _remove(self) -> None:"),
    ("core/private_folder.py", "_unlink(top, name)"),
    ("core/private_folder.py", "_unlink(inner, each)"),
    ("core/private_folder.py", "def _unlink(folder: Folder, name: str) -> None:"),
    ("awsfiles/disk.py", "patiently(partial(_unlink, path), path)"),
    ("awsfiles/disk.py", "def _unlink(path: Path) -> None:"),
    ("aws/credentials.py", "resolver.remove(name)"),
    ("aws/external_programs.py", 'with tempfile.TemporaryDirectory(prefix="ccsetup-") as folder:'),
    ("sandbox/saml.py", "assertion.remove(signature)"),
]  # fmt: skip


def lines() -> list[tuple[str, str, str]]:
    """Return the file, the line, and the two lines above it, of every line that holds such a word."""
    found = []
    for path in sorted(HOUSE.rglob("*.py")):
        text = path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(text):
            if WORDS.search(line):
                name = path.relative_to(HOUSE).as_posix()
                found.append((name, line.strip(), "\n".join(text[max(0, number - 2) : number])))
    return found


def test_the_lines_that_remove_something_are_these_and_no_others() -> None:
    assert sorted((name, line) for name, line, _ in lines()) == sorted(REMOVALS + OTHERS)


def test_each_line_that_removes_something_has_its_proof() -> None:
    above = [(name, line, told) for name, line, told in lines() if (name, line) in REMOVALS]
    assert len(above) == len(REMOVALS)
    assert [(name, line) for name, line, told in above if "# Proof: " not in told] == []


def test_no_errors_are_ignored_where_something_is_removed() -> None:
    for path in HOUSE.rglob("*.py"):
        assert "ignore_errors" not in path.read_text(encoding="utf-8"), path


def test_git_is_never_asked_to_clear_a_folder() -> None:
    git = ("git/repository.py", "git/clone.py", "git/private_clone.py", "git/process.py")
    text = "\n".join((HOUSE / name).read_text(encoding="utf-8") for name in git)
    assert not re.findall(r'"(clean|reset|restore|rm|stash|switch|prune|--force|-f|deinit)"', text)
