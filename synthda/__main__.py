"""`python -m synthda`, the same as `synthda`."""

from synthda.cli import main

if __name__ == "__main__":
    main()
