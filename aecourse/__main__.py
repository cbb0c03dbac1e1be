"""`python -m aecourse` is the command `aecourse`."""

from aecourse.cli import main

raise SystemExit(main())
