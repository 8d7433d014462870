"""Matrix products for compiled training on a CPU: oneDNN's, where torch would take MKL's.

Torch brings both libraries. For float32 it calls MKL, whose products of some thousand rows reach
nine tenths of what oneDNN's do. But oneDNN lays a matrix out anew for each product, in memory that
it takes and gives back, and asking the system for that each time costs more than is gained. So the
two belong together: products by oneDNN, and freed memory that stays with the process.

This module loads the compiler; import it where something is compiled.
"""

import ctypes
import sys
from typing import Any

import torch
from torch import Tensor
from torch._inductor.custom_graph_pass import CustomGraphPass
from torch.fx import Graph, Node

LARGE = 2**27  # multiplications; below, the call costs more than the better product gains
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # the numbers of mallopt's settings, in malloc.h


def keep_freed_memory() -> bool:
    """Tell the C library to keep freed memory, however large, for what is allocated next.

    Pages from the system are filled with zeros at their first touch; pages that are kept are not.
    Returns False where the C library is not glibc, which alone has this switch.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is None:
        return False
    # Older versions of glibc refuse more than 32 MB.
    large = any(mallopt(MMAP_THRESHOLD, size) for size in (2**30, 2**25))
    return large and bool(mallopt(TRIM_THRESHOLD, 2**31 - 1))


def can_multiply() -> bool:
    """Say whether this torch has oneDNN and its product of a matrix with a transposed one."""
    built = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return built and hasattr(torch.ops.mkldnn, "_linear_pointwise")


LIBRARY = torch.library.Library("minilm", "DEF")  # type: ignore[no-untyped-call]
LIBRARY.define("product(Tensor a, Tensor b) -> Tensor")  # type: ignore[no-untyped-call]


@torch.library.impl(LIBRARY, "product", "CPU")
def product(a: Tensor, b: Tensor) -> Tensor:
    """Multiply (N, K) by (K, M) -> (N, M), float32, with oneDNN.

    Registered by its parts, since `torch.library.custom_op` costs a tenth of a millisecond a call.
    """
    out: Tensor = torch.ops.mkldnn._linear_pointwise.default(a, b.t(), None, "none", [], "")
    return out


@torch.library.register_fake("minilm::product", lib=LIBRARY)  # type: ignore[untyped-decorator]
def _(a: Tensor, b: Tensor) -> Tensor:
    return a.new_empty(a.shape[0], b.shape[1])


class LargeProducts(CustomGraphPass):
    """A pass of the compiler that hands the large products of a graph to oneDNN.

    Those with a first factor that lies transposed in memory, as for a weight's gradient, stay with
    MKL, which need not copy it.
    """

    def __call__(self, graph: Graph) -> None:
        for node in graph.find_nodes(op="call_function", target=torch.ops.aten.mm.default):
            if gains(*node.args):
                node.target = torch.ops.minilm.product.default

    def uuid(self) -> str:
        """Name what this pass does, for the compiler's cache."""
        return f"minilm large products {LARGE}"


def gains(a: Node, b: Node) -> bool:
    """Say whether oneDNN multiplies these two faster: (N, K) and (K, M)."""
    left, right = a.meta["val"], b.meta["val"]
    here = left.device.type == "cpu" and left.dtype == torch.float32
    return bool(here and left.is_contiguous() and left.numel() * right.shape[1] >= LARGE)


def options(model: torch.nn.Module) -> dict[str, Any]:
    """Return what to tell the compiler for a model: of large products, if it is on a CPU.

    From then on this process keeps freed memory. That cannot wait for a large product to turn up:
    a graph from the compiler's cache does not come through the pass.
    """
    cpu = all(weight.device.type == "cpu" for weight in model.parameters())
    if cpu and can_multiply() and keep_freed_memory():
        return {"post_grad_custom_post_pass": LargeProducts()}
    return {}
