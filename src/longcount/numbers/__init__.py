"""The numbers that a cell's equations run on, and what each guarantees.

- `elementary`: exp, log, sigmoid, tanh of any kind of number, the project's own
- `monotone`: where they fail to be monotone
- `vector`: vectors of numbers of any kind
- `recorded`: numbers that record the operations on them, from which the backward pass is derived
- `intervals`: bounds on float32 results
"""
