"""What a person sees and presses: prompts, lists and screen output."""
