"""`ccsetup completion`: prints the shell completion script, which shtab generates from the commands' parsers.

This file adds only what shtab lacks. With shtab's way to list a command's output, bash and zsh would expand it. A
profile's name is untrusted, so these two shells get a function that reads the names as text. bash splits
--profile=dev at the `=`, and zsh users may load the script with `source`. shtab's scripts handle neither.

shtab's PowerShell script isn't used: it inserts names and paths without quotes, so PowerShell would run a $(…) in one
of them, and it completes nothing after a flag without a value. PowerShell gets a script that asks for each word.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from ccsetup.core.context import Context
from ccsetup.core.result import Report
from ccsetup.git.transport import AWS_CLI, HELPER, OURS, REMOTE

SHELLS = ("bash", "zsh", "fish", "tcsh", "powershell")
ABOUT = f"Print a completion script for {', '.join(SHELLS[:-1])}, or {SHELLS[-1]}."
USAGE = "|".join(SHELLS)
EXAMPLE = 'eval "$(ccsetup completion bash)"'
NOTHING: Mapping[str, object] = {"shell": None, "script": None}

_OF_PROFILES = ("PROFILE", "FILE|PROFILE", "profile", "source_profile")  # arguments that take a profile's name
# How each shell lists the profile names. tcsh has no functions: it splits names at spaces and expands * ~ {} in them.
_PROFILES = {
    "bash": "_ccsetup_profiles",
    "zsh": "_ccsetup_profiles",
    "fish": "(ccsetup completion --profiles 2>/dev/null)",
    "tcsh": "`ccsetup completion --profiles`",
}
_BEFORE = {
    "bash": """\
_ccsetup_profiles() {
    local name
    while IFS= read -r name; do
        printf -v name %q "$name"
        [[ $name == "$1"* ]] && printf '%s\\n' "$name"
    done < <(ccsetup completion --profiles 2>/dev/null)
}""",
    "zsh": """\
_ccsetup_profiles() {
    local -a names=(${(f)"$(ccsetup completion --profiles 2>/dev/null)"})
    compadd "$@" -a names
}
if [[ $zsh_eval_context[-1] == file ]]; then
    compdef _shtab_ccsetup ccsetup
    return
fi""",
}
_AFTER = {
    "bash": """
_ccsetup() {
    local word last=${COMP_WORDS[COMP_CWORD]}
    local -a words=()
    for word in "${COMP_WORDS[@]:0:COMP_CWORD}"; do
        [[ $word == = ]] || words+=("$word")
    done
    COMP_WORDS=("${words[@]}" "${last#=}")
    COMP_CWORD=${#words[@]}
    _shtab_ccsetup
}
complete -o bashdefault -F _ccsetup ccsetup""",
}

_POWERSHELL = """\
Register-ArgumentCompleter -Native -CommandName @('ccsetup', 'ccsetup.exe') -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @(foreach ($element in $commandAst.CommandElements) {
        if ($element.Extent.EndOffset -lt $cursorPosition) {
            if ($element -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $element.Value }
            else { $element.Extent.Text }
        }
    })
    $before = $Env:CCSETUP_WORDS
    $Env:CCSETUP_WORDS = ($words + $wordToComplete) -join "`n"
    try { $lines = @(ccsetup completion --words 2>$null) } finally { $Env:CCSETUP_WORDS = $before }
    foreach ($line in $lines) {
        $text, $shown, $about = $line.Split("`t") | ForEach-Object { [regex]::Unescape($_) }
        [System.Management.Automation.CompletionResult]::new($text, $shown, 'ParameterValue', $about)
    }
}"""


def flags(parser: argparse.ArgumentParser) -> None:
    """Add the shell argument."""
    parser.add_argument("shell", choices=SHELLS, help="shell to print the script for")


def main(options: argparse.Namespace, context_of: Callable[[], Context]) -> Report:
    """Print the completion script."""
    text = script(options.shell)
    context_of().screen.output(text)
    return Report({"ok": True, "shell": options.shell, "script": text, "problems": []})


def script(shell: str) -> str:
    """Return the script for one of SHELLS."""
    if shell == "powershell":
        return _POWERSHELL
    import shtab

    parser = _parser(equals=shell == "zsh")
    return shtab.complete(parser, shell, preamble=_BEFORE.get(shell, "")) + _AFTER.get(shell, "")


def _parser(equals: bool) -> argparse.ArgumentParser:
    """Return one parser for all commands, with setup's flags at the top level.

    With `equals`, flags that take a value end in "=", which zsh needs to accept --flag=value too.
    """
    from ccsetup.cli import parser as parsers

    root = argparse.ArgumentParser("ccsetup", add_help=False)
    for action in parsers.parser_of("setup")._actions:
        if action.option_strings:
            root._add_action(action)
    commands = root.add_subparsers()
    for name in parsers.COMMANDS:
        parser = parsers.parser_of(name)
        commands.add_parser(name, help=parser.description, parents=[parser], add_help=False)
    takes = _takes()
    for parser in (root, *commands.choices.values()):
        for action in parser._actions:
            if action.nargs != 0 and action is not commands:
                _offer(action, takes)
                if equals:
                    action.option_strings = [f"{flag}=" for flag in action.option_strings]
    return root


def offered(action: argparse.Action) -> list[str]:
    """Return the values of an argument, the profiles included; none for a file or free text."""
    from ccsetup.cli.fast_status import profiles

    if action.choices:
        return [*action.choices]
    if _found(action, dict.fromkeys(_OF_PROFILES, True)):
        return profiles()
    found = _found(action, _takes())
    return [*found] if isinstance(found, (list, tuple)) else []


def _found(action: argparse.Action, takes: Mapping[object, Any]) -> Any:
    names = (*action.option_strings, action.metavar, action.dest)
    return next((takes[name] for name in names if name in takes), None)


def _offer(action: argparse.Action, takes: Mapping[object, Any]) -> None:
    found = _found(action, takes)
    if isinstance(found, dict):
        action.complete = found  # type: ignore[attr-defined]  # shtab reads this attribute
    elif not action.choices:
        action.choices = found


def _takes() -> Mapping[object, Any]:
    """Return the values of arguments by flag, placeholder or name: a list of words, or one of shtab's completers."""
    import shtab

    from ccsetup import access
    from ccsetup.core import regions
    from ccsetup.sandbox.demo import KINDS

    paths = ("FILE", "FILE|URL", "FILE|-", "saml_assertion", "web_identity_token_file", "policy")
    return {
        **dict.fromkeys(_OF_PROFILES, _PROFILES),
        **dict.fromkeys(paths, shtab.FILE),
        **dict.fromkeys(("DIR", "directory"), shtab.DIRECTORY),
        **dict.fromkeys(("region", "sso_region"), tuple(regions.REGIONS)),
        "KIND": [kind.name for kind in access.KINDS],
        "--kind": KINDS,
        "--credential-source": ["Ec2InstanceMetadata", "EcsContainer", "Environment"],
        "output": ["json", "text", "table", "yaml"],
        "via": [REMOTE, HELPER],
        "helper": [OURS, AWS_CLI],
        "keys": ["-", "env"],
        "paste": ["-"],
    }
