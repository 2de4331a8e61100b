"""What is asked of the models of a store: selection, statistics, failures, traces, verdicts."""
