"""The command line: parses, builds concrete objects, maps errors to exit codes. Sees everything."""
