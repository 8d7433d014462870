"""Wrong attempts at the exercises of chapter 46, each with words that the answer must contain."""


def forward_only(params, tokens, gpus, peak, utilization):
    return 2 * params * tokens / (gpus * peak * utilization) / 86_400


def one_device(params, tokens, gpus, peak, utilization):
    return 6 * params * tokens / (peak * utilization) / 86_400


def at_the_peak(params, tokens, gpus, peak, utilization):
    return 6 * params * tokens / (gpus * peak) / 86_400


def everything_is_cut(params, gpus, stage):
    return 16 * params / (1 if stage == "none" else gpus)


def weights_first(params, gpus, stage):
    cut = ["none", "weights", "gradients", "optimizer"].index(stage)
    sizes = [2, 2, 12]
    return sum(s * params / (gpus if place < cut else 1) for place, s in enumerate(sizes))


def seconds_for_hours(params, tokens, hours, peak):
    return 6 * params * tokens / (hours * peak)


def upside_down(params, tokens, hours, peak):
    return hours * 3600 * peak / (6 * params * tokens)


def no_root(dollars, device):
    flops = dollars / device["price"] * 3600 * device["peak"] * device["utilization"]
    return flops / 120


def tokens_forgotten(dollars, device):
    flops = dollars / device["price"] * 3600 * device["peak"] * device["utilization"]
    return (flops / 6) ** 0.5


WRONG = [
    ("days", forward_only, "not"),
    ("days", one_device, "eighth"),
    ("days", at_the_peak, "a quarter of the peak"),
    ("state_bytes", everything_is_cut, "'optimizer': 31.4"),
    ("state_bytes", weights_first, "'optimizer': 31.4"),
    ("share_of_peak", seconds_for_hours, "1,000 hours"),
    ("share_of_peak", upside_down, "1,000 hours"),
    ("affordable", no_root, "which cost"),
    ("affordable", tokens_forgotten, "which cost"),
]
