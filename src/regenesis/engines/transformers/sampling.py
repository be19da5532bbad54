"""Draws the next token of every row of a batch, each by its own temperature, nucleus and random number.

    draw(logits, [0.0, 0.8], [1.0, 0.95], [0.3, 0.7])    # [1534, 88]

Temperature comes before the nucleus. A row's token depends on its own logits and number alone, so a request with the
same seed draws the same tokens whoever shares its batch. Imports torch: import it inside a function.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

_LIKELIEST = 512
"""Tokens that are put in order first. They hold nearly every nucleus, and ordering a whole vocabulary of 150,000 for
16 rows takes a quarter of a second on two cores, more than a small model's step."""


def draw(
    logits: torch.Tensor, temperatures: Sequence[float], nuclei: Sequence[float], numbers: Sequence[float]
) -> list[int]:
    """Draws one token a row.

    Args:
        logits: `[rows, vocabulary]`, in any type.
        temperatures: One a row; 0 takes the likeliest token.
        nuclei: Mass of the nucleus (`top_p`), one a row.
        numbers: Uniform in [0, 1), one a row.

    Returns:
        A token a row; -1 where the logits hold no numbers to draw from (NaN or infinity).
    """
    # half precision has too few digits for cumulated probabilities
    logits = logits.float()
    peaks, tokens = logits.max(dim=-1)
    drawn = [row for row, temperature in enumerate(temperatures) if temperature > 0]
    if drawn:
        column = {"dtype": torch.float32, "device": logits.device}
        heat, nucleus, number = (
            torch.tensor([values[row] for row in drawn], **column).unsqueeze(1)
            for values in (temperatures, nuclei, numbers)
        )
        chosen = logits if len(drawn) == len(temperatures) else logits[drawn]
        # subtract the peak before dividing: a small temperature would overflow to infinity
        probabilities = torch.softmax((chosen - chosen.amax(dim=-1, keepdim=True)) / heat, dim=-1).nan_to_num()
        tokens[drawn] = _from_nucleus(probabilities, nucleus, number)
    # one transfer for both: on a GPU each waits for the device
    return torch.where(torch.isfinite(peaks), tokens, -1).tolist()  # type: ignore[no-any-return]


def _from_nucleus(probabilities: torch.Tensor, nucleus: torch.Tensor, number: torch.Tensor) -> torch.Tensor:
    """Inverts the cumulated probabilities, likeliest first, within the fewest tokens that reach the nucleus' mass."""
    vocabulary = probabilities.shape[1]
    # nearly always the nucleus ends within the likeliest few, and sorting the whole vocabulary is expensive
    for count in (min(_LIKELIEST, vocabulary), vocabulary):
        ordered, tokens = torch.topk(probabilities, count)
        reached = ordered.cumsum(dim=-1)
        # mass before the token: the one that crosses the threshold belongs to the nucleus
        inside = reached - ordered < nucleus
        mass = torch.where(nucleus < 1, (ordered * inside).sum(dim=-1, keepdim=True), 1.0)
        ends_here = torch.where(nucleus < 1, reached[:, -1:] >= nucleus, reached[:, -1:] > number)
        if count == vocabulary or bool(ends_here.all()):
            break
    place = (reached <= number * mass).sum(dim=-1, keepdim=True)
    # rounding may put the number beyond the last token
    return tokens.gather(1, torch.minimum(place, inside.sum(dim=-1, keepdim=True) - 1)).squeeze(1)
