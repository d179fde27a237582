"""The programs: `python -m reproduce.<program> --help`."""
