"""The numbers that a cell's equations run on, and what each guarantees.

- `elementary`: exp, log, sigmoid, tanh of one number of any kind, the project's own; `monotone`: where they ever fall
- `vector`: several numbers side by side
- `recorded`: numbers that know where they came from, from which the backward pass is derived
- `intervals`: bounds on float32 results
"""
