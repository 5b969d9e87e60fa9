"""The release manager: runs declarative release checks and leaves evidence of the verdict."""

__version__ = "7.0.0rc1"
