"""What leaves a run: exported weights, model cards with their results, uploads to the hub."""
