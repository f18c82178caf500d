"""Chat sessions: kept, found again, searched, exported and removed."""
