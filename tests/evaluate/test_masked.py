"""Pseudo-losses against hiding each token by hand."""

import pytest
import torch
import torch.nn.functional as F

from minilm.errors import MinilmError
from minilm.evaluate.masked import pseudo_losses


class Neighbours(torch.nn.Module):
    """Scores from the sum of both neighbours' embeddings: a model that looks both ways."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.embedding = torch.nn.Embedding(12, 12)

    def forward(self, ids):
        x = self.embedding(ids)
        return F.pad(x, (0, 0, 1, 1))[:, :-2] + F.pad(x, (0, 0, 1, 1))[:, 2:] + 0.1 * x


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_each_token_is_hidden_once_and_judged_by_the_rest_of_its_window(batch_size):
    model, ids = Neighbours(), torch.randint(0, 11, (17,))
    losses = pseudo_losses(model, ids, context_length=7, mask_id=11, batch_size=batch_size)
    wanted = []
    for start, stop in [(0, 7), (7, 14), (14, 17)]:
        for place in range(start, stop):
            window = ids[start:stop].clone()
            window[place - start] = 11
            logits = model(window[None])[0, place - start]
            wanted.append(-logits.log_softmax(0)[ids[place]])
    torch.testing.assert_close(losses, torch.stack(wanted))


def test_no_text_is_an_error():
    with pytest.raises(MinilmError, match="One sequence"):
        pseudo_losses(Neighbours(), [], 7, 11)
