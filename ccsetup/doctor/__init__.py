"""Finds and repairs what is wrong: facts, findings, repairs and the report; the checks are in `checks`.

Not here: how a file is edited (`awsfiles`), and AWS's errors in words (`aws`).
"""
