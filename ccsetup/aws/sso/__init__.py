"""IAM Identity Center: sign-in, the browser, the device code, and the sign-in cache that all AWS tools share.

Not here: STS and other services (`aws`), and the questions about a sign-in (`access`).
"""
