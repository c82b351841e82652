"""Finds out what an administrator wants to share, as the wizard does: from flags, from this computer, or by asking."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal, NamedTuple

from ccsetup.access import questions
from ccsetup.core import validate
from ccsetup.core.context import Context
from ccsetup.core.errors import BadAnswer, NoRepository, Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import Answers, Choice, Unmatched, Who
from ccsetup.core.question import Question
from ccsetup.share import arrangement, trust_merge
from ccsetup.share import questions as share_questions
from ccsetup.share.arrangement import Arrangement, read_trusts
from ccsetup.share.policies import consistent
from ccsetup.share.trust_policy import statements
from ccsetup.wizard.engine import Trail, Walk, sentence
from ccsetup.wizard.options import Options, looking

_UNASKED = ("kms_key", "role_name", "external_id", "require_mfa", "sso_region")  # the review shows their defaults
_IF_ROOM = ("read_only", "sso_start_url")  # the same, if there are more questions already
_MOST = 6  # questions before the review
Act = Literal["", "apply", "check", "remove"]


class ShareOptions(NamedTuple):
    """The answers that were given, by the key of their question, and what to do in AWS; "" only writes files."""

    given: Mapping[str, str]
    act: Act = ""
    yes: bool = False
    dry_run: bool = False


class Arranging:
    """One dialogue about an arrangement: the questions, and what they look up with the administrator's profile."""

    def __init__(self, context: Context, options: ShareOptions) -> None:
        self.looks = options.act in ("check", "remove")
        self.context, self.acts = context, bool(options.act)
        self.look = looking(context, Options(options.given, dry_run=options.dry_run))
        self.walk = Walk(
            self.flow,
            self.look,
            given=options.given,
            prompt=context.prompt,
            say=context.screen.note,
            defaults=options.yes,
        )
        self.trail = Trail()
        self._expanded: dict[str, list[str]] = {}  # the repositories of each pattern

    def run(self) -> Arrangement:
        """Ask until there is a consistent arrangement."""
        self.trail = self.walk.run(self.trail)
        while True:
            try:
                self._refuse_unused()
                return consistent(self._arranged(self.trail.answers))
            except BadAnswer as refused:
                if self.context.prompt is None or refused.about not in self.trail.answers:
                    raise
                self.trail = self.walk.run(self.trail, again=refused.about, notice=sentence(refused))

    def _refuse_unused(self) -> None:
        """Refuse flags that no question uses, because ignoring them would surprise the user."""
        unused = [f"--{key.replace('_', '-')}" for key in self.look.given if key not in self.trail.answers]
        if unused:
            raise BadAnswer(
                f"You can't use {', '.join(unused)} with --trust {self.trail.answers.text('trust')}.",
                next=f"Remove {' and '.join(unused)}, or change --trust, for example, to --trust account.",
            )

    @property
    def profile(self) -> str:
        """The administrator's profile; "" if there is none."""
        return self.trail.answers.text("profile")

    @property
    def said(self) -> frozenset[str]:
        """The keys of the answers that the command or the person named. A default or an empty answer names nothing."""
        answers, asked = self.trail.answers, self.trail.asked
        named = {key for key in asked if answers.text(key) not in ("", "no") or key == "read_only"}
        return frozenset({*self.look.given, *named, *(["trust"] if "whom" in asked else [])})

    def flow(self, answers: Answers) -> Sequence[Question]:
        """Return the questions for the answers so far. --check and --remove ask fewer."""
        unasked = {*_UNASKED, *_IF_ROOM[max(0, _MOST - self._count(answers)) :]}
        return [_settled(it) if self.looks or it.key in unasked else it for it in self._questions(answers)]

    def _count(self, answers: Answers) -> int:
        """Return how many questions are asked at most, without those that are asked only if there is room."""
        place, kind = share_questions.address_of(answers), answers.text("whom") or "account"
        asked = {
            "profile": self.acts,
            "repo": True,
            "region": not place.region,
            "from_account": not place.account_id and not self._owner(answers),
            "trust": kind != "given",
            "whom": kind not in ("given", "account"),
            "to_account": kind in ("account", "permission-set") and not self._people(answers),
            "subject": kind == "oidc",
        }
        return sum(wanted and key not in self.look.given for key, wanted in asked.items())

    def _questions(self, answers: Answers) -> Sequence[Question]:
        return (
            self._profile(),
            self._repository(),
            questions.asked_region()._replace(known=share_questions.region_told, settle=share_questions.same_region),
            self._from_account(),
            self._kms_key(),  # early: if the repository doesn't exist, nothing else needs to be asked
            self._whom(),
            share_questions.trust(answers.text("whom")),
            self._to_account(),
            share_questions.SUBJECT,
            share_questions.AUDIENCE,
            share_questions.READ_ONLY,
            share_questions.ROLE_NAME,
            share_questions.ROLE_PATH,
            share_questions.EXTERNAL_ID,
            share_questions.ALSO_EXTERNAL_ID,
            share_questions.REQUIRE_MFA,
            share_questions.TAGS,
            share_questions.ORG,
            share_questions.SESSION_NAME,
            share_questions.BOUNDARY,
            share_questions.SESSION,
            share_questions.GROUP,
            *share_questions.sign_in(self.acts),
        )

    def _profile(self) -> Question:
        return Question(
            "profile",
            "Administrator profile",
            widget="choose",
            help="Use the repository's account to manage the role, or the developers' account to manage their policy.",
            about=(
                "A profile with administrator permissions creates the role and its policies. Choose one for the"
                " account that you want to change, for example, acme-admin."
            ),
            choices=lambda answers, look: [Choice(name, name) for name in look.profiles],
            known=None if self.acts else questions.fixed(""),
            settle=share_questions.known_profile,
            optional=not self.acts,
            title="Administrator",
            unasked="Use a profile in the account that you want to change or check.",
        )

    def _repository(self) -> Question:
        def listed(answers: Answers, look: Look) -> list[Choice]:
            region = questions.region_near(answers, look)
            if not answers.text("profile") or not region:
                return []
            return [Choice(it, it) for it in look.repositories(Who(answers.text("profile"), region, chosen=True))]

        return Question(
            "repo",
            "Which repositories do you want to share?",
            widget="choose",
            help="Names, separated by spaces (for example, MySharedDemoRepo), ARNs, or patterns like team-*.",
            about=(
                "A repository belongs to one account and one region. Enter names, ARNs or patterns, for example,"
                " arn:aws:codecommit:us-east-2:111122223333:MySharedDemoRepo."
            ),
            choices=listed,
            parse=share_questions.repository,
            free=True,
            flag="REPO",
            title="Repositories",
            unasked="Pass a repository: ccsetup share MySharedDemoRepo --from-account 111122223333 --to-account"
            " 888888888888"
            " --region us-east-2",
        )

    def _from_account(self) -> Question:
        def default(answers: Answers, look: Look) -> str | None:
            profile, other = answers.text("profile"), str(look.given.get("to_account", ""))
            found = self._account_of(profile, answers.text("region")) if profile else ""
            return found if found and found not in other.split() else None

        return Question(
            "from_account",
            "Repository account ID",
            help="The 12-digit ID of the account that owns the repository, for example, 111122223333.",
            about=(
                "An account ID is the 12-digit number of an AWS account. Enter the account that the repository is in,"
                " for example, 111122223333."
            ),
            known=lambda answers, look: share_questions.address_of(answers).account_id or self._owner(answers) or None,
            default=default,
            parse=validate.account_id,
            settle=share_questions.same_account,
            title="From account",
        )

    def _owner(self, answers: Answers) -> str:
        """Return the account of the administrator's profile if it has the repositories, "" otherwise."""
        profile, region, words = answers.text("profile"), answers.text("region"), answers.text("repo").split()
        if not self.acts or not profile or not region or not words:
            return ""
        try:
            there = self.look.repositories(Who(profile, region, chosen=True))
        except Problem:
            return ""
        return self._account_of(profile, region) if {*words} <= {*there} else ""

    def _to_account(self) -> Question:
        question = share_questions.to_account()

        def known(answers: Answers, look: Look) -> str | None:
            return (question.known(answers, look) if question.known else None) or self._people(answers) or None

        return question._replace(known=known)

    def _people(self, answers: Answers) -> str:
        """Return the account of the profile of an administrator who is asked, if it isn't the repository's account."""
        profile, region = answers.text("profile"), answers.text("region")
        if not self.acts or self.context.prompt is None or not profile or not region:
            return ""
        found = self._account_of(profile, region)
        return found if found != answers.text("from_account") else ""

    def _account_of(self, profile: str, region: str) -> str:
        try:
            return self.look.identity(Who(profile, region, chosen=True)).account_id
        except Problem:
            return ""

    def _whom(self) -> Question:
        return Question(
            "whom",
            "Who should have access?",
            widget="choose",
            help="Give access only to those who need it. To choose more than one option, repeat the --trust flag.",
            about=(
                "Only what you choose here can assume the role. For example, a permission set lets in all its users,"
                " and a role lets in one build server."
            ),
            choices=lambda answers, look: share_questions.WHOM,
            known=lambda answers, look: "given" if "trust" in look.given else None,
            default=questions.fixed("account"),
            parse=share_questions.whom,
            settle=share_questions.settle_whom,
            reads=share_questions.read_whom,
            unmatched=lambda text: Unmatched(share_questions.NOBODY),
            flag="-",
            title="Whom",
        )

    def _kms_key(self) -> Question:
        return Question(
            "kms_key",
            "KMS key ARN (optional)",
            help="Required only if the repository is encrypted with a customer managed key.",
            about=(
                "A KMS key encrypts the repository, and developers need permission to use it if it's your own. Its ARN"
                " looks like arn:aws:kms:us-east-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab."
            ),
            known=self._key_told,
            default=questions.fixed(""),
            parse=arrangement.kms_key,
            optional=True,
            title="KMS key",
        )

    def _key_told(self, answers: Answers, look: Look) -> str | None:
        """Look up the key if the profile is in the repository's account. Raises NoRepository if it doesn't exist."""
        profile, region = answers.text("profile"), answers.text("region")
        if not profile or self._account_of(profile, region) != answers.text("from_account"):
            return None
        try:
            with self.context.screen.busy("Looking up the KMS key of the repository"):
                who = Who(profile, region, chosen=True)
                keys = {self.context.iam.customer_key(who, name) for name in self._repositories(answers)} - {""}
        except (NoRepository, BadAnswer):
            raise
        except Problem as refused:
            self.context.screen.note(
                f"{refused.what} ccsetup couldn't check whether the repository uses a customer managed key."
            )
            return None
        if len(keys) > 1:
            raise BadAnswer(f"The repositories are encrypted with different keys: {' and '.join(sorted(keys))}. Share"
                            " those with the same key together, for example, with one command for each"
                            " key.")  # fmt: skip
        found = next(iter(keys), "")
        if found:
            self.context.screen.note(f"The repository is encrypted with {found}.")
        return found

    def _repositories(self, answers: Answers) -> tuple[str, ...]:
        """Return the names of the repositories. Patterns are looked up with the administrator's profile, and shown."""
        found: list[str] = []
        for word in share_questions.words_of(answers):
            found += self._matching(word, answers) if share_questions.is_pattern(word) else [word]
        return tuple(dict.fromkeys(found))

    def _matching(self, word: str, answers: Answers) -> list[str]:
        if word not in self._expanded:
            profile, region = answers.text("profile"), answers.text("region")
            if not profile or self._account_of(profile, region) != answers.text("from_account"):
                raise BadAnswer(
                    f"To find the repositories that match {word}, ccsetup needs a profile in account"
                    f" {answers.text('from_account')}. In the other account, pass the names, for example, team-web"
                    " team-api.",
                    next="Pass one with --profile NAME.",
                )
            there = self.look.repositories(Who(profile, region, chosen=True))
            names = sorted(name for name in there if fnmatchcase(name, word))
            if not names:
                raise BadAnswer(f"No repository in {region} matches {word}. Use a name or pattern like team-*.")
            self._expanded[word] = names
            self.context.screen.note(f"{word} matches {len(names)} repositories: {', '.join(names)}")
        return self._expanded[word]

    def _arranged(self, answers: Answers) -> Arrangement:
        """Return the arrangement of complete answers."""
        tags = tuple(
            (key, value) for key, _, value in (word.partition("=") for word in answers.text("principal_tag").split())
        )
        trusts = read_trusts(answers.text("trust"))
        repositories = self._repositories(answers)
        people, *more = answers.text("to_account").split() or [""]
        also_people = tuple(more)
        of_arn, slash, name = answers.text("role_name").rpartition("/")
        path = answers.text("role_path") or of_arn + slash or "/"
        return Arrangement(
            repository=repositories[0],
            others=repositories[1:],
            region=answers.text("region"),
            owner=answers.text("from_account"),
            role=name,
            path=path,
            trusts=trusts,
            people=people,
            also_people=also_people,
            org=answers.text("org"),
            session_name=answers.text("require_session_name"),
            boundary=answers.text("permissions_boundary"),
            session_s=int(answers.text("max_session_duration") or 0),
            external_id=answers.text("external_id"),
            also_external_ids=tuple(
                it for it in answers.text("also_external_id").split() if it != answers.text("external_id")
            ),
            mfa=answers.text("require_mfa") == "yes",
            read_only=answers.text("read_only") == "yes",
            kms_key=answers.text("kms_key"),
            subject=answers.text("subject"),
            audience=answers.text("audience") or arrangement.AUDIENCE,
            tags=tags,
            group=answers.text("group"),
            start_url=answers.text("sso_start_url"),
            sso_region=answers.text("sso_region"),
        )


def external_id(it: Arrangement, there: Mapping[str, object], create: bool = True) -> Arrangement:
    """Return the arrangement with its external ID. AUTO is decided once, and then found in a trust policy.

    `there` are the trust policies by where they are, e.g. "the folder share-Demo"; None for those that don't exist.
    Raises Problem if they have different IDs, or if there is none and none should be created here.
    """
    if it.external_id != share_questions.AUTO:
        return it
    found = {where: ids[0] for where, trust in there.items() if trust and (ids := trust_merge.external_ids(it, trust))}
    if len(set(found.values())) > 1:
        raise Problem(
            f"There are different external IDs: {', '.join(f'{id} in {where}' for where, id in found.items())}.",
            why=f"With --external-id {share_questions.AUTO}, ccsetup uses the one that exists. Nothing was changed.",
            next=f"Pass the one that developers use: --external-id {next(iter(found.values()))}",
            code="input.invalid",
        )
    if not found and not create:
        raise Problem(
            f"ccsetup couldn't find the external ID. There is none in {' or '.join(there)}.",
            why=f"The administrator of account {it.owner} has it: in the folder that ccsetup share wrote, and in the"
            f" trust policy of the role {it.role}.",
            next="Copy the folder here, or pass the external ID: --external-id ID",
            code="input.missing",
        )
    made = next(iter(found.values()), "") or f"{it.stem[:40]}-{secrets.token_hex(12)}"
    return consistent(it._replace(external_id=made))


def trust_in(context: Context, folder: Path) -> object:
    """Return the trust policy that an earlier run wrote to a folder; None if there is none."""
    try:
        found = json.loads(context.files.seen(folder / "account-a-trust.json") or "null")
        return found if found and statements(found) else None
    except (ValueError, RecursionError, Problem):
        return None


def _settled(question: Question) -> Question:
    """Return a question that uses its default without asking, except for the region and the repository's account."""
    known, default = question.known, question.default
    if not default or question.key in ("region", "from_account"):
        return question

    def told(answers: Answers, look: Look) -> str | None:
        found = known(answers, look) if known else None
        return default(answers, look) if found is None else found

    return question._replace(known=told)
