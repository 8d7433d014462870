"""Wrong attempts at the exercises of chapter 34, each with words that the answer must contain."""

import torch


def window_counted_without_itself(n_layers, window):
    return n_layers * window


def one_layer_only(n_layers, window):
    return window - 1


def values_left_out(config):
    numbers = (config.n_kv_heads or config.n_heads) * config.head_width
    if config.attention == "latent":
        numbers = config.latent_width + config.rotary_width
    return 2 * config.n_layers * numbers


def all_heads_remember(config):
    if config.attention == "latent":
        return 2 * config.n_layers * (config.latent_width + config.rotary_width)
    return 2 * config.n_layers * 2 * config.n_heads * config.head_width


def rotary_key_left_out(config):
    numbers = 2 * (config.n_kv_heads or config.n_heads) * config.head_width
    if config.attention == "latent":
        numbers = config.latent_width
    return 2 * config.n_layers * numbers


def rewarded(slopes, n):
    place = torch.arange(n)
    distance = (place[:, None] - place).float()
    costs = torch.tensor(slopes)[:, None, None] * distance
    return costs.masked_fill(distance < 0, -torch.inf)


def future_left_open(slopes, n):
    place = torch.arange(n)
    return -torch.tensor(slopes)[:, None, None] * (place[:, None] - place).abs()


def squared_distance(slopes, n):
    place = torch.arange(n)
    distance = (place[:, None] - place).float()
    costs = -torch.tensor(slopes)[:, None, None] * distance**2
    return costs.masked_fill(distance < 0, -torch.inf)


def shares_of_all(scores, n_active):
    shares, chosen = scores.softmax(dim=-1).topk(n_active, dim=-1)
    return shares, chosen


def equal_shares(scores, n_active):
    chosen = scores.topk(n_active, dim=-1).indices
    return torch.full(chosen.shape, 1 / n_active), chosen


def lowest_chosen(scores, n_active):
    lowest, chosen = scores.topk(n_active, dim=-1, largest=False)
    return lowest.softmax(dim=-1), chosen


WRONG = [
    ("windows_reach", window_counted_without_itself, "a window holds the position itself"),
    ("windows_reach", one_layer_only, "2 layers with a window of 4 reach 6 positions back"),
    ("cache_bytes", values_left_out, "a token a key and a value"),
    ("cache_bytes", all_heads_remember, "with 2 key heads"),
    ("cache_bytes", rotary_key_left_out, "with a latent of 24 and 4 rotary numbers"),
    ("distance_costs", rewarded, "distance takes off"),
    ("distance_costs", future_left_open, "the future must stay hidden"),
    ("distance_costs", squared_distance, "it should be a line"),
    ("routing", shares_of_all, "the shares of the chosen add up to one"),
    ("routing", equal_shares, "e times the share"),
    ("routing", lowest_chosen, "the highest scores are of 1 and 2"),
]
