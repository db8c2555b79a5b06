"""Gives a gateway a seeded fault: one of `tests/queue_mutants.py` replaces a script's text."""

import os

from hookline.queue import scripts
from queue_mutants import MUTANTS

scripts.source_of = MUTANTS[int(os.environ["CHAOS_MUTANT"])].source_of
