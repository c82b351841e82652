"""`ccsetup doctor`: its flags, and how it ends: a report, a JSON document and an exit code."""

from __future__ import annotations

import gc
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from pathlib import Path

from ccsetup.core.context import Context
from ccsetup.core.errors import Cancelled, Problem
from ccsetup.core.result import LaterDocument, Report, told
from ccsetup.doctor import report
from ccsetup.doctor.diagnose import Diagnosis
from ccsetup.doctor.fix import Case, RepairOptions, visit

ABOUT = "Find problems with profiles, AWS files, the environment, git, and this clone. --fix repairs them."
USAGE = "[PROFILE …] [--fix] [--offline] [--team [FILE|URL]]"
EXAMPLE = "ccsetup doctor --fix"

STOPPED = 3
NOTHING: Mapping[str, object] = {"findings": [], "profiles": []}  # the JSON document if nothing was checked


def flags(parser: ArgumentParser) -> None:
    """Add doctor's flags."""
    parser.add_argument("profiles", nargs="*", metavar="PROFILE", help="check only these profiles (default: all)")
    parser.add_argument("--fix", action="store_true", help="repair what can be repaired, after one review")
    parser.add_argument(
        "--offline", action="store_true", help="don't contact AWS; check only the files, the environment, and git"
    )
    parser.add_argument(
        "--modernize", action="store_true", help="with --fix: also move legacy sign-in settings to an sso-session"
    )
    parser.add_argument(
        "--team",
        nargs="?",
        const="",
        metavar="FILE|URL",
        help="compare this computer with a team file (default: the one that was set up here); --fix applies the"
        " differences",
    )
    parser.add_argument("--report", metavar="FILE", help="also write a report to a file, without secrets")
    parser.add_argument(
        "--short-ids", action="store_true", help="with --report: show only the last four digits of account IDs"
    )


def main(options: Namespace, context_of: Callable[[], Context]) -> Report:
    """Check, report, and repair what the user agrees to. Return one JSON document, even after an error."""
    context, case = context_of(), Case()
    wanted = RepairOptions(
        options.profiles, options.fix, options.offline, options.modernize, options.yes, options.dry_run
    )
    if options.team is not None:
        from ccsetup.wizard import team_doctor

        return team_doctor.run(context, options.team, wanted)
    try:
        visit(context, wanted, case)
        if options.report:
            report.write(context, Path(options.report), case.seen, case.gone, options.short_ids)
    except (Problem, KeyboardInterrupt) as ended:
        problem = ended if isinstance(ended, Problem) else Cancelled()
        context.screen.problem(problem)
        return Report({**case.document(), "ok": False, "problems": [told(problem)]}, problem.exit_code)
    finally:
        gc.enable()
    return Report(LaterDocument(case.document), exit_code(case.seen) if case.seen else 0)


def exit_code(seen: Diagnosis) -> int:
    """Return the exit code of a diagnosis. If AWS didn't answer, that isn't a success."""
    return STOPPED if seen.is_stopped else int(seen.is_unanswered)
