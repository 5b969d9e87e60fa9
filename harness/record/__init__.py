"""What outlives a process: the event journal, run folders and the cache of loaded definitions."""
