"""Finds and repairs problems: facts, findings, repairs and the report. The checks are in `checks`.

Not here: how files are edited (`awsfiles`) and how AWS errors are worded (`aws`).
"""
