"""What is shown of each report, as blocks: a module a report, decided once for every place that shows it."""
