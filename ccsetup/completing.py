"""The scripts by which shells complete ccsetup's words: everything is in them but the profiles' names.

A word of the command line takes nothing, one of a few words, or what `TAKES` names. A profile's name is text from
outside, so no shell gets to expand it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

PROFILE, DIRECTORY, FILE = "profile", "directory", "file"
TAKES = {PROFILE, DIRECTORY, FILE}
NAMES = "ccsetup completion --profiles"


class Command(NamedTuple):
    """One command: what it is about, its flags with what each takes ("" nothing, None anything), its places likewise.

    What is taken is one of TAKES, or the words themselves with blanks between them.
    """

    about: str
    flags: Mapping[str, str | None]
    places: Sequence[str | None] = ()


def script(shell: str, commands: Mapping[str, Command]) -> str:
    """Return the script for bash, zsh or fish."""
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell](commands)


def _cases(commands: Mapping[str, Command]) -> tuple[str, str, str]:
    """Return case branches, alike in bash and zsh: what a flag takes, a command's flags, what stands at a place."""
    taking = {flag: takes for command in commands.values() for flag, takes in command.flags.items() if takes != ""}
    values = [f"{flag}) takes={_quoted(takes or 'anything')} ;;" for flag, takes in sorted(taking.items())]
    flags = [f"{name}) flags={_quoted(' '.join(command.flags))} ;;" for name, command in commands.items()]
    places = [
        f"{name}:{number}) takes={_quoted(takes)} ;;"
        for name, command in commands.items()
        for number, takes in enumerate(command.places)
        if takes
    ]
    return tuple("\n".join(f"        {line}" for line in lines) for lines in (values, flags, places))  # type: ignore[return-value]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


_BASH = """\
# ccsetup's words for bash: source <(ccsetup completion bash)
_ccsetup_takes() {
    takes=
    case $1 in
%(values)s
    esac
}
_ccsetup_offer() {
    local line
    while IFS= read -r line; do
        [[ $line == "$cur"* ]] && COMPREPLY+=("$line")
    done
}
_ccsetup_names() {
    local line quoted
    while IFS= read -r line; do
        [[ $line == "$cur"* ]] || continue
        printf -v quoted %%q "$line"
        COMPREPLY+=("$quoted")
    done
}
_ccsetup() {
    local cur=${COMP_WORDS[COMP_CWORD]} command=setup place=-1 takes= flags= skip= word number
    COMPREPLY=()
    [[ $cur == = ]] && cur=
    for ((number = 1; number < COMP_CWORD; number++)); do
        word=${COMP_WORDS[number]}
        [[ $word == = ]] && continue
        if [[ -n $skip ]]; then
            skip=
        elif [[ $word == -* ]]; then
            _ccsetup_takes "$word"
            skip=$takes
        else
            ((place < 0)) && command=$word
            ((place++))
        fi
    done
    takes=$skip
    if [[ -z $takes ]]; then
        case $command in
%(flags)s
        esac
        if [[ $cur == -* ]]; then
            takes=$flags
        elif ((place < 0)); then
            takes='%(commands)s'
        else
            case $command:$place in
%(places)s
            esac
        fi
    fi
    case $takes in
        '' | anything) ;;
        profile) _ccsetup_names < <(%(names)s 2>/dev/null) ;;
        directory) compopt -o filenames 2>/dev/null; _ccsetup_offer < <(compgen -d -- "$cur") ;;
        file) compopt -o filenames 2>/dev/null; _ccsetup_offer < <(compgen -f -- "$cur") ;;
        *) _ccsetup_offer < <(printf '%%s\\n' $takes) ;;
    esac
}
complete -F _ccsetup ccsetup
"""

_ZSH = """\
#compdef ccsetup
# ccsetup's words for zsh: source <(ccsetup completion zsh), or save it as _ccsetup in a folder of $fpath
_ccsetup_takes() {
    takes=
    case $1 in
%(values)s
    esac
}
_ccsetup() {
    local cur=$words[CURRENT] command=setup takes= flags= skip= word
    local -i place=-1 number
    local -a offered
    for ((number = 2; number < CURRENT; number++)); do
        word=$words[number]
        if [[ -n $skip ]]; then
            skip=
        elif [[ $word == -*=* ]]; then
            continue
        elif [[ $word == -* ]]; then
            _ccsetup_takes $word
            skip=$takes
        else
            ((place < 0)) && command=$word
            ((place += 1))
        fi
    done
    takes=$skip
    if [[ -z $takes && $cur == --*=* ]]; then
        _ccsetup_takes ${cur%%%%=*}
        compset -P '*='
    elif [[ -z $takes ]]; then
        case $command in
%(flags)s
        esac
        if [[ $cur == -* ]]; then
            takes=$flags
        elif ((place < 0)); then
            takes='%(commands)s'
        else
            case $command:$place in
%(places)s
            esac
        fi
    fi
    case $takes in
        '' | anything) ;;
        profile) offered=("${(@f)$(%(names)s 2>/dev/null)}"); compadd -a offered ;;
        directory) _files -/ ;;
        file) _files ;;
        *) compadd -- ${=takes} ;;
    esac
}
if [[ $funcstack[1] == _ccsetup ]]; then
    _ccsetup "$@"
else
    compdef _ccsetup ccsetup
fi
"""


def _bash(commands: Mapping[str, Command]) -> str:
    return _filled(_BASH, commands)


def _zsh(commands: Mapping[str, Command]) -> str:
    return _filled(_ZSH, commands)


def _filled(text: str, commands: Mapping[str, Command]) -> str:
    values, flags, places = _cases(commands)
    told = {"values": values, "flags": flags, "places": places, "commands": " ".join(commands), "names": NAMES}
    return text % told


_FISH = """\
# ccsetup's words for fish: ccsetup completion fish | source
function __ccsetup_place
    set -l words (string match -v -- '-*' (commandline -opc))
    test (count $words) -eq $argv[1]
end
complete -c ccsetup -e
complete -c ccsetup -f
"""


def _fish(commands: Mapping[str, Command]) -> str:
    lines = []
    first = "not __fish_seen_subcommand_from " + " ".join(commands)
    for name, command in commands.items():
        lines.append(f"complete -c ccsetup -n {_told(first)} -a {name} -d {_told(command.about)}")
        lines += [f"complete -c ccsetup -n {part}" for part in _fish_parts(name, command)]
    return _FISH + "\n".join(lines) + "\n"


def _fish_parts(name: str, command: Command) -> Iterable[str]:
    seen = f"__fish_seen_subcommand_from {name}"
    for flag, takes in command.flags.items():
        spelled = f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}"
        yield f"{_told(seen)} {spelled}" if takes == "" else f"{_told(seen)} {spelled} {_fish_takes(takes)}"
    for number, takes in enumerate(command.places):
        if takes:
            yield f"{_told(f'{seen}; and __ccsetup_place {number + 2}')} {_fish_takes(takes).removeprefix('-x ')}"


def _fish_takes(takes: str | None) -> str:
    offered = {PROFILE: f"({NAMES} 2>/dev/null)", DIRECTORY: "(__fish_complete_directories)"}
    if takes is None:
        return "-x"
    return "-r -F" if takes == FILE else f"-x -a {_told(offered.get(takes, takes))}"


def _told(text: str) -> str:
    """Return a text as one word of fish."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
