"""Run the commands that README.md shows and put their outputs in.

python scripts/readme.py
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from symact.files import write_whole

README = Path(__file__).parent.parent / "README.md"


def output(command: str) -> str:
    """What the command prints on a terminal of 80 columns, errors included."""
    ran = subprocess.run(
        [sys.executable, "-m", *shlex.split(command)],
        env={**os.environ, "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=False,
    )
    if "Traceback" in ran.stderr:
        sys.exit(ran.stderr)
    return ran.stdout + ran.stderr


def main() -> None:
    """Rewrite every block that starts with a command after a dollar sign."""
    readme = README.read_text(encoding="utf-8")
    filled = re.sub(
        r"^```console\n\$ (symact .*)\n(?:.*\n)*?```$",
        lambda block: f"```console\n$ {block[1]}\n{output(block[1])}```",
        readme,
        flags=re.MULTILINE,
    )
    write_whole(README, filled)


if __name__ == "__main__":
    main()
