"""A hook that keeps the submodules of one clone working with git alone, after ccsetup has made the clone.

When git clones a submodule later (`git submodule update`, a new work tree, one that was added upstream), it reads
neither `protocol.codecommit.allow` nor a credential helper from the surrounding clone. But if the submodule's own
repository exists already, git only fetches into it, and reads its settings. So the hook makes that repository: empty,
with the address and the settings of this clone. git runs it whenever it has changed files in the clone, before
anybody can ask for the submodule. It sends no requests.
"""

from __future__ import annotations

import re
from pathlib import Path

from ccsetup.core import regions
from ccsetup.git import submodule_names
from ccsetup.git.process import Runner

_AMAZON = "." + regions.PARTITIONS["aws"]["dns"].removesuffix(".com")  # China and Europe have it, too
NAME = "post-index-change"
OLDEST = (2, 22)  # the first git that runs it
MARK = "# Written by ccsetup."
HOOK = rf"""#!/bin/sh
{MARK} Prepares new submodules on CodeCommit, so that `git submodule update` can fetch them with the
# settings of this clone. It sends no requests and changes no files of yours. To turn it off, delete this file.
[ "$1" = 1 ] && [ -f .gitmodules ] && [ ! -h .gitmodules ] || exit 0
set -f
LC_ALL=C
export LC_ALL
modules=$(git rev-parse --git-path modules) || exit 0
case $modules in /* | [A-Za-z]:*) ;; *) modules=$PWD/$modules ;; esac
missing=
for key in $(git config -f .gitmodules --name-only --get-regexp '^submodule\..*\.url$' | tr ' ' '\001'); do
    name=$(printf %s "${{key#submodule.}}" | tr '\001' ' ')
    name=${{name%.url}}
    case $name in *[!A-Za-z0-9\ ._+/-]* | -*) continue ;; esac
    case /$name/ in *//* | */./* | */../* | */.[Gg][Ii][Tt]/* | */.[Gg][Ii][Tt][.\ ]*) continue ;; esac
    [ -e "$modules/$name" ] || missing="$missing$name
"
done
[ "$missing" ] || exit 0

# Prints the region in an address, "" if there is none.
region() {{
    case $1 in
    codecommit::*://*) place=${{1%%://*}} place=${{place#codecommit::}} ;;
    *://*git-codecommit*{_AMAZON}.*/v1/repos/*)
        place=${{1#*git-codecommit}} place=${{place#-fips}} place=${{place#.}} place=${{place%%{_AMAZON}.*}} ;;
    *) place= ;;
    esac
    case $place in *[!a-z0-9-]*) place= ;; esac
    printf %s "$place"
}}

origin=$(git ls-remote --get-url) || exit 0
origin=${{origin%/}}
home=$(region "$origin")
case $origin in
codecommit:*) who=${{origin#*://}} && case $who in *@*) who=${{who%%@*}}@ ;; *) who= ;; esac ;;
https://*/v1/repos/*) git config --local --get-regexp '^credential\..*helper$' >/dev/null || exit 0 ;;
*) exit 0 ;;
esac
credentials=$(git config --local --get-regexp '^credential\.')

# Sets `new` to this clone's form of a submodule's address; fails if it isn't on CodeCommit.
address() {{
    case $1 in
    ../*) repository=${{1#../}} ;;
    codecommit://* | codecommit::*://*) repository=${{1#*://}} repository=${{repository#*@}} ;;
    https://git-codecommit* | ssh://git-codecommit* | ssh://*@git-codecommit*)
        [ "$(region "$1")" ] || return
        repository=${{1##*/v1/repos/}} ;;
    "${{origin%/*}}"/*) repository=${{1##*/}} ;;
    *) return 1 ;;
    esac
    repository=${{repository%/}} repository=${{repository%.git}}
    case $repository in '' | . | .. | *[!A-Za-z0-9._-]*) return 1 ;; esac
    at=$(region "$1") at=${{at:-$home}}
    case $origin in
    codecommit:*) new=codecommit${{at:+::$at}}://$who$repository && return ;;
    esac
    [ "$at" != "$home" ] && [ ! "$CODE_COMMIT_ENDPOINT" ] || {{ new=${{origin%/*}}/$repository && return; }}
    case $at in cn-*) end=com.cn ;; eusc-*) end=eu ;; *) end=com ;; esac
    new=https://git-codecommit.$at{_AMAZON}.$end/v1/repos/$repository
}}

printf %s "$missing" | while IFS= read -r name; do
    url=$(git config -f .gitmodules --get "submodule.$name.url") && address "$url" || continue
    inside=$name
    while case $inside in */*) ;; *) false ;; esac; do # a repository inside another one could become its hooks
        inside=${{inside%/*}}
        [ ! -e "$modules/$inside/HEAD" ] && [ ! -h "$modules/$inside" ] || continue 2
    done
    (
        hook=$0
        case $hook in /* | [A-Za-z]:*) ;; *) hook=$PWD/$hook ;; esac
        unset $(git rev-parse --local-env-vars) CDPATH
        made=$modules/$name.$$
        mkdir -p "$made" && GIT_DEFAULT_HASH=sha1 git init -q --bare "$made" && cd "$made" || exit 0
        git config core.bare false && git config core.logAllRefUpdates true
        git config remote.origin.url "$new"
        git config remote.origin.fetch '+refs/heads/*:refs/remotes/origin/*'
        git config protocol.codecommit.allow always
        for other in "$url" "codecommit${{at:+::$at}}://$repository"; do # what `git submodule sync` makes of it
            [ "${{other#../}}" = "$other" ] && [ "${{new#"$other"}}" = "$new" ] &&
                git config --add "url.$new.insteadOf" "$other"
        done
        printf '%s\n' "$credentials" | while IFS= read -r line; do
            [ "$line" ] || continue
            case $line in *' '*) value=${{line#* }} ;; *) value= ;; esac
            git config --add "${{line%% *}}" "$value"
        done
        mkdir -p hooks && [ -e hooks/{NAME} ] || {{ cp "$hook" hooks/{NAME} && chmod +x hooks/{NAME}; }}
        if [ -e "$modules/$name" ]; then rm -rf "$made"; else mv "$made" "$modules/$name"; fi
    )
done
exit 0
"""

_ON_CODECOMMIT = re.compile(r"=\s*\"?(?:\.\./|codecommit:|\S*git-codecommit)")


def may_need(modules: str) -> bool:
    """Return whether the text of a .gitmodules file has an address that may be on CodeCommit."""
    return bool(_ON_CODECOMMIT.search(modules))


def waiting(runner: Runner, directory: Path) -> tuple[str, ...]:
    """Return the submodules on CodeCommit that have no repository yet: the hook makes it as soon as files change."""
    place = runner.ask(directory, "rev-parse", "--git-path", "modules").out.rstrip("\n")
    if not place or not (directory / ".gitmodules").is_file():
        return ()
    words = ("config", "-f", ".gitmodules", "-z", "--get-regexp", r"^submodule\..*\.url$")
    urls = (entry.partition("\n") for entry in runner.ask(directory, *words).out.split("\0") if entry)
    names = (key.removeprefix("submodule.").removesuffix(".url") for key, _, url in urls if may_need(f"={url}"))
    modules = directory / place
    return tuple(it for it in names if not submodule_names.fault(it, it) and not (modules / it).exists())


def install(runner: Runner, directory: Path, version: tuple[int, ...]) -> str:
    """Write the hook into a clone. Return "", or why git wouldn't run it."""
    if version < OLDEST:
        return f"git {'.'.join(map(str, version))} is too old for it"
    if other := runner.within(directory, "config", "--get", "core.hooksPath").out.strip():
        return f"core.hooksPath is set to {other}"
    path = directory / runner.checked(directory, "", "rev-parse", "--git-path", f"hooks/{NAME}").out.rstrip("\n")
    try:
        if path.exists() and MARK not in path.read_text(encoding="utf-8", errors="replace"):
            return f"the hook {path} already exists"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(HOOK.encode())
        path.chmod(0o755)
    except OSError as error:
        return f"{path} can't be written ({error.strerror})"
    return ""
