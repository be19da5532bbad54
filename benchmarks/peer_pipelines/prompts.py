"""The prompts of the three stages, as templates that every peer's pipeline renders; nothing here imports regenesis."""

STAGES = {
    "adapt": "{{ question }}\n\nDo not solve this yet. Rewrite this guideline so that it fits: {{ guideline }}",
    "structure": (
        "{{ question }}\n\nGuideline: {{ guideline }}\nFor this problem: {{ adapt }}\n\n"
        "Turn that into a plan of 3 to 5 steps, without results."
    ),
    "solve": (
        "{{ question }}\n\nGuideline: {{ guideline }}\nPlan:\n{{ structure }}\n\n"
        "Now solve the problem in numbered steps. On the last line write \\boxed{answer}."
    ),
}
