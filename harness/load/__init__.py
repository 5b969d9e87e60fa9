"""From YAML text to validated definitions, or every error at once. Pure: takes text, not paths."""
