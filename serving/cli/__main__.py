"""``python -m serving.cli`` is ``gongxu``."""

from serving.cli.app import main

main()
