"""Throwaway stub."""


def command() -> None:
    """Throwaway stub."""
    raise NotImplementedError
