#!/bin/bash
# Trains on GPUs under Slurm: a process for each GPU, which ask Slurm for one another. NOT RUN: written by the documentation of Slurm and
# of jax.distributed; what was run of it is the Python command, in two processes on one machine (README.md here).
#
#   sbatch examples/scale/slurm.sh build/sasrec/jax /shared/shards /shared/runs/one
#SBATCH --job-name=pcrec
#SBATCH --nodes=8
#SBATCH --ntasks-per-node=8
#SBATCH --gpus-per-task=1
#SBATCH --cpus-per-task=8
#SBATCH --requeue
#SBATCH --signal=TERM@120
set -euo pipefail
program=$1 shards=$2 run=$3

# A job that Slurm puts back in the queue begins here again, and --resume goes on from its last checkpoint.
srun --kill-on-bad-exit=1 python "$program/train.py" --shards "$shards" --out "$run" --cluster --resume \
  --mesh "data=1,table=$SLURM_NTASKS" --checkpoint-seconds 300
