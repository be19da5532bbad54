"""The synthesis stage: questions become graded reasoning paths, by the method of the config."""
