"""The questions that all kinds of access share: region, profile, repository, branch, folder."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ccsetup.access.source_profile import hint, source_name
from ccsetup.core import clock, profile_partition, regions, validate
from ccsetup.core.errors import BadAnswer, NoRepository, Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import Answers, Choice, Corrected, Keys, Section, Target, Told, Value, Who
from ccsetup.core.profile_kind import kind_of
from ccsetup.core.question import Access, Question, Which
from ccsetup.git import address
from ccsetup.git.transport import VIA, WHOSE

Ready = Callable[[Answers, Look], str | None]


def fixed(value: str) -> Ready:
    """Return a `known` or `default` that is always this value."""
    return lambda answers, look: value


def yes_no(text: str) -> str:
    """`yes` or `no`, however it is spelled."""
    value = validate.tidy(text).lower()
    if value in ("y", "yes", "true", "1"):
        return "yes"
    if value in ("n", "no", "false", "0"):
        return "no"
    raise BadAnswer("Enter yes or no.")


def duration(low_s: int, high_s: int) -> Question:
    """Return a question that is never asked: it takes --duration-seconds, or else leaves AWS's default."""
    return Question(
        "duration_seconds",
        "Session duration in seconds (optional)",
        help=f"{low_s} to {high_s}. Default: set by AWS.",
        about="AWS ends a session after this time, and then new credentials are needed. For example, 3600 is one hour.",
        known=fixed(""),
        parse=validate.duration(low_s, high_s),
        optional=True,
        title="Duration",
    )


ROLE_ARN = Question(
    "role_arn",
    "Role ARN",
    help="A role ARN looks like arn:aws:iam::111122223333:role/CodeCommitAccess.",
    about=(
        "An IAM role is a set of permissions that you use for a limited time. Its ARN holds the account and the name,"
        " for example, arn:aws:iam::111122223333:role/CodeCommitAccess."
    ),
    parse=validate.role_arn,
    title="Role",
)


def session_name(known: Ready) -> Question:
    """Return a question that takes --role-session-name, or else the `known` name."""
    return Question(
        "role_session_name",
        "Session name (shown in CloudTrail)",
        help="A name that identifies you in the account's logs, for example, maria.garcia.",
        about=(
            "The session name appears in the AWS logs beside everything that you do with the role. Use a name that"
            " identifies you, for example, maria.garcia."
        ),
        known=known,
        parse=validate.role_session_name,
        optional=True,
        title="Session name",
    )


def target(answers: Answers) -> Target:
    """Return the repository and region of the answers. The region in the address wins over the answered one."""
    text = answers.text("repo")
    if not text:
        return Target(region=answers.text("region"))
    asked = address.parse(text)
    region = asked.region or answers.text("region")
    return Target(asked.repository, region, asked.account_id, asked.branch, asked.directory)


def settings(answers: Answers, **more: Value | None) -> dict[str, Value | None]:
    """Return a profile's settings in order: the non-empty ones of its kind, then region and output."""
    common = {"region": target(answers).region, "output": answers.text("output")}
    return {key: value for key, value in {**more, **common}.items() if value}


def again(kind: str, name: str, there: Mapping[str, str], **own: str | None) -> dict[str, str]:
    """Return the answers that recreate a stored profile: the shared ones and those of its kind that are not None."""
    common = {"region": there.get("region"), "output": there.get("output")}
    found = {"kind": kind, **own, "profile": name, **common}
    return {key: value for key, value in found.items() if value is not None}


def stored(answers: Answers, keys: Keys | None, renew: Mapping[str, str]) -> tuple[Section, ...]:
    """Return the sections of a profile with stored credentials, and in config how to renew them."""
    ends = clock.written(keys.expires_at if keys else None)
    profile = answers.text("profile")
    held: dict[str, Value | None] = {
        "aws_access_key_id": keys.access_key_id if keys else None,
        "aws_secret_access_key": keys.secret_access_key if keys else None,
        "aws_session_token": keys.session_token if keys else None,
    }
    record: dict[str, Value | None] = {**renew, "ccsetup_expires_at": ends}
    kept = Section("credentials", "profile", profile, {k: v for k, v in held.items() if v})
    beside = {**settings(answers), **{k: v for k, v in record.items() if v}}
    return (kept, Section("config", "profile", profile, beside)) if beside else (kept,)


def _named(key: str, variable: str) -> Ready:
    """Return a `known` that is empty if git has this setting already, or if nobody can be asked."""

    def known(answers: Answers, look: Look) -> str | None:
        return "" if look.alone or look.env.get(variable) or look.git_setting(key) else None

    return known


def _wants_clone(answers: Answers) -> bool:
    return bool(answers.text("repo")) and answers.text("no_clone") != "yes"


def _skips(answers: Answers, look: Look) -> bool:
    """Return whether the user left the name empty, and so doesn't want to set the email address either."""
    return not answers.text("git_name") and _named("user.name", "GIT_AUTHOR_NAME")(answers, look) is None


def _email_known(answers: Answers, look: Look) -> str | None:
    return "" if _skips(answers, look) else _named("user.email", "GIT_AUTHOR_EMAIL")(answers, look)


def person_in(arn: str) -> tuple[str, str]:
    """Return a name and an email address from the session name or user name in a caller's ARN, as far as possible."""
    told = arn.rpartition("/")[2] if "/" in arn else ""
    before, _, domain = told.partition("@")
    words = re.split(r"[._-]+", before)
    plain = all(re.fullmatch(r"[A-Za-z]{2,}", word) for word in words) and told not in ("session", "ccsetup")
    return " ".join(map(str.title, words)) if plain else "", told if domain and "." in domain else ""


def _person(answers: Answers, look: Look) -> tuple[str, str]:
    """Return the name and email address of who uses the access, as far as the answers or AWS's answers tell."""
    if name := answers.text("federated_name"):
        return person_in(f"/{name}")
    return person_in(answers.text("login_session") or look.arn_seen())


NAME = Question(
    "git_name",
    "Your name for commits (optional)",
    help="For this clone only.",
    about=(
        "git writes your name and your email address into each commit. They don't have to be those of your AWS access,"
        " for example, Maria Garcia and maria@example.com."
    ),
    known=_named("user.name", "GIT_AUTHOR_NAME"),
    default=lambda answers, look: _person(answers, look)[0],
    parse=validate.person,
    when=_wants_clone,
    optional=True,
    flag="-",
    title="Name for commits",
)
EMAIL = Question(
    "git_email",
    "Your email for commits (optional)",
    help="For this clone only.",
    about=NAME.about,
    known=_email_known,
    default=lambda answers, look: _person(answers, look)[1],
    parse=validate.email,
    when=_wants_clone,
    optional=True,
    flag="-",
    title="Email for commits",
)


def shared(access: Access) -> tuple[Question, ...]:
    """Return the questions that come after those of one kind of access."""
    own = {question.key for question in access.questions}
    profile = profile_name(access)
    profile = profile._replace(ahead=_repositories_ahead(profile))
    rest = (OUTPUT, searched_region(), profile, NO_CLONE, REPO, BRANCH, DIRECTORY, VIA, WHOSE, NAME, EMAIL)
    return tuple(question for question in rest if question.key not in own)


def _repositories_ahead(profile: Question) -> Callable[[Answers, Look], None]:
    """Return a function that begins to list the repositories for the profile name that is offered."""

    def begin(answers: Answers, look: Look) -> None:
        name = profile.default(answers, look) if profile.default else None
        if name and "repo" not in answers:
            expect_repositories(caller(answers.plus("profile", name), look), answers, look)

    return begin


def expect_repositories(who: Who, answers: Answers, look: Look) -> None:
    """Begin to list the repositories, unless they won't be asked for."""
    if not {"repo", "no_clone"} & look.told.keys():
        look.expect_repositories(who, [] if "region" in look.given else regions.beside(answers.text("region")))


def of_source(access: Access, own: Sequence[Question]) -> tuple[Question, ...]:
    """Return the questions for setting up a source profile: those of its kind, and its region and name.

    The region is asked only if the kind itself needs it and nothing tells it.
    """

    def near(answers: Answers, look: Look) -> str | None:
        return str(look.told.get("region") or "") or _region_told(answers, look) or region_near(answers, look)

    needed = asked_region()._replace(known=near)
    profile = profile_name(access)._replace(ask="Name for the source profile", known=_base_known, default=_base)
    keys = {question.key for question in own}
    region = needed._replace(known=lambda answers, look: region_near(answers, look) or "", optional=True)
    more = tuple(question for question in (region, profile) if question.key not in keys)
    return (*({"region": needed, "profile": profile}.get(question.key, question) for question in own), *more)


def _base_known(answers: Answers, look: Look) -> str | None:
    """Return a name if a message brought the keys and the repository: then it is shown in the review only."""
    whole = {"source.access_key_id", "repo"} <= look.told.keys() and not look.alone
    return _base(answers, look) if whole else None


def _base(answers: Answers, look: Look) -> str:
    return next(name for name in ("base", *(f"base-{i}" for i in range(2, 100))) if name not in look.profiles)


def asked_region() -> Question:
    """Return the question for the repository's region, which is not asked if the address contains it."""
    return Question(
        "region",
        "Which region is the repository in?",
        widget="choose",
        help="The region in the repository URL, for example, us-east-2.",
        about=(
            "An AWS region is a place where AWS stores data, and each repository is in one region. It's part of the"
            " repository's address, for example, us-east-2 in codecommit::us-east-2://MySharedDemoRepo."
        ),
        choices=_regions,
        known=_region_told,
        default=region_near,
        parse=validate.region,
        settle=settle_region,
        title="Region",
    )


ALL_REGIONS = Choice("all", "Search all regions", "and choose a repository")
UNLISTED = Choice("?", "A repository that isn't listed", "enter its name or URL")
NO_REPOSITORY = Choice("", "None for now", "set up the profile only")
Caller = Callable[[Answers, Look], Who]


def caller(answers: Answers, look: Look) -> Who:
    """Return the profile of these answers as a caller, before it is written, under any name if it has none yet."""
    name = answers.text("profile") or next(it for i in range(100) if (it := f"new-{i}") not in look.profiles)
    region = answers.text("region") or regions.home_region(_partition(answers, look))
    who = look.who(name, region, look.sections(answers.plus("profile", name), look))
    return who._replace(alone=answers.text("kind") != "machine")


def searched_region(who: Caller = caller) -> Question:
    """Return the question for the repository's region that offers to search all regions first.

    `who` lists the repositories. A repository that is chosen from the search answers its own question, too.
    """

    def settle(value: Value, answers: Answers, look: Look) -> Corrected | Told | None:
        return _search(who, answers, look) if value == ALL_REGIONS.value else settle_region(value, answers, look)

    def parse(text: str) -> str | Corrected:
        return text if text == ALL_REGIONS.value else validate.region(text)

    return asked_region()._replace(
        choices=lambda answers, look: [ALL_REGIONS, *_regions(answers, look)],
        parse=parse,
        settle=settle,
        ahead=lambda answers, look: look.expect_keys(who(answers, look)),
    )


def _search(who: Caller, answers: Answers, look: Look) -> Corrected | Told:
    """Return the region of the only repository, or have the user choose one. Raises Problem if there is none."""
    if look.alone or "region" in look.given:
        raise BadAnswer("Specify one region, for example, us-east-2.")
    partition = _partition(answers, look) or "aws"
    there = [region for region in regions.REGIONS if regions.partition_of(region) == partition]
    acting = who(answers.minus("region"), look)
    if told := address.parse(str(look.told["repo"])).repository if look.told.get("repo") else "":
        found = [(region, told) for region in look.regions_with(acting, told, there)]
    else:
        found = [(region, name) for region, names in look.repositories_in(acting, there).items() for name in names]
    if not found:
        raise NoRepository(
            f"None of the {len(there)} regions has a repository"
            f"{f' named {told}' if told else ''} that this access can see.",
            next="Check the name and the account, or choose the region.",
        )
    ways = [
        (Choice(f"{region} {name}", name, region), Told(region, (), {} if told else {"repo": name}))
        for region, name in found
    ]
    if len(ways) == 1:
        region, name = found[0]
        what = "" if told else ", the only repository that this access can see"
        return ways[0][1]._replace(said=(f"Found {name} in {region}{what}.",))
    raise Which("More than one repository was found.", "Which repository?", ways)


def _region_told(answers: Answers, look: Look) -> str | None:
    repo = look.told.get("repo")
    told = address.parse(str(repo)).region if repo else ""
    if not told and answers.text("kind") == "existing":
        told = look.profiles.get(answers.text("profile"), {}).get("region", "")
    return told if regions.is_region(told) else None


def _regions(answers: Answers, look: Look) -> list[Choice]:
    partition = _partition(answers, look)
    there = regions.REGIONS.items()
    return [Choice(r, r, city) for r, city in there if not partition or regions.partition_of(r) == partition]


def _partition(answers: Answers, look: Look) -> str:
    """Return the partition of the answered role or sign-in, or else of the profile to use, "" if neither is known."""
    for given in (answers, answers.under("source.")):
        settings = {key: given.text(key) for key in ("role_arn", "mfa_serial", "sso_region", "sso_start_url")}
        if found := profile_partition.told_by(settings, {}):
            return found
    is_there = answers.text("kind") == "existing"  # for other kinds, the profile's name is no reason to ask again
    name = answers.text("profile") if is_there else source_name(answers)
    return profile_partition.told(look.profiles, look.sessions, name)


def settle_region(value: Value, answers: Answers, look: Look) -> Corrected | None:
    """Return the region with a warning if only AWS can tell whether it has CodeCommit.

    Refuse a region in another partition than the role or the sign-in, which can't have access to it.
    """
    partition = _partition(answers, look)
    if partition and regions.partition_of(str(value)) != partition:
        raise BadAnswer(
            f"{value} isn't a region of {partition}, the partition of the role or sign-in."
            f" Use a region like {regions.home_region(partition)}."
        )
    unknown = validate.unknown_region(str(value))
    return Corrected(str(value), unknown) if unknown else None


def region_near(answers: Answers, look: Look) -> str | None:
    """Return the region of the environment, of the source profile, or the only one that the profiles here use."""
    used = {s["region"] for s in look.profiles.values() if s.get("region") in regions.REGIONS}
    near_by = (
        look.env.get("AWS_REGION"),
        look.env.get("AWS_DEFAULT_REGION"),
        answers.text("source.region"),
        look.profiles.get(source_name(answers), {}).get("region"),
        next(iter(used)) if len(used) == 1 else None,
    )
    return profile_partition.region_in(_partition(answers, look), near_by) or None


def _is_same(there: Mapping[str, str], answers: Answers) -> bool:
    """Return whether a profile has the identity of these answers. Others are changed only if the user names them."""
    asked = {key: answers.text(key) for key in ("role_arn", "sso_account_id", "sso_role_name")}
    if there.get("aws_access_key_id", "").startswith("AKIA"):
        asked["aws_access_key_id"] = answers.text("access_key_id")
    return all(there.get(key, value) == value for key, value in asked.items() if value)


def is_of(access: Access, there: Mapping[str, str]) -> bool:
    """Return whether a profile is of this kind. The role of a computer may assume another role."""
    of_machine = access.name == "machine" and there.get("credential_source") in ("EcsContainer", "Ec2InstanceMetadata")
    return kind_of(there) == access.name or (of_machine and "role_arn" in there)


def profile_name(access: Access) -> Question:
    """Return the question for the name of a profile of this kind. Names of other profiles aren't suggested."""

    def suggested(answers: Answers, look: Look) -> str | None:
        repo = look.told.get("repo")
        told = address.parse(str(repo)).profile if repo else ""
        name = told or re.sub(r"[^A-Za-z0-9_.+=,-]+", "-", access.suggest(answers)) or "codecommit"
        taken = {source_name(answers)}
        free = (n for n in (name, *(f"{name}-{i}" for i in range(2, 100))) if n not in taken)
        there = look.profiles
        return next(
            (n for n in free if n not in there or (is_of(access, there[n]) and _is_same(there[n], answers))), None
        )

    def known(answers: Answers, look: Look) -> str | None:
        """Return the suggested name if a message brought a repository: then the name is shown in the review only."""
        whole = "repo" in look.told and "repo" not in look.given and not look.alone
        return suggested(answers, look) if whole else None

    def settle(value: Value, answers: Answers, look: Look) -> str | Corrected | None:
        name = str(value)
        if name == source_name(answers):
            raise BadAnswer(
                f"{name} is the source profile for this profile. Choose another name, for example, {name}-code."
            )
        if name in look.profiles and not is_of(access, look.profiles[name]) and hint(look.profiles[name]):
            there = look.profiles[name]
            lost = [key for key in there if key in look.clear and key not in access.keys]
            gone = f" {' and '.join(lost)} {'is' if len(lost) == 1 else 'are'} removed." if lost else ""
            return Corrected(
                name, f"{name} already exists ({hint(there)}) and will be changed to: {access.label}.{gone}"
            )
        return None

    return Question(
        "profile",
        "Profile name",
        help="The name that git and AWS tools use for the profile.",
        about=(
            "A profile is a named set of settings in ~/.aws that git and AWS tools use to sign in. You choose its"
            " name, for example, acme-dev."
        ),
        known=known,
        default=suggested,
        parse=validate.profile,
        settle=settle,
        title="Profile",
    )


OUTPUT = Question(
    "output",
    "Output format",
    about="The AWS CLI prints its results in this format. For example, json is for programs, and table is for people.",
    known=fixed(""),
    parse=validate.output,
    optional=True,
    title="Output",
)

NO_CLONE = Question(
    "no_clone",
    "Set up access only, without cloning?",
    widget="confirm",
    about=(
        "A clone is a copy of the repository on this computer. Without one, only the profile is set up, for example,"
        " if you want to clone later."
    ),
    known=fixed("no"),
    parse=yes_no,
    title="No clone",
)


def repositories(who: Caller) -> Callable[[Answers, Look], list[Choice]]:
    """Return the choices of repositories: those of the region, or else those of the other regions."""

    def choices(answers: Answers, look: Look) -> list[Choice]:
        try:
            names = look.repositories(who(answers, look))
        except Problem as refused:
            if refused.code == "access.assume":
                refused.about = "role_arn" if answers.text("role_arn") else "sso_role_name"
            raise
        if names:
            return [*(Choice(name, name) for name in names), NO_REPOSITORY]
        elsewhere = {} if "region" in look.given else _elsewhere(who, answers, look)
        listed = [
            Choice(address.codecommit_url(name, region), name, region)
            for region, names in elsewhere.items()
            for name in names
        ]
        return [*(listed or [UNLISTED]), NO_REPOSITORY]

    return choices


def why_elsewhere(who: Caller) -> Callable[[Answers, Look], str]:
    """Return the line above the repositories if the region has none: where there are some."""

    def why(answers: Answers, look: Look) -> str:
        try:
            if look.repositories(who(answers, look)):
                return ""
        except Problem:
            return ""
        region, there = answers.text("region"), [*_elsewhere(who, answers, look)]
        if not there:
            return f"There are no repositories in {region}, and none were found in other regions."
        more = f" and {len(there) - 3} more regions" if len(there) > 3 else ""
        return f"There are no repositories in {region}. There are some in {', '.join(there[:3])}{more}."

    return why


def _elsewhere(who: Caller, answers: Answers, look: Look) -> Mapping[str, Sequence[str]]:
    """Return the repositories of the other regions, none if they can't be listed."""
    try:
        return look.repositories_in(who(answers, look), regions.beside(answers.text("region")))
    except Problem:
        return {}


def _settle_repo(value: Value, answers: Answers, look: Look) -> str | Corrected | None:
    asked = address.parse(str(value)) if value else None
    if asked is None:
        return None
    if asked.region and asked.region != answers.text("region"):
        if "region" in look.given:
            given = answers.text("region")
            raise BadAnswer(
                f"The repository URL specifies {asked.region}, but --region specifies {given}. Omit one of them."
            )
        return Corrected(str(value), f"Using {asked.region}, the region in the repository URL.")
    return None


def _parse_repo(text: str) -> str | Corrected:
    if text == UNLISTED.value:
        raise BadAnswer("Enter the name or URL of the repository, for example, MySharedDemoRepo.")
    said = address.parse(text).said
    return Corrected(validate.tidy(text), said) if said else validate.tidy(text)


def _no_repo(answers: Answers, look: Look) -> str | None:
    return "" if answers.text("no_clone") == "yes" else None


REPO = Question(
    "repo",
    "Which repository?",
    widget="choose",
    help="A repository name or URL, for example, MySharedDemoRepo.",
    about=(
        "A repository holds the code and its history. Enter its name or any of its addresses, for example,"
        " MySharedDemoRepo or codecommit::us-east-2://MySharedDemoRepo."
    ),
    choices=repositories(caller),
    why=why_elsewhere(caller),
    known=_no_repo,
    parse=_parse_repo,
    settle=_settle_repo,
    free=True,
    title="Repository",
)


def _branches(answers: Answers, look: Look) -> list[Choice]:
    at = target(answers)
    names = look.branches(look.who(answers.text("profile"), at.region, look.sections(answers, look)), at.name)
    return [Choice("", "The default branch"), *(Choice(name, name) for name in names)]


def _parse_branch(text: str) -> str:
    value = validate.tidy(text)
    if (
        value.startswith("-")
        or ".." in value
        or any(c in value for c in " ~^:?*[\\\x7f")
        or value.endswith((".lock", "/"))
    ):
        raise BadAnswer("A branch name can't contain spaces or ~^:?*[\\ characters. Use a name like main.")
    return value


BRANCH = Question(
    "branch",
    "Which branch?",
    widget="choose",
    about=(
        "A branch is a line of development, and the clone starts on the one that you choose. If you aren't sure, use"
        " the default branch, for example, main."
    ),
    choices=_branches,
    known=lambda answers, look: target(answers).branch,
    parse=_parse_branch,
    when=_wants_clone,
    optional=True,
    free=True,
    title="Branch",
)


def _folder(answers: Answers, look: Look) -> str:
    name = target(answers).directory or target(answers).name
    if look.place_for and not target(answers).directory:
        return os.path.relpath(look.place_for(name), look.cwd)
    return f"./{name}" if name.startswith("-") else name


def _is_taken(folder: str, answers: Answers, look: Look) -> bool:
    """Return whether a folder contains something else than a clone of the repository."""
    path, at = look.cwd / Path(folder).expanduser(), target(answers)
    if not look.occupied(path) or look.unfinished(path):
        return False
    return not address.is_of(look.origin(path), at.name, at.region, look.env.get("CODE_COMMIT_ENDPOINT", ""))


def _free_folder(folder: str, answers: Answers, look: Look) -> str:
    """Return this folder, or with a number if it contains something else."""
    names = (folder, *(f"{folder.rstrip('/')}-{number}" for number in range(2, 100)))
    return next(name for name in names if not _is_taken(name, answers, look))


def _folder_known(answers: Answers, look: Look) -> str | None:
    folder = _folder(answers, look)
    return None if _is_taken(folder, answers, look) else folder


def _folder_offered(answers: Answers, look: Look) -> str:
    """Return the folder to offer. If nobody is asked, it stays the one that is taken, which is refused later."""
    folder = _folder(answers, look)
    return folder if look.alone else _free_folder(folder, answers, look)


def taken(folder: str, wanted: Target) -> str:
    """Return that a folder can't become a clone of a repository."""
    where = f" in {wanted.region}" if wanted.region else ""
    return f"{folder} already exists and isn't a clone of {wanted.name}{where}."


def _why_folder(answers: Answers, look: Look) -> str:
    folder = _folder(answers, look)
    return taken(folder, target(answers)) if _is_taken(folder, answers, look) else ""


def _settle_folder(value: Value, answers: Answers, look: Look) -> None:
    folder = str(value)
    if not look.alone and "directory" not in look.given and _is_taken(folder, answers, look):
        free = _free_folder(folder, answers, look)
        raise BadAnswer(f"{taken(folder, target(answers))} Use another folder, for example, {free}.", instead=free)


DIRECTORY = Question(
    "directory",
    "Clone into which folder?",
    widget="path",
    help="A new folder, for example, demo or ~/code/demo.",
    about=(
        "The clone goes into a folder with this name, which is created if necessary. For example, demo is in the"
        " current folder, and ~/code/demo is in your home folder."
    ),
    known=_folder_known,
    default=_folder_offered,
    why=_why_folder,
    parse=validate.folder,
    settle=_settle_folder,
    when=_wants_clone,
    title="Folder",
)
