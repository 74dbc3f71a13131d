"""`rollout` and `python -m rollout`."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from rollout.cli import app  # noqa: PLC0415 - nothing is imported by importing this module

    app(prog_name="rollout")


if __name__ == "__main__":
    main()
