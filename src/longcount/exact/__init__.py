"""Exact counters: built by hand, made from trained ones, and proved.

- `construct`: weights that count exactly, one set per cell
- `certify`: a proof that a model is right on every word up to a depth, or bounds on where it first fails
- `extract`: the program that a model has become, and a proof that it is the model
- `repair`: the smallest change of a trained model that can be proved exact
"""
