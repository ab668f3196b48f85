#!/bin/bash
# Trains on a TPU pod: the same command on every host, which ask the pod for one another. NOT RUN: written by the documentation of
# Cloud TPU and of jax.distributed; what was run of it is the Python command, in two processes on one machine (README.md here).
#
#   examples/scale/tpu.sh NAME ZONE /mnt/program /mnt/shards /mnt/runs/one      # a folder that all hosts mount
set -euo pipefail
name=$1 zone=$2 program=$3 shards=$4 run=$5

gcloud compute tpus tpu-vm ssh "$name" --zone="$zone" --worker=all --command="
  pip install --quiet -r $program/requirements.txt 'jax[tpu]' &&
  python $program/train.py --shards $shards --out $run --cluster --resume --checkpoint-seconds 300"
