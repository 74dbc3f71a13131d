"""`rollout` and `python -m rollout`."""

from __future__ import annotations

import atexit
import gc
import os

_INTERRUPTED = 130


def main() -> None:
    """Run the command line."""
    gc.set_threshold(200_000)  # imports leave objects that stay: each look among them takes a thirtieth of a start
    atexit.register(gc.freeze)  # and what is left at the end needs no look, either
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # it would read the metadata of all that is installed

    from rollout.cli import app  # noqa: PLC0415 - nothing is imported by importing this module
    from rollout.cli.output import open_standard_streams  # noqa: PLC0415 - as above

    open_standard_streams()

    try:
        app(prog_name="rollout")
    except KeyboardInterrupt:
        raise SystemExit(_INTERRUPTED) from None
    except Exception as error:  # noqa: BLE001 - the last one to catch it
        from rollout.cli.crash import report_anything  # noqa: PLC0415 - as above

        raise SystemExit(report_anything(error)) from None


if __name__ == "__main__":
    main()
