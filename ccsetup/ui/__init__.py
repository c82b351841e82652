"""Prompts, lists and screen output."""
