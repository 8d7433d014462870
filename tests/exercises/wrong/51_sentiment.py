"""Wrong attempts at the exercises of chapter 51, each with words that the answer must contain."""

import torch


def largest_of_everything(states, lengths):
    return states.amax(dim=1)


def padding_set_to_zero(states, lengths):
    real = torch.arange(states.shape[1]) < lengths[:, None]
    return (states * real[:, :, None]).amax(dim=1)


def one_batch_for_all(lengths, batch_size):
    return 1 - sum(lengths) / (len(lengths) * max(lengths))


def last_batch_filled_up(lengths, batch_size):
    batches = [lengths[i : i + batch_size] for i in range(0, len(lengths), batch_size)]
    return 1 - sum(lengths) / sum(batch_size * max(batch) for batch in batches)


def mean_of_all(states):
    return states.mean(dim=0).expand_as(states)


def never_divided(states):
    return states.cumsum(dim=0)


def any_shared_word(test, read, n_words):
    known = set(" ".join(read).split())
    return [i for i, text in enumerate(test) if known & set(text.split())]


def across_texts(test, read, n_words):
    joined = f" {' '.join(read)} "

    def runs(text):
        words = text.split()
        return [" ".join(words[i : i + n_words]) for i in range(len(words) - n_words + 1)]

    return [i for i, text in enumerate(test) if any(f" {run} " in joined for run in runs(text))]


WRONG = [
    ("largest_pool", largest_of_everything, "the third is padding"),
    ("largest_pool", padding_set_to_zero, "not [3.0, 0.0]"),
    ("padding_share", one_batch_for_all, "alone in its batch"),
    ("padding_share", last_batch_filled_up, "[10] alone takes 10"),
    ("read_along", mean_of_all, "after one token the mean is its state"),
    ("read_along", never_divided, "after two it is [2, 0], not [4.0, 0.0]"),
    ("shared_phrases", any_shared_word, "only text 0 shares one"),
    ("shared_phrases", across_texts, "begin in one text and end in the next"),
]
