"""The release manager: runs declarative release checks and leaves evidence of the verdict."""
