"""Mixture of experts: many feed-forward layers, of which each position goes through a few.

N positions of all rows, D d_model, E experts, A experts that are active for a position
"""

import torch
from torch import Tensor, nn

from minilm.errors import MinilmError
from minilm.model.config import TransformerConfig
from minilm.model.feedforward import SwiGLU


class Experts(nn.Module):
    """Send each position through the experts that its router scores highest, and mix their answers.

    Shapes: (B, T, D) -> (B, T, D). Each expert computes its own positions only, so parameters grow
    with E and work with A. A router left alone prefers whoever is ahead, which then learns most:
    in training, `balance_loss` says how uneven the work of the last call was (see `extra_loss`).

    Raises MinilmError when more experts are to be active than there are.
    Source: Shazeer et al. 2017, "Outrageously Large Neural Networks"; Jiang et al. 2024, "Mixtral".
    """

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        if not 1 <= config.n_active_experts <= config.n_experts:
            raise MinilmError(
                f"{config.n_active_experts} of {config.n_experts} experts cannot be active: choose"
                " n_active_experts from 1 to n_experts."
            )
        d_model, width = config.d_model, config.feedforward_width
        self.n_active = config.n_active_experts
        self.router = nn.Linear(d_model, config.n_experts, bias=False)
        self.experts = nn.ModuleList(
            SwiGLU(d_model, width, config.bias) for _ in range(config.n_experts)
        )
        self.balance = config.balance
        self.balance_loss: Tensor | float = 0.0

    def forward(self, x: Tensor) -> Tensor:
        positions = x.flatten(0, -2)  # (B, T, D) -> (N, D)
        shares, chosen, probabilities = self.route(positions)
        if self.training:
            self.balance_loss = balance_loss(probabilities, chosen)
        # Positions sorted by expert: what one expert reads lies together.
        order = chosen.flatten().argsort(stable=True)  # (N A,)
        rows = order // self.n_active
        counts = chosen.flatten().bincount(minlength=len(self.experts)).tolist()
        parts = torch.split(positions[rows], counts)  # E x (its positions, D)
        answers = torch.cat(
            [expert(part) for expert, part in zip(self.experts, parts, strict=True)]
        )
        answers = answers * shares.flatten()[order, None]  # (N A, D)
        return torch.zeros_like(positions).index_add(0, rows, answers.type_as(x)).view_as(x)

    def route(self, positions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Choose experts for positions (N, D): shares (N, A), their numbers (N, A), all (N, E).

        The shares of a position sum to one; the last of the three holds the router's probabilities.
        """
        probabilities = self.router(positions).float().softmax(dim=-1)  # (N, D) -> (N, E)
        shares, chosen = probabilities.topk(self.n_active, dim=-1)
        return shares / shares.sum(dim=-1, keepdim=True), chosen, probabilities


def balance_loss(probabilities: Tensor, chosen: Tensor) -> Tensor:
    """Return E times the sum over experts of (share of positions) times (mean probability).

    Shapes: probabilities (N, E), chosen (N, A) -> (). It is A when all experts are equally used,
    more when the router favours some, and falls when it lowers the probability of the busiest.

    Source: Fedus et al. 2022, "Switch Transformers", eq. 4 to 6.
    """
    n_positions, n_experts = probabilities.shape
    used = chosen.flatten().bincount(minlength=n_experts) / n_positions  # (E,)
    return n_experts * (used * probabilities.mean(dim=0)).sum()


def extra_loss(model: nn.Module) -> Tensor | float:
    """Return what the experts' last call in training adds to the loss: they want equal work.

    The sum over layers of `balance` times `balance_loss`; 0.0 for a model without experts.
    """
    layers = [part for part in model.modules() if isinstance(part, Experts)]
    return sum((layer.balance * layer.balance_loss for layer in layers), 0.0)
