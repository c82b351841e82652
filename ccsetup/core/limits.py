"""How long ccsetup waits for AWS and for the programs it asks, how often it tries again, and how much it does at once.

This is the place to raise a limit. Names that end in _S are seconds. A number of tries includes the first one.
"""

from __future__ import annotations

TYPE_CHECKING = False  # like typing.TYPE_CHECKING, because git's helpers import this
if TYPE_CHECKING:
    from typing import Literal

# One call to STS, IAM or CodeCommit
CONNECT_S = 4.0  # a network that needs longer blocks AWS
READ_S = 12.0  # for the answer; with CONNECT_S and the pauses, TRIES of them fit into CALL_S
TRIES = 3  # when a service throttles, fails or drops the connection
RETRY_MODE: Literal["standard"] = "standard"  # botocore pauses between tries: up to 1 s, then 2 s, then 4 s
CALL_S = 55.0  # the call with all its tries; the work before and after it has the rest of the minute

# Many profiles or regions at once
AT_ONCE = 16  # connections and threads; with more, AWS starts to throttle
SEARCH_TRIES = 2  # in a search for a repository: ask a busy service once more
SEARCH_RUN = 10  # requests to one region that one thread makes in a row, over one connection
OTHER_REGIONS_S = 12.0  # to ask the other regions for a repository; what hasn't answered by then counts as no
IDENTITIES_S = 15, 45  # to check all profiles: the least, and the most for many of them
IDENTITIES_A_SECOND = 20  # how many more profiles add a second to that
LISTED = 32  # places whose repositories are listed if a name isn't found
LIST_S = 20.0  # for all those lists; they only serve to suggest a similar name

# IAM, which throttles early and takes a while to apply a change
IAM_PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0, 8.0)  # between tries; together with the calls they stay within CALL_S
IAM_APPLIED_S = 30.0  # until a change has reached all of IAM
IAM_LOOK_S = 1.0  # between two looks whether it has

# IAM Identity Center
SSO_CONNECT_S = 8  # longer than for other calls: without a sign-in nothing else works
SSO_READ_S = 15
SSO_TRIES = 3
SSO_CALL_S = 60.0  # the call with all its tries
SSO_SEARCH_S = 10.0  # asking all regions for a start URL
SSO_PAGE_SIZE = 100  # accounts or permission sets in one answer; AWS allows no more
REDIRECT_S = 5  # to see where a custom start URL leads
START_PAGE_S = 5  # to read which region a start URL's page names
SIGN_IN_S = 600.0  # for the user to finish signing in; device codes last as long
POLL_S = 5  # between two questions whether the user has confirmed the code, if AWS names no time (RFC 8628)
POLL_SLOWER_S = 5  # added to that if AWS asks for it (RFC 8628)
POLL_OFFLINE_S = 60.0  # how long the network may be away meanwhile
LOOPBACK_S = 10  # for the browser on this computer to send its request

# This computer
METADATA_S = 1.0  # outside AWS nothing answers at the metadata address, so don't wait long
PROGRAM_S = 15.0  # for a credential_process; one that takes longer probably waits for input
PROGRAM_END_S = 5.0  # for its result to arrive after it was stopped
AWS_CLI_S = 20.0  # for `aws --version`, which starts slowly the first time
AWS_CLI_KEYS_S = 45.0  # for its credentials, which it may have to renew; less than CALL_S

# The helpers that git runs: git itself waits as long as they do
GIT_CONNECT_S = 10
GIT_READ_S = 15
GIT_TRIES = 2  # in botocore's own mode; git shows nothing meanwhile
GIT_CLI_S = 60  # for credentials from the AWS CLI, which may have to wait for the network
