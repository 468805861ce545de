"""``python -m gridpact``: the same as the ``gridpact`` command."""

from gridpact.cli.app import main

if __name__ == "__main__":
    main()
