"""Where AWS tools cache the sessions of assumed roles, below ~/.aws. Imports nothing, because git waits for it."""

from ccsetup.core import lean_hash

TYPE_CHECKING = False  # like typing.TYPE_CHECKING; importing typing would take longer than a call
if TYPE_CHECKING:
    from collections.abc import Mapping

OF_REMOTE = "boto/cache"  # AWS's git-remote-codecommit
OF_CLI = "cli/cache"  # the AWS CLI: assumed roles, also with a token, and roles of a sign-in
FOLDERS = (OF_REMOTE, OF_CLI)
OF_CONSOLE = "login/cache"  # sign-ins with console credentials


def console_folder(env: "Mapping[str, str]") -> str:
    """Return the folder of sign-ins with console credentials: below ~/.aws, or else an absolute path or one in ~."""
    return env.get("AWS_LOGIN_CACHE_DIRECTORY") or OF_CONSOLE


def console_file(session: str) -> str:
    """Return the name of the file that holds a sign-in. `session` is the profile's login_session."""
    return f"{lean_hash.sha256(session)}.json"
