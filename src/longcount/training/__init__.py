"""What a run is: its condition, its random streams, how it is trained and what is measured of it.

`protocol` says what a study asks for, `streams` where every run's randomness comes from, `engines` how runs are trained
on the fast engine or on PyTorch, `recipes` holds ways of training that reach exact counting.
"""
