"""A run's folder: its directory and frozen config, outcomes, tables and journal, and whether it is to be trusted."""
