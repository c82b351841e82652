"""Finds out what an administrator wants to share, as the wizard does: from flags, from this computer, or by asking."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from ccsetup.access import questions
from ccsetup.core import validate
from ccsetup.core.context import Context
from ccsetup.core.errors import BadAnswer, NoRepository, Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import Answers, Choice, Who
from ccsetup.core.question import Question
from ccsetup.share import arrangement
from ccsetup.share import questions as share_questions
from ccsetup.share.arrangement import Arrangement, read_trusts
from ccsetup.share.policies import consistent
from ccsetup.wizard.engine import Trail, Walk, sentence
from ccsetup.wizard.options import Options, looking

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

    def flow(self, answers: Answers) -> Sequence[Question]:
        """Return the questions for the answers so far. --check and --remove ask fewer."""
        asked = self._questions(answers)
        return [_settled(it) for it in asked] if self.looks else asked

    def _questions(self, answers: Answers) -> Sequence[Question]:
        return (
            self._profile(),
            self._repository(),
            questions.asked_region()._replace(known=share_questions.region_told, settle=share_questions.same_region),
            self._from_account(),
            self._kms_key(),  # early: if the repository doesn't exist, nothing else needs to be asked
            self._whom(),
            share_questions.trust(answers.text("whom")),
            share_questions.to_account(),
            share_questions.SUBJECT,
            share_questions.AUDIENCE,
            share_questions.READ_ONLY,
            share_questions.ROLE_NAME,
            share_questions.EXTERNAL_ID,
            share_questions.REQUIRE_MFA,
            share_questions.TAGS,
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
            "Which repository do you want to share?",
            widget="choose",
            help="The repository name (for example, MySharedDemoRepo), or its ARN with region and account.",
            about=(
                "A repository belongs to one account and one region. Enter its name or ARN, for example,"
                " arn:aws:codecommit:us-east-2:111122223333:MySharedDemoRepo."
            ),
            choices=listed,
            parse=share_questions.repository,
            free=True,
            flag="REPO",
            title="Repository",
            unasked="Pass a repository: ccsetup share MySharedDemoRepo --from-account 111122223333 --to-account"
            " 888888888888"
            " --region us-east-2",
        )

    def _from_account(self) -> Question:
        def default(answers: Answers, look: Look) -> str | None:
            profile, other = answers.text("profile"), str(look.given.get("to_account", ""))
            found = self._account_of(profile, answers.text("region")) if profile else ""
            return found if found and found != other else None

        return Question(
            "from_account",
            "Repository account ID",
            help="The 12-digit ID of the account that owns the repository, for example, 111122223333.",
            about=(
                "An account ID is the 12-digit number of an AWS account. Enter the account that the repository is in,"
                " for example, 111122223333."
            ),
            known=lambda answers, look: share_questions.address_of(answers).account_id or None,
            default=default,
            parse=validate.account_id,
            settle=share_questions.same_account,
            title="From account",
        )

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
                "The role trusts those whom you choose here, and only they can assume it. For example, a permission"
                " set lets in all its users, and a role lets in one build server."
            ),
            choices=lambda answers, look: share_questions.WHOM,
            known=lambda answers, look: "given" if "trust" in look.given else None,
            default=questions.fixed("account"),
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
                found = self.context.iam.customer_key(who, share_questions.address_of(answers).repository)
        except NoRepository:
            raise
        except Problem as refused:
            self.context.screen.note(
                f"{refused.what} ccsetup couldn't check whether the repository uses a customer managed key."
            )
            return None
        if found:
            self.context.screen.note(f"The repository is encrypted with {found}.")
        return found

    def _arranged(self, answers: Answers) -> Arrangement:
        """Return the arrangement of complete answers."""
        tags = tuple(
            (key, value) for key, _, value in (word.partition("=") for word in answers.text("principal_tag").split())
        )
        trusts = read_trusts(answers.text("trust"))
        return Arrangement(
            repository=share_questions.address_of(answers).repository,
            region=answers.text("region"),
            owner=answers.text("from_account"),
            role=answers.text("role_name"),
            trusts=trusts,
            people=answers.text("to_account"),
            external_id=answers.text("external_id"),
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


def external_id(it: Arrangement, *documents: object) -> Arrangement:
    """Return the arrangement with its external ID. For AUTO, use the one in these trust policies, or create one."""
    if it.external_id != share_questions.AUTO:
        return it
    told = (found for document in documents for found in _ids_in(document))
    made = next(told, "") or f"{it.repository[:40]}-{secrets.token_hex(12)}"
    return consistent(it._replace(external_id=made))


def trust_in(context: Context, folder: Path) -> object:
    """Return the trust policy that an earlier run wrote to a folder; None if there is none."""
    try:
        return json.loads(context.files.seen(folder / "account-a-trust.json") or "null")
    except (ValueError, RecursionError, Problem):
        return None


def _ids_in(document: object) -> list[str]:
    if isinstance(document, dict):
        own = document.get("sts:ExternalId")
        return [own] if isinstance(own, str) else [it for inner in document.values() for it in _ids_in(inner)]
    return [it for inner in document for it in _ids_in(inner)] if isinstance(document, list) else []


def _settled(question: Question) -> Question:
    """Return a question that uses its default without asking, except for the region and the repository's account."""
    known, default = question.known, question.default
    if not default or question.key in ("region", "from_account"):
        return question

    def told(answers: Answers, look: Look) -> str | None:
        found = known(answers, look) if known else None
        return default(answers, look) if found is None else found

    return question._replace(known=told)
