"""What is run: a study's description, its random streams, blocks of runs, the store on disk, executors.

`protocol` says what a study is, `streams` where every run's randomness comes from, `blocks` how a block of runs is
made from its specification alone, `store` how it lies on disk, `run` how the missing blocks of a study are made.
"""
