"""What is asked of trained models: selection, statistics, failures, traces."""
