"""Solutions to the exercises of chapter 46."""

from collections.abc import Mapping


def days(params: float, tokens: float, gpus: int, peak: float, utilization: float) -> float:
    return 6 * params * tokens / (gpus * peak * utilization) / 86_400


def state_bytes(params: float, gpus: int, stage: str) -> float:
    parts = [("optimizer", 12), ("gradients", 2), ("weights", 2)]  # in the order of being cut
    cut = ["none", "optimizer", "gradients", "weights"].index(stage)
    return sum(
        size * params / (gpus if place < cut else 1) for place, (_, size) in enumerate(parts)
    )


def share_of_peak(params: float, tokens: float, hours: float, peak: float) -> float:
    return 6 * params * tokens / (hours * 3600 * peak)


def affordable(dollars: float, device: Mapping[str, float]) -> float:
    # 6 N x 20 N operations, so N is the root of what the money buys.
    operations = dollars / device["price"] * 3600 * device["peak"] * device["utilization"]
    return (operations / 120) ** 0.5
