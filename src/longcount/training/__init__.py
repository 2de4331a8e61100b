"""A run: its condition, its random streams, its training and its metrics.

`protocol` defines a study, `streams` where every run's randomness comes from, `engines` how runs are trained
on the fast engine or on PyTorch, `recipes` holds ways of training that reach exact counting.
"""
