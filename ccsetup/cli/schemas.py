"""The JSON Schema of each command's --json document. `ccsetup schema` prints them, and the tests validate against them.

Every key of a document is listed here: keys that may be absent are the optional ones, and no other key may appear.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def _object(about: str, optional: Mapping[str, Schema] | None = None, **required: Schema) -> Schema:
    return {
        "description": about,
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": [*required],
        "additionalProperties": False,
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _list(items: Schema, about: str = "") -> Schema:
    return {"type": "array", "items": items, **({"description": about} if about else {})}


def _text(about: str = "") -> Schema:
    return {"type": "string", **({"description": about} if about else {})}


def _known(about: str) -> Schema:
    return {"type": ["string", "null"], "description": about}


def _yes_no(about: str) -> Schema:
    return {"type": "boolean", "description": about}


def _maybe(about: str) -> Schema:
    return {"type": ["boolean", "null"], "description": about}


_OK = _yes_no("the command did what it was asked to")
_CODE = {
    "type": "string",
    "pattern": r"^[a-z]+([.-][a-z0-9]+)*$",
    "description": "stable code, for example access.region, input.missing, cancelled; new ones may be added",
}
_PATHS = _list(_text(), "absolute paths")
_MOMENT = {
    "type": ["string", "null"],
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$",
    "description": "a time in UTC, for example 2026-01-31T18:04:00Z; null if unknown or without an end",
}
_ACCOUNT = {"type": ["string", "null"], "description": "12-digit account ID"}
_PROBLEMS = _list(_ref("problem"), "what went wrong; empty if nothing did")
_PROBLEM = _object(
    "one error: what is wrong, why, and what to do next",
    optional={
        "policy": {"type": ["object", "null"], "description": "the smallest IAM policy that would help"},
        "message": _known("a message to the administrator who can grant access"),
    },
    code=_CODE,
    what=_text(),
    why=_known("the cause, or AWS's or git's own words"),
    next=_known("what to do, possibly in several lines"),
)
_EDIT = _object(
    "what changed in one section of an AWS file",
    path=_text("absolute path"),
    section=_text("for example profile acme-dev"),
    set={"type": "object", "additionalProperties": _text(), "description": "values by key, secrets masked"},
    remove=_list(_text(), "removed keys"),
)
_IDENTITY = _object("who AWS says that the profile is", account_id=_text("12-digit account ID"), arn=_text())
_CHANGE = _object(
    "one change that ccsetup made",
    at=_MOMENT,
    command=_known("the command that made it"),
    profile=_known("its profile"),
    paths=_PATHS,
)
_FINDING = _object(
    "something that ccsetup doctor found",
    code=_CODE,
    severity={"enum": ["stops", "hinders", "note"], "description": "shown as error, warning, and note"},
    profile=_known("the profile that it affects"),
    path=_known("the file"),
    line={"type": ["integer", "null"], "minimum": 1},
    says=_text("one sentence"),
    because=_known("what AWS tools do about it"),
    fix={"enum": ["auto", "ask", "tell"], "description": "--fix repairs it, asks first, or only tells"},
    do=_known("the next step"),
    fixed=_yes_no("this run repaired it"),
)


def _outcome(*more: str) -> Schema:
    extra = {
        "urls": {"type": "object", "additionalProperties": _text(), "description": "with --print-url: URLs by form"},
        "team": _object(
            "with --team: the team file, and each repository in it",
            **{"from": _text("file or URL")},
            name=_text(),
            note=_known("the team's note"),
            repositories=_list(_TEAM_CLONE),
            not_reached=_list(
                _object("a repository that the chosen access doesn't reach", name=_text(), access=_list(_text()))
            ),
        ),
    }
    return _object(
        "what was written, tested, and cloned; parts that didn't happen are null or empty",
        optional={key: extra[key] for key in more},
        ok=_OK,
        kind=_known("kind of access"),
        profile=_known("profile name"),
        region=_known("region of the profile"),
        edits=_list(_ref("edit")),
        backups=_PATHS,
        identity=_or_null(_ref("identity")),
        repository=_or_null(
            _object("the repository", name=_text(), region=_text(), default_branch=_known("null if it is empty"))
        ),
        clone=_or_null(
            _object(
                "the clone on this computer",
                directory=_text("absolute path"),
                url=_text("the remote URL"),
                via=_text("how git connects"),
                commit=_known("the commit at HEAD, null if the repository is empty"),
            )
        ),
        problems=_PROBLEMS,
    )


_TEAM_CLONE = _object(
    "one repository of the team file",
    name=_text(),
    ok=_OK,
    profile=_text(),
    region=_text(),
    default_branch=_known("null if it is empty"),
    directory=_known("absolute path of the clone"),
    url=_known("the remote URL"),
    via=_known("how git connects"),
    commit=_known("the commit at HEAD"),
    problems=_PROBLEMS,
)
_RENEWED = {
    "profile": _known("profile name"),
    "kind": _known("kind of access"),
    "expires_at": _MOMENT,
    "identity": _or_null(_ref("identity")),
    "edits": _list(_ref("edit")),
    "backups": _PATHS,
    "problems": _PROBLEMS,
}
_ENTRY = _object(
    "one profile",
    name=_text(),
    kind=_known("kind of access, null if it has none"),
    region=_known("region"),
    account_id=_ACCOUNT,
    role=_known("role or permission set"),
    expires_at=_MOMENT,
    usable=_maybe("it works right now; null if only AWS could tell, or if AWS didn't answer"),
    why=_known("a short reason"),
    code=_or_null(_CODE),
)
_FAULT = _object(
    "one place in a team file",
    line={"type": ["integer", "null"], "minimum": 1},
    path=_known("sections and key, for example [access] [[default]] region"),
    says=_text(),
)
_NO_KEYS = _object("if it failed", ok={"const": False}, profile={"type": "null"}, problems=_PROBLEMS)
_KEYS = _object(
    "the document that a credential_process prints; this document contains secrets",
    optional={"SessionToken": _text(), "Expiration": _MOMENT},
    Version={"const": 1},
    profile=_text(),
    AccessKeyId=_text(),
    SecretAccessKey=_text(),
)

DOCUMENTS: Mapping[str, Schema] = {
    "setup": _outcome("team"),
    "clone": _outcome("urls"),
    "demo": _outcome("team"),
    "login": {
        "anyOf": [
            _object("one renewed profile", ok=_OK, **_RENEWED),
            _object(
                "with --all: every profile",
                ok=_OK,
                profiles=_list(_object("one renewed profile", ok=_OK, **_RENEWED)),
                problems=_PROBLEMS,
            ),
        ]
    },
    "logout": _object(
        "the sign-ins that were ended",
        ok=_OK,
        sign_ins=_list(
            _object(
                "one sign-in, with the profiles that share it",
                ok=_OK,
                sign_in=_known("sso-session or start URL, null for role sessions alone"),
                profiles=_list(_text()),
                ended=_maybe("it was ended at IAM Identity Center; null if it has none, or without an answer"),
                removed=_PATHS,
                problems=_PROBLEMS,
            )
        ),
        problems=_PROBLEMS,
    ),
    "status": _object("every profile", ok=_OK, profiles=_list(_ENTRY), problems=_PROBLEMS),
    "env": {"anyOf": [_KEYS, _NO_KEYS]},
    "undo": {
        "anyOf": [
            _object(
                "the change that was undone, null if there was none",
                ok=_OK,
                undone=_or_null(_ref("change")),
                edits=_list(_object("one file", path=_text("absolute path"), removed=_yes_no("the file was removed"))),
                problems=_PROBLEMS,
            ),
            _object("with --list: what can be undone", ok=_OK, changes=_list(_ref("change")), problems=_PROBLEMS),
        ]
    },
    "remove": _object(
        "the profile that was removed, and what used it",
        ok=_OK,
        removed=_known("profile name"),
        edits=_list(_ref("edit")),
        caches=_PATHS,
        users=_list(_text(), "profiles that use it as their source profile"),
        clones=_PATHS,
        problems=_PROBLEMS,
    ),
    "doctor": _object(
        "findings, repaired ones first, and every profile that was checked",
        ok=_yes_no("no finding stops a profile, and AWS answered"),
        findings=_list(_FINDING),
        profiles=_list(
            _object(
                "one profile",
                name=_text(),
                kind=_known("kind of access"),
                account_id=_ACCOUNT,
                arn=_known("who AWS says that it is"),
                ok=_maybe("it works; null if it wasn't tried, or AWS didn't answer"),
            )
        ),
        problems=_PROBLEMS,
    ),
    "share": _object(
        "what was written or applied",
        ok=_OK,
        role_arn=_known("the role that gives access"),
        external_id=_known("the external ID"),
        directory=_known("the folder that was written"),
        files=_list(_text(), "names of the files"),
        changed=_list(_text(), "names of the files that changed"),
        steps=_list(_text(), "what was done in the account, one sentence each"),
        links=_list(
            _object(
                "with --check: one link of the chain",
                link=_text(),
                holds=_maybe("null if it couldn't be checked"),
                says=_text(),
            )
        ),
        developer=_known("the command for each developer"),
        problems=_PROBLEMS,
    ),
    "team": {
        "anyOf": [
            _object(
                "team check",
                ok=_OK,
                file=_known("file or URL"),
                name=_known("the team's name"),
                access=_list(_object("one access", name=_text(), label=_text(), kind=_text())),
                repositories=_list(_text()),
                faults=_list(_FAULT),
                mended=_list(_FAULT),
                problems=_PROBLEMS,
            ),
            _object(
                "team export",
                ok=_OK,
                text=_text("the team file"),
                out=_known("the file that was written"),
                left_out=_list(_text()),
                problems=_PROBLEMS,
            ),
        ]
    },
    "completion": _object(
        "the script", ok=_OK, shell=_known("name of the shell"), script=_known("its text"), problems=_PROBLEMS
    ),
    "schema": {
        "anyOf": [
            {"description": "a JSON Schema", "type": "object", "required": ["$schema"]},
            _object("if it failed", ok={"const": False}, problems=_PROBLEMS),
        ]
    },
}
_SHARED = {"problem": _PROBLEM, "edit": _EDIT, "identity": _IDENTITY, "change": _CHANGE}


def of(command: str = "") -> Schema:
    """Return the schema of one command's document, or of all commands' documents by command in `$defs`."""
    if not command:
        documents = {name: {"title": _title(name), **schema} for name, schema in DOCUMENTS.items()}
        anyone = [_ref(name) for name in documents]
        return {"$schema": DIALECT, "title": "ccsetup --json", "anyOf": anyone, "$defs": {**documents, **_SHARED}}
    schema = DOCUMENTS[command]
    return {"$schema": DIALECT, "title": _title(command), **schema, "$defs": _used(schema)}


def _title(command: str) -> str:
    return f"ccsetup {command} --json"


def _used(schema: Schema) -> Schema:
    """Return the shared parts that a schema refers to."""
    found: Schema = {}
    for name, part in _SHARED.items():
        if _ref(name)["$ref"] in _references(schema):
            found |= {name: part}
    return found


def _references(part: Any) -> set[str]:
    if isinstance(part, dict):
        own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
        return own.union(*map(_references, part.values()))
    return set().union(*map(_references, part)) if isinstance(part, list) else set()
