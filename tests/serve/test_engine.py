"""Generation: the cache changes the work and not the text."""

import pytest
import torch

from minilm.errors import MinilmError
from minilm.model.ngram import NGram
from minilm.model.storage import MODELS
from minilm.serve.engine import generate

SIZES = {
    "Transformer": {"n_layers": 2, "d_model": 32},
    "LSTM": {"d_model": 32},
    "Recurrent": {"d_model": 32, "cell": "gru"},
    "MLP": {"d_token": 16, "d_model": 32},
    "Bigram": {"rank": 16},
}


def model(kind="Transformer"):
    torch.manual_seed(0)
    if kind == "NGram":
        return NGram(3, 50).fit((torch.randint(50, (600,)) ** 2 % 50).numpy())
    make, make_config = MODELS[kind]
    made = make(make_config(vocab_size=50, context_length=24, **SIZES[kind]))
    with torch.no_grad():
        for weight in made.parameters():
            weight.add_(torch.randn_like(weight) * 0.3)
    return made.eval()


@pytest.mark.parametrize("kind", [*SIZES, "NGram"])
@pytest.mark.parametrize("knobs", [{"temperature": 0.0}, {"seed": 3}, {"seed": 3, "top_k": 5}])
def test_with_and_without_a_cache_the_text_is_the_same(kind, knobs):
    """Also past the end of the context: 60 tokens are written into a context of 24."""
    cached, plain = (
        list(generate(model(kind), [1, 2, 3], max_new_tokens=60, use_cache=use_cache, **knobs))
        for use_cache in (True, False)
    )
    assert cached == plain
    assert len(cached) == 60


def test_greedy_equals_taking_the_best_token_by_hand():
    made, ids = model(), [4, 5]
    for _ in range(10):
        ids.append(int(made(torch.tensor([ids]))[0, -1].argmax()))
    assert list(generate(made, [4, 5], max_new_tokens=10, temperature=0.0)) == ids[2:]


def test_the_seed_decides():
    runs = [list(generate(model(), [1], max_new_tokens=20, seed=seed)) for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


def test_it_streams_and_stops():
    made = model()
    stream = generate(made, [1], max_new_tokens=10**9, seed=0)
    first = [next(stream) for _ in range(8)]  # comes at once, although a billion were asked for
    again = list(generate(made, [1], max_new_tokens=8, seed=0, stop={first[5]}))
    assert again == first[: first.index(first[5])]


def test_prompts_that_do_not_fit_are_refused():
    with pytest.raises(MinilmError, match="25 tokens; give at least one and at most 24"):
        list(generate(model(), [1] * 25))
    with pytest.raises(MinilmError, match="0 tokens"):
        list(generate(model(), []))
