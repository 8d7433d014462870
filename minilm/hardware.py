"""Accelerators as their makers describe them, with a price by the hour that you should replace.

Peaks are dense matrix products in bfloat16 (float16 where there is none), without sparsity. `link`
is what one device can send to the others of its node, `network` what it can send out of the node,
in bytes a second and one direction. Prices are stated, not looked up: round numbers for renting one
device for an hour, in US dollars, of the order that was asked in 2025.
"""

from dataclasses import dataclass

from minilm.errors import MinilmError

# FLOP/s, from NVIDIA's data sheets; a device is the first that its own name contains.
PEAKS = {
    "B200": 2250e12,
    "H200": 989e12,
    "H100 PCIe": 756e12,
    "H100 NVL": 835e12,
    "H100": 989e12,
    "A100": 312e12,
    "A10": 125e12,
    "L40S": 362e12,
    "L4": 121e12,
    "4090": 165e12,
    "3090": 71e12,
    "V100": 125e12,
    "T4": 65e12,
}


@dataclass(frozen=True)
class Gpu:
    """One kind of device: what it computes, holds, sends, draws and costs."""

    name: str
    peak: float  # FLOP/s
    memory: float  # bytes
    link: float  # bytes/s to the devices of the same node
    network: float  # bytes/s to other nodes
    watts: float
    price: float  # dollars an hour

    per_node: int = 8

    def speed(self, n_devices: int) -> float:
        """Return the bytes a second that one of so many devices can send to the next."""
        return self.link if n_devices <= self.per_node else self.network


GPUS = {
    "v100": Gpu("V100 32 GB", PEAKS["V100"], 32e9, 150e9, 12.5e9, 300, 0.60),
    "a100": Gpu("A100 80 GB", PEAKS["A100"], 80e9, 300e9, 25e9, 400, 1.50),
    "h100": Gpu("H100 80 GB", PEAKS["H100"], 80e9, 450e9, 50e9, 700, 2.50),
    "h200": Gpu("H200 141 GB", PEAKS["H200"], 141e9, 450e9, 50e9, 700, 3.00),
    "b200": Gpu("B200 180 GB", PEAKS["B200"], 180e9, 900e9, 50e9, 1000, 5.00),
}


def find_gpu(name: str) -> Gpu:
    """Return the device with this name; raise MinilmError, with the known ones, for another."""
    if name.lower() not in GPUS:
        raise MinilmError(f"There is no {name!r} in the table: choose from {', '.join(GPUS)}.")
    return GPUS[name.lower()]
