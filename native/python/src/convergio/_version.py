"""The version this binding declares; the library's own is observed by `library_version()`."""

__version__ = "7.0.0rc1"
