"""User interface: prompts, the filtered list, and screen output.

The order of the questions is in `wizard`, the meaning of the answers in `access`.
"""
