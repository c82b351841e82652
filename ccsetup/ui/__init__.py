"""What a person sees and types: prompts, the list that narrows, and screen output.

Not here: which question comes next (`wizard`), and what an answer means (`access`).
"""
