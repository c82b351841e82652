"""AWS's hosts as the sandbox's proxy answers for them: the service and the region of each one that exists."""

from __future__ import annotations

from typing import NamedTuple

from ccsetup.core import regions

_SERVICES = ("sts", "codecommit", "kms", "git-codecommit", "oidc", "portal.sso", "device.sso", "signin")
_NOT_OVER_IPV6 = ("git-codecommit", "device.sso")
_PLAIN_IN_GOVCLOUD = ("sts", "oidc", "portal.sso")  # their ordinary hosts there are the FIPS hosts
_IAM = {
    "iam.amazonaws.com": "us-east-1",
    "iam-fips.amazonaws.com": "us-east-1",
    "iam.global.api.aws": "us-east-1",
    "iam.us-gov.amazonaws.com": "us-gov-west-1",
    "iam.us-gov.api.aws": "us-gov-west-1",
    "iam.cn-north-1.amazonaws.com.cn": "cn-north-1",
    "iam.global.api.amazonwebservices.com.cn": "cn-north-1",
    "iam.eusc-de-east-1.amazonaws.eu": "eusc-de-east-1",
}


class Place(NamedTuple):
    """A host of AWS: its name, its service ("portal": of a start URL), and its region ("" if it has none)."""

    host: str
    service: str
    region: str

    @property
    def sign_in_pages(self) -> str:
        """Return the address of the pages that approve a sign-in: the host's own, or those of the region."""
        host = self.host if self.service == "signin" else regions.service_host("device.sso", self.region)
        return f"https://{host}"


def of(host: str) -> Place | None:
    """Return what a host is, None if AWS has no such host."""
    if host in _IAM:
        return Place(host, "iam", _IAM[host])
    for name, row in regions.PARTITIONS.items():
        region = host.removesuffix(f".{row['signin']}")
        if f"{region}.{row['signin']}" == host and _exists(name, "signin", region, False):
            return Place(host, "signin", region)
        for suffix in (row["dns"], row["dual"]):
            service, _, region = host.removesuffix(f".{suffix}").rpartition(".")
            if service == "signin" and suffix == row["dns"]:
                continue  # it has a domain of its own
            if f"{service}.{region}.{suffix}" == host and _exists(name, service, region, suffix == row["dual"]):
                return Place(host, service.replace("-fips", ""), region)
    return Place(host, "portal", "") if regions.locate(host, "portal") else None


def _exists(partition: str, service: str, region: str, dual: bool) -> bool:
    """Return whether a service has such a host in a region: FIPS hosts are only in North America."""
    plain = service.replace("-fips", "")
    if plain not in _SERVICES or not regions.is_region(region) or regions.partition_of(region) != partition:
        return False
    if dual and plain in _NOT_OVER_IPV6:
        return False
    if plain == service:
        return True
    if partition == "aws-us-gov" and plain in _PLAIN_IN_GOVCLOUD and not dual:
        return False
    if plain in ("git-codecommit", "codecommit"):
        return region in regions.FIPS
    return region.startswith("us-") if plain == "sts" else region.startswith(("us-", "ca-"))
