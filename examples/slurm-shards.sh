#!/bin/bash
# A synthesis on many machines: one task of a job array a shard, and a last job that makes one run of them.
#
#     CONFIG=config.yaml RUN=/shared/runs/first sbatch --array=1-16 examples/slurm-shards.sh
#     CONFIG=config.yaml RUN=/shared/runs/first sbatch --dependency=afterany:JOB examples/slurm-shards.sh
#
# CONFIG and RUN lie on storage that all machines share, unless SEGMENTS is given; a shard works on the machine's own disk. A task that is
# preempted or killed goes on where it stopped when it is started again, on any machine.
#SBATCH --job-name=regenesis
#SBATCH --gpus-per-task=1
#SBATCH --cpus-per-task=8
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --signal=TERM@30
set -euo pipefail

: "${CONFIG:?the config file}" "${RUN:?the run folder, on shared storage}"
regenesis=${REGENESIS:-regenesis}

if [ -n "${SLURM_ARRAY_TASK_ID:-}" ]; then
  exec $regenesis synthesize "$CONFIG" --run-dir "$RUN" \
    --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" \
    --scratch "${SCRATCH:-${TMPDIR:-/tmp}/regenesis-$SLURM_ARRAY_JOB_ID}" ${SEGMENTS:+--segments "$SEGMENTS"}
fi
exec $regenesis merge "$RUN" ${SEGMENTS:+--segments "$SEGMENTS"}
