"""Values and rules that know nothing of AWS files, git or screens."""
