"""The files of a study: its words, blocks of runs and results, whole or not at all; models in and out."""
