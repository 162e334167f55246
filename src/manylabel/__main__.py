"""``python -m manylabel``."""

from manylabel.cli.main import main

main()
