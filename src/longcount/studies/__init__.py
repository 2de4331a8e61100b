"""Many runs: blocks that are made one by one, on any executor, and their progress.

`blocks` says how a block of runs is made from its specification alone, `run` how the missing blocks of a study are
made, `executors` where.
"""
