"""Supervised fine-tuning on the kept paths."""
