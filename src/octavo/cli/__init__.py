"""The command line: one file per verb. The answer goes to standard output, everything else to standard error."""
