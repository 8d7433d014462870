#!/usr/bin/env bash
# Train one model on several hosts. Start the same line on each of them, within ten minutes:
#
#   HOSTS=4 MEET=host0:29400 launch/torchrun.sh --recipe big.toml --out /shared/runs/big
#
# Before: `minilm prepare` with the same --recipe and --out, by one process, once. In the recipe,
# [train] says parallel = "ddp" or "fsdp". After: `minilm build`, by one process, for the rest.
set -euo pipefail # a mistyped variable or a failed command ends the script

HOSTS=${HOSTS:-1}              # how many hosts take part; 2:4 waits for two and lets two more join
MEET=${MEET:-localhost:29400}  # a name that all hosts know one of them by, and a free port on it
PER_HOST=${PER_HOST:-gpu}      # processes on each host: one for each GPU; a number on CPUs

# A killed process is started again, and all of them continue from the last checkpoint. Without this
# line they would look for each other at the addresses of the life before (pytorch issue 135712).
export TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1

# Asked to stop, torchrun gives the processes this many seconds to write a checkpoint (torch 2.13).
export TORCH_ELASTIC_SHUTDOWN_TIMEOUT=${GRACE:-100}

# --rdzv-id        tells this run from another that meets at the same place
# --max-restarts   how often the processes are started again after one of them has failed
# -m minilm train  the command that all of them run; what is given to this script goes on to it
exec torchrun \
  --nnodes "$HOSTS" \
  --nproc-per-node "$PER_HOST" \
  --rdzv-backend c10d \
  --rdzv-endpoint "$MEET" \
  --rdzv-id "${RUN_ID:-minilm}" \
  --max-restarts "${RESTARTS:-3}" \
  -m minilm train "$@"
