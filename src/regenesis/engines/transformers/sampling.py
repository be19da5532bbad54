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
    peaks, likeliest = logits.max(dim=-1)
    numbered = torch.isfinite(peaks)
    if not any(temperature > 0 for temperature in temperatures):
        return torch.where(numbered, likeliest, -1).tolist()  # type: ignore[no-any-return]
    heat, nucleus, number = moved(torch.tensor([temperatures, nuclei, numbers]), logits.device).unsqueeze(2)
    greedy = heat <= 0
    # subtract the peak before dividing: a small temperature would overflow to infinity
    probabilities = torch.softmax((logits - peaks.unsqueeze(1)) / heat.masked_fill(greedy, 1.0), dim=-1).nan_to_num()
    ordered, ids = torch.topk(probabilities, min(_LIKELIEST, logits.shape[1]))
    drawn, found = _from_nucleus(ordered, ids, nucleus, number)
    drawn = torch.where(greedy.squeeze(1), likeliest, drawn)
    certain = found | greedy.squeeze(1) | ~numbered
    # one transfer for all of it: on a GPU each waits for the device
    chosen, settled = torch.stack([torch.where(numbered, drawn, -1), certain.long()]).tolist()
    if rest := [row for row, is_settled in enumerate(settled) if not is_settled]:
        # behind those in order already, so that equally likely tokens keep their places
        others = probabilities[rest].scatter(1, ids[rest], -1.0)
        less, their_ids = torch.topk(others, others.shape[1] - ids.shape[1])
        ordered, ids = torch.cat([ordered[rest], less], dim=1), torch.cat([ids[rest], their_ids], dim=1)
        drawn, _ = _from_nucleus(ordered, ids, nucleus[rest], number[rest])
        for row, token in zip(rest, drawn.tolist(), strict=True):
            chosen[row] = token
    return chosen  # type: ignore[no-any-return]


def moved(values: torch.Tensor, device: torch.device) -> torch.Tensor:
    """A tensor of this machine's memory on a device; waits for nothing that the device is at."""
    if device.type != "cuda":
        return values.to(device)
    return values.pin_memory().to(device, non_blocking=True)


def _from_nucleus(
    ordered: torch.Tensor, ids: torch.Tensor, nucleus: torch.Tensor, number: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Inverts the cumulated probabilities, likeliest first, within the fewest tokens that reach the nucleus' mass.

    Args:
        ordered: Probabilities of the likeliest tokens, in order, `[rows, tokens]`.
        ids: Which tokens those are.
        nucleus: Its mass, `[rows, 1]`.
        number: Uniform in [0, 1), `[rows, 1]`.

    Returns:
        A token a row, and for each whether the tokens looked at were enough.
    """
    reached = ordered.cumsum(dim=-1)
    # mass before the token: the one that crosses the threshold belongs to the nucleus
    inside = reached - ordered < nucleus
    mass = torch.where(nucleus < 1, (ordered * inside).sum(dim=-1, keepdim=True), 1.0)
    found = torch.where(nucleus < 1, reached[:, -1:] >= nucleus, reached[:, -1:] > number)
    place = (reached <= number * mass).sum(dim=-1, keepdim=True)
    # rounding may put the number beyond the last token
    place = torch.minimum(place, inside.sum(dim=-1, keepdim=True) - 1)
    return ids.gather(1, place).squeeze(1), found.squeeze(1)
