"""Another order in memory: the same values, the same file, the same text."""

import torch

from minilm.model.storage import load_model, save_model
from minilm.model.transformer import Transformer, TransformerConfig
from minilm.serve.engine import generate
from minilm.serve.layout import store_by_columns


def test_values_files_and_text_stay_the_same(tmp_path):
    torch.manual_seed(0)
    model = Transformer(TransformerConfig(vocab_size=50, context_length=24, d_model=32)).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight) * 0.3)
    ids = torch.randint(50, (2, 20))
    save_model(model, tmp_path / "rows")
    logits, text = model(ids), list(generate(model, [1], max_new_tokens=30, seed=0))
    assert model.blocks[0].attention.qkv.weight.is_contiguous()

    assert store_by_columns(model) is model
    assert model.blocks[0].attention.qkv.weight.t().is_contiguous()
    assert model.head.weight is model.embedding.weight  # still tied
    torch.testing.assert_close(model(ids), logits, atol=1e-4, rtol=1e-4)
    assert list(generate(model, [1], max_new_tokens=30, seed=0)) == text
    save_model(model, tmp_path / "columns")
    assert (tmp_path / "rows").read_bytes() == (tmp_path / "columns").read_bytes()
    assert load_model(tmp_path / "columns").config == model.config
