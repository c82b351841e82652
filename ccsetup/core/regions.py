"""AWS's regions, partitions and hosts: defines what a region is, and which hosts belong to AWS and for what use.

git waits while its helpers import this module, so it imports nothing: not `re`, not `typing`, not `__future__`.
"""

TYPE_CHECKING = False  # like typing.TYPE_CHECKING, but importing typing takes longer than git's helpers
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Literal

    Use = Literal["git", "portal", "sign-in", "console"]

# Every region with CodeCommit, and the city (or area) in its long name. A test compares it with botocore's list.
REGIONS: dict[str, str] = {
    "us-east-1": "N. Virginia",
    "us-east-2": "Ohio",
    "us-west-1": "N. California",
    "us-west-2": "Oregon",
    "ca-central-1": "Central",
    "sa-east-1": "Sao Paulo",
    "eu-central-1": "Frankfurt",
    "eu-north-1": "Stockholm",
    "eu-south-1": "Milan",
    "eu-west-1": "Ireland",
    "eu-west-2": "London",
    "eu-west-3": "Paris",
    "af-south-1": "Cape Town",
    "il-central-1": "Tel Aviv",
    "me-central-1": "UAE",
    "me-south-1": "Bahrain",
    "ap-east-1": "Hong Kong",
    "ap-northeast-1": "Tokyo",
    "ap-northeast-2": "Seoul",
    "ap-northeast-3": "Osaka",
    "ap-south-1": "Mumbai",
    "ap-south-2": "Hyderabad",
    "ap-southeast-1": "Singapore",
    "ap-southeast-2": "Sydney",
    "ap-southeast-3": "Jakarta",
    "cn-north-1": "Beijing",
    "cn-northwest-1": "Ningxia",
    "us-gov-east-1": "US-East",
    "us-gov-west-1": "US-West",
}

# The regions above that also have a FIPS host for git (CodeCommit user guide, "Git connection endpoints").
FIPS = frozenset({"us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "us-gov-east-1", "us-gov-west-1"})

# The regions with a FIPS host for STS. In AWS GovCloud (US) it is the ordinary host.
FIPS_STS = frozenset({"us-east-1", "us-east-2", "us-west-1", "us-west-2", "us-gov-east-1", "us-gov-west-1"})

# The parts of all region names so far: two letters (or a partition's mark), a compass direction, a number.
_MARKS = ("us-gov", "us-iso", "us-isob", "us-isof", "eu-isoe")  # and eusc-, with two letters more
_COMPASS = ("north", "south", "east", "west", "central", "northeast", "northwest", "southeast", "southwest")
_NUMBERS = frozenset(map(str, range(1, 100)))

REGION = rf"(?:(?:eusc-)?[a-z][a-z]|{'|'.join(_MARKS)})-(?:{'|'.join(_COMPASS)})-[1-9][0-9]?"
"""A regular expression for what is_region accepts, for use in longer ones."""

# AWS's partitions: the prefix of their regions, the domains of their services, of their dual-stack services, of their
# sign-in pages and of their consoles, and a region with STS and IAM. All domains are AWS's own. What customers can name
# (buckets, functions, instances, load balancers) has host names that don't match the table of hosts.
_FIELDS = ("begins", "dns", "dual", "signin", "console", "home")
PARTITIONS = {
    name: dict(zip(_FIELDS, row, strict=True), signin_fips=row[3].replace("signin.", "signin-fips.", 1))
    for name, row in {
        "aws": ("", "amazonaws.com", "api.aws", "signin.aws.amazon.com", "console.aws.amazon.com", "us-east-1"),
        "aws-cn": ("cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn",
                   "signin.amazonaws.cn", "console.amazonaws.cn", "cn-north-1"),
        "aws-us-gov": ("us-gov-", "amazonaws.com", "api.aws",
                       "signin.amazonaws-us-gov.com", "console.amazonaws-us-gov.com", "us-gov-west-1"),
        "aws-eusc": ("eusc-", "amazonaws.eu", "api.amazonwebservices.eu",
                     "signin.amazonaws-eusc.eu", "console.amazonaws-eusc.eu", "eusc-de-east-1"),
        "aws-iso": ("us-iso-", "c2s.ic.gov", "api.aws.ic.gov", "signin.c2shome.ic.gov", "", "us-iso-east-1"),
        "aws-iso-b": ("us-isob-", "sc2s.sgov.gov", "api.aws.scloud", "signin.sc2shome.sgov.gov", "", "us-isob-east-1"),
        "aws-iso-e": ("eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk",
                      "signin.csphome.adc-e.uk", "", "eu-isoe-west-1"),
        "aws-iso-f": ("us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov",
                      "signin.csphome.hci.ic.gov", "", "us-isof-south-1"),
    }.items()
}  # fmt: skip
_BEGINNINGS = tuple((row["begins"], name) for name, row in PARTITIONS.items() if row["begins"])

GLOBAL = frozenset(f"{name}-global" for name in PARTITIONS)  # the SDKs' region for services that have no region

# The hosts by use. {first} is the first label, {endpoint} the part of it after vpce-, {region} a label that is_region
# accepts. Everything else is literal.
_HOSTS: dict[str, tuple[str, ...]] = {
    "git": (
        "git-codecommit.{region}.{dns}",
        "git-codecommit-fips.{region}.{dns}",
        "vpce-{endpoint}.git-codecommit.{region}.vpce.{dns}",
        "vpce-{endpoint}.git-codecommit-fips.{region}.vpce.{dns}",
    ),
    "sign-in": (
        "oidc.{region}.{dns}", "oidc-fips.{region}.{dns}", "oidc.{region}.{dual}", "oidc-fips.{region}.{dual}",
        "portal.sso.{region}.{dns}", "portal.sso-fips.{region}.{dns}",
        "portal.sso.{region}.{dual}", "portal.sso-fips.{region}.{dual}", "device.sso.{region}.{dns}",
        "{region}.{signin}", "{signin}", "{first}.{signin}",
        "{region}.{signin_fips}", "{signin_fips}", "signin-fips.{region}.{dns}",
        "signin.{region}.{dual}", "signin-fips.{region}.{dual}",
        "signin.aws", "{region}.signin.aws", "{region}.oauth.signin.aws",
    ),
    "console": ("{first}.{region}.{console}", "{region}.{console}", "{first}.{console}", "{console}"),
}  # fmt: skip
# The hosts of start URLs by partition (as in the resolver of AWS CLI 2).
_PORTALS = {
    "aws": ("{first}.awsapps.com", "{first}.portal.{region}.app.aws", "{first}.{region}.portal.amazonaws.com",
            "identitycenter.amazonaws.com"),
    "aws-cn": ("start.home.awsapps.cn", "start.{region}.home.awsapps.cn", "{first}.awsapps.cn",
               "{first}.portal.{region}.app.amazonwebservices.com.cn", "{first}.{region}.portal.amazonaws.com.cn",
               "identitycenter.amazonaws.com.cn"),
    "aws-us-gov": ("start.us-gov-home.awsapps.com", "start.{region}.us-gov-home.awsapps.com",
                   "{first}.portal.{region}.app.aws", "{first}.{region}.portal.amazonaws.com",
                   "identitycenter.us-gov.amazonaws.com"),
    "aws-eusc": ("{first}.{region}.portal.amazonaws.eu", "{first}.portal.{region}.api.amazonwebservices.eu",
                 "identitycenter.amazonaws.eu"),
}  # fmt: skip
# What a text has that names another partition than aws: a region, an ARN, or a host without a region.
_OTHERS = frozenset(
    mark
    for name, row in PARTITIONS.items()
    if row["begins"]
    for mark in (
        name,
        row["begins"],
        *(it.replace("{first}.", "") for it in _PORTALS.get(name, ()) if "{reg" not in it),
    )
)
_TELLING = {"start.us-gov-home.awsapps.com": "us-gov-west-1"}  # hosts of a single region that don't contain its name

LOOPBACK = ("127.0.0.1", "::1", "localhost")  # hosts of this computer, used by fakes of AWS


def is_region(label: str) -> bool:
    """Return whether AWS may have a region with this name: a known one, or one that looks like eu-south-9."""
    if label in REGIONS:
        return True
    words = label.rsplit("-", 2)
    if len(words) < 3 or words[1] not in _COMPASS or words[2] not in _NUMBERS:
        return False
    letters = words[0].removeprefix("eusc-")
    return words[0] in _MARKS or (len(letters) == 2 and letters.isalpha() and letters.isascii() and letters.islower())


def likeliest(candidates: "Iterable[str | None]") -> str:
    """Return the first known region, else the first one that AWS may have, else ""."""
    named = [region for region in candidates if region and is_region(region)]
    return next((region for region in named if region in REGIONS), named[0] if named else "")


def like(text: str) -> list[str]:
    """Return the known regions that are similar to a text, the most similar first; at most three.

    Ones with the same letters in another order come first, for example us-east-1 for us-esat-1.
    """
    from ccsetup.core.text import nearest

    return sorted(nearest(text, REGIONS), key=lambda it: sorted(it) != sorted(text.lower()))


def partition_of(region: str) -> str:
    """Return the partition of a region, for example aws-cn. Also works for unknown regions."""
    for beginning, name in _BEGINNINGS:
        if region.startswith(beginning):
            return name
    return "aws"


def may_name_another_partition(text: str) -> bool:
    """Return whether a text may name a partition other than aws. This is much faster than a look at each value."""
    low = text.lower()
    return not text.isascii() or any(mark in low for mark in _OTHERS)


def home_region(partition: str) -> str:
    """Return a region of a partition in which to call STS and IAM."""
    return PARTITIONS.get(partition, PARTITIONS["aws"])["home"]


def sign_in_host(partition: str) -> str:
    """Return the host that SAML assertions for AWS are addressed to, for example signin.aws.amazon.com."""
    return PARTITIONS.get(partition, PARTITIONS["aws"])["signin"]


def beside(region: str) -> list[str]:
    """Return the other known regions of a region's partition."""
    return [other for other in REGIONS if other != region and partition_of(other) == partition_of(region)]


def arn(service: str, region: str, account_id: str, resource: str) -> str:
    """Return the ARN of a resource in a region."""
    return f"arn:{partition_of(region)}:{service}:{region}:{account_id}:{resource}"


def dns_suffix(region: str) -> str:
    """Return the domain of AWS's services in a region, for example amazonaws.com."""
    return PARTITIONS[partition_of(region)]["dns"]


def service_host(service: str, region: str) -> str:
    """Return the host of a service in a region, for example codecommit.us-east-2.amazonaws.com."""
    return f"{service}.{region}.{dns_suffix(region)}"


def git_host(region: str, *, fips: bool = False) -> str:
    """Return the host for git in a region: the FIPS host if it is wanted and AWS has one there."""
    return service_host("git-codecommit-fips" if fips and region in FIPS else "git-codecommit", region)


def wants_fips(env: "Mapping[str, str]", settings: "Mapping[str, object]") -> bool:
    """Return whether the environment, or else a profile's settings, tell the SDKs to use FIPS endpoints."""
    return str(env.get("AWS_USE_FIPS_ENDPOINT", settings.get("use_fips_endpoint", ""))).lower() == "true"


def wants_dualstack(env: "Mapping[str, str]", settings: "Mapping[str, object]") -> bool:
    """Return whether the environment, or else a profile's settings, tell the SDKs to use dual-stack endpoints."""
    return str(env.get("AWS_USE_DUALSTACK_ENDPOINT", settings.get("use_dualstack_endpoint", ""))).lower() == "true"


def git_lacks(region: str, *, fips: bool, dualstack: bool, ssh: bool = False) -> str:
    """Return which wanted kinds of host git doesn't have in a region, as a sentence; "" if it has what is wanted.

    Nothing is said about regions that ccsetup doesn't know.
    """
    lacking = "FIPS" if fips and region in REGIONS and (ssh or region not in FIPS) else ""
    lacking = " or ".join(filter(None, [lacking, "dual-stack" if dualstack else ""]))
    host, what = git_host(region, fips=fips and not ssh), "git over SSH" if ssh else "git"
    return f"AWS has no {lacking} host for {what} in {region}, so git uses {host}." if lacking else ""


def oidc_url(url: str, region: str) -> str:
    """Return a region's sso-oidc address, corrected from botocore's, which has a missing FIPS host in GovCloud.

    In GovCloud the ordinary host is also the FIPS host; only the dual-stack one has a name of its own.
    """
    if partition_of(region) != "aws-us-gov":
        return url
    return url.replace(service_host("oidc-fips", region), service_host("oidc", region))


def console_host(region: str) -> str:
    """Return the host of the AWS console in a region."""
    return f"{region}.{PARTITIONS[partition_of(region)]['console']}"


def git_region(address: str) -> str:
    """Return the region of a CodeCommit host for git (with or without a port), "" if it isn't a CodeCommit host."""
    host, colon, port = address.partition(":")
    found = locate(host, "git") if not colon or _is_port(port) else None
    return found[1] if found else ""


def locate(host: str, *uses: "Use") -> tuple[str, str] | None:
    """Return the partition and the region of an AWS host, None if it isn't an AWS host for any of these uses.

    The region is "" if the host doesn't contain it. Without `uses`, every use counts. Case is ignored, as in DNS.
    A port, a trailing dot or any character other than letters, digits and hyphens in a label is refused.
    """
    host = host.lower() if host.isascii() else ""
    labels = host.split(".")
    if len(host) > 253 or not all(map(_is_label, labels)):
        return None
    told = {"first": labels[0], "endpoint": labels[0].removeprefix("vpce-")}
    for region in (*filter(is_region, labels), ""):
        for name in [partition_of(region)] if region else PARTITIONS:
            for shape in _shapes(name, uses):
                if shape.format(region=region, **told, **PARTITIONS[name]) == host and _has(shape, region):
                    return name, region if "{region}" in shape else _TELLING.get(host, "")
    return None


def _shapes(partition: str, uses: tuple[str, ...]) -> list[str]:
    wanted = uses or (*_HOSTS, "portal")
    own = _PORTALS.get(partition, ()) if "portal" in wanted else ()
    return [*own, *(shape for use in wanted for shape in _HOSTS.get(use, ()))]


def _has(shape: str, region: str) -> bool:
    """Return whether AWS has such a host in a region, since not all have a FIPS host for git. Unknown regions pass."""
    return "-codecommit-fips." not in shape or region in FIPS or region not in REGIONS


def _is_label(label: str) -> bool:
    return len(label) < 64 and label.replace("-", "").isalnum() and label == label.strip("-")


def _is_port(text: str) -> bool:
    return len(text) < 6 and text.isascii() and text.isdecimal() and 0 < int(text) < 65536


def start_path(host: str) -> str:
    """Return the path of start URLs on a host if they all have the same: /start on ….awsapps.com, "" elsewhere."""
    return "/start" if host.count(".") == 2 and host.endswith(".awsapps.com") else ""


def portal_domains() -> list[str]:
    """Return the parent domains of start URLs, for finding them in a text. Check the results with locate."""
    return sorted({shape.rpartition("}.")[2] for shapes in _PORTALS.values() for shape in shapes})


PLACELESS = GLOBAL | {"auto", "local", "localhost", "none", "minio", "garage"}  # placeholders for a region
