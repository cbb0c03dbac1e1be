"""`python -m aecourse`: check this installation."""

from aecourse.doctor import diagnose

raise SystemExit(0 if diagnose() else 1)
