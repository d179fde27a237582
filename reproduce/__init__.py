"""Programs: `python -m reproduce.<program> --help`."""
