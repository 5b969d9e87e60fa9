"""The check kinds, one file each: options, the command to run, and what its results mean."""
