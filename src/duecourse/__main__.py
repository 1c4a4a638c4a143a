"""The entrance: reads the environment, hands the upper floor to the doors, and runs one command."""

from __future__ import annotations

import os
import sys

from duecourse.doors import commands


def main() -> None:
    """Run the `duecourse` command of this process's arguments and exit with its code."""
    commands.make_ready(_ready)
    commands.register(
        "db", commands.Command("duecourse.config.commands", "The database: start, stop, back up, restore.", needs_models=False)
    )
    sys.exit(commands.run(sys.argv[1:], lang=os.environ.get("DUECOURSE_LANG", "en")))


def _ready() -> None:
    from duecourse.config import boot

    boot.ready()


if __name__ == "__main__":
    main()
