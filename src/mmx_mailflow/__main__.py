"""`python -m mmx_mailflow` and the installed command: the one place that ends the process."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType

from mmx_mailflow.cli.main import main


def say_bug(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Say in one line where a bug is; its words stay unsaid, since they may hold a mail's."""
    where = "nowhere"
    while trace is not None:
        code = trace.tb_frame.f_code
        if "mmx_mailflow" in code.co_filename:
            where = f"{Path(code.co_filename).name}:{trace.tb_lineno} in {code.co_name}"
        trace = trace.tb_next
    sys.stderr.write(f"internal error: {kind.__name__} at {where}; MMX_DEBUG=1 shows all\n")


def run() -> None:
    """Run the words of the command line and end the process with their result."""
    if not os.environ.get("MMX_DEBUG"):
        sys.excepthook = say_bug
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
