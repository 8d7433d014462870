"""Large products of a compiled graph go to oneDNN and give the same numbers; all else stays."""

import ctypes
import shutil
import sys

import pytest
import torch
from torch.fx.experimental.proxy_tensor import make_fx

from minilm.train import products
from minilm.train.products import LargeProducts, can_multiply, keep_freed_memory, options

MM, PRODUCT = torch.ops.aten.mm.default, torch.ops.minilm.product.default
pytestmark = pytest.mark.skipif(not can_multiply(), reason="torch without oneDNN")


def traced(run, *inputs):
    """Return a function's graph after the pass, and how many products went each way."""
    graph = make_fx(run, tracing_mode="fake")(*inputs)
    LargeProducts()(graph.graph)
    graph.recompile()
    targets = [node.target for node in graph.graph.nodes]
    return graph, targets.count(PRODUCT), targets.count(MM)


def test_the_product_is_that_of_torch():
    a, b = torch.randn(70, 33), torch.randn(33, 21)
    for right in (b, b.T.contiguous().T):
        assert torch.allclose(PRODUCT(a, right), a @ right, atol=1e-5)


def test_a_large_product_goes_to_onednn_with_the_same_result():
    x, weight = torch.randn(2048, 256), torch.randn(256, 256)
    graph, moved, stayed = traced(lambda x, w: torch.mm(x, w.t()), x, weight)
    assert (moved, stayed) == (1, 0)
    assert torch.allclose(graph(x, weight), x @ weight.T, atol=1e-4)


def test_small_transposed_and_short_ones_stay():
    x, weight, grad = torch.randn(2048, 256), torch.randn(256, 256), torch.randn(2048, 256)
    assert traced(torch.mm, x[:2047], weight)[1:] == (0, 1)
    assert traced(lambda g, x: torch.mm(g.t(), x), grad, x)[1:] == (0, 1)
    assert traced(torch.mm, x.double(), weight.double())[1:] == (0, 1)


def test_only_a_model_on_a_cpu_is_told_of_them(monkeypatch):
    monkeypatch.setattr(products, "keep_freed_memory", lambda: True)
    layer = torch.nn.Linear(2, 2)
    assert isinstance(options(layer)["post_grad_custom_post_pass"], LargeProducts)
    assert options(layer.to("meta")) == {}
    monkeypatch.setattr(products, "keep_freed_memory", lambda: False)
    assert options(torch.nn.Linear(2, 2)) == {}


def test_where_freed_memory_cannot_be_kept_it_says_so(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    assert not keep_freed_memory()
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(ctypes, "CDLL", None)  # not even asked
    assert not keep_freed_memory()


def test_an_old_library_that_refuses_large_blocks_is_asked_for_less(monkeypatch):
    asked = []

    class Library:
        def mallopt(self, setting, value):
            asked.append((setting, value))
            return int(setting == products.TRIM_THRESHOLD or value <= 2**25)

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda name: Library())
    assert keep_freed_memory()
    assert asked == [(-3, 2**30), (-3, 2**25), (-1, 2**31 - 1)]


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("g++"), reason="no C++ compiler")
def test_a_compiled_layer_learns_the_same(monkeypatch):
    """Forward and towards the input by oneDNN, the weight's gradient as before."""
    monkeypatch.setattr(products, "keep_freed_memory", lambda: True)  # leave this process alone
    seen = []
    whole = LargeProducts.__call__

    def watched(self, graph):
        whole(self, graph)
        seen.append(len(graph.find_nodes(op="call_function", target=PRODUCT)))

    monkeypatch.setattr(LargeProducts, "__call__", watched)
    torch.manual_seed(0)
    layer = torch.nn.Linear(256, 256, bias=False)
    x = torch.randn(2048, 256, requires_grad=True)
    plain = torch.autograd.grad(layer(x).relu().sum(), [x, layer.weight])
    with torch._inductor.config.patch(fx_graph_cache=False):
        compiled = torch.compile(layer, dynamic=False, options=options(layer))
        ours = torch.autograd.grad(compiled(x).relu().sum(), [x, layer.weight])
    assert seen == [1, 1]
    for one, other in zip(ours, plain, strict=True):
        assert torch.allclose(one, other, rtol=1e-4, atol=1e-3)
