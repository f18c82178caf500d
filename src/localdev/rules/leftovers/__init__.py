"""What was put in while working and should not stay: prints, breakpoints, focused or skipped tests, bare TODOs."""
