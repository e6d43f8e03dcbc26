"""Rows of fixed length from samples, and the worker processes that make them. A batch is a function of (seed, step,
progress) alone, so a run repeats exactly whatever the number of workers."""
import multiprocessing as mp
import queue, sys, traceback
import numpy as np
from dataset import Dataset
from tasks import Tasks

# progress from, (text, copy, cloze, qa, cross) in % of rows / of samples, weight of the language-model loss
STAGES = {"scratch": [(0.0, (50, 20, 22, 6, 2), 1.0), (0.10, (35, 5, 40, 17, 3), 1.0), (0.40, (24, 3, 41, 29, 3), 0.7), (0.78, (10, 2, 33, 52, 3), 0.3)],
          "read": [(0.0, (22, 2, 28, 44, 4), 0.5), (0.70, (12, 1, 27, 56, 4), 0.3)],
          "resume": [(0.0, (32, 3, 38, 24, 3), 1.0), (0.30, (24, 2, 40, 30, 4), 0.7), (0.60, (14, 2, 38, 42, 4), 0.4), (0.82, (8, 1, 31, 56, 4), 0.3)]}


def stage(plan, p):
    return [s for s in STAGES[plan] if p >= s[0]][-1][1:]


def make(tasks, seed, step, progress, B, T, plan="scratch"):
    """-> ids [B,T+1] uint16, class of each target [B,T] uint8, sample number [B,T] int16 (rising along a row)"""
    tasks.seed(seed, step)
    mix, _ = stage(plan, progress)
    ids, cls, doc = np.zeros((B, T + 1), np.uint16), np.zeros((B, T), np.uint8), np.zeros((B, T), np.int16)
    text = int(round(B * mix[0] / sum(mix)))
    for b in range(text):
        ids[b], doc[b] = tasks.text(T)
        cls[b] = 1
    at, num = np.zeros(B, int), np.zeros(B, int)         # filled so far, samples so far
    open_rows = list(range(text, B)); misses = 0
    while open_rows and misses < 4:
        x, c = tasks.sample(mix[1:])
        n = len(x)
        row = next((b for b in open_rows if at[b] + n - 1 <= T), None) if n <= T + 1 else None
        if row is None:
            misses += 1
            continue
        a = at[row]
        ids[row, a:a + n] = x; cls[row, a:a + n - 1] = c[1:]; doc[row, a:a + n] = num[row]
        if a:
            cls[row, a - 1] = 0                          # the end of one sample does not predict the next
        at[row] += n; num[row] += 1
        if at[row] > T - 60:
            open_rows.remove(row)
    for b in range(text, B):
        doc[b, at[b]:] = num[b]
    return ids, cls, doc


def worker(open_source, refresh_every, seed, jobs, out):
    """open_source() -> (dataset, make(seed, step, progress) -> batch)."""
    data, make_one = open_source()
    done = 0
    while True:
        step, progress = jobs.get()
        done += 1
        if done % refresh_every == 0:                    # shards that came since
            data.find_text()
        for attempt in range(4):                         # another draw, the same on every machine, if a sample cannot be made
            try:
                batch = make_one(seed + 1000003 * attempt, step, progress)
                break
            except Exception:
                batch = traceback.format_exc(); print(f"batch {step}: {batch}", file=sys.stderr, flush=True)
        out.put((step, batch))


def rows(dir, options, B, T, plan):
    """The source of seine-mini's batches."""
    def open_source():
        data = Dataset(dir); tasks = Tasks(data, options)
        return data, lambda seed, step, progress: make(tasks, seed, step, progress, B, T, plan)
    return open_source


class Loader:
    """Asks for batches ahead and hands them over in order of step."""

    def __init__(self, open_source, seed, workers, refresh_every=50, ahead=32):
        ctx = mp.get_context("fork")
        self.jobs, self.out = ctx.Queue(), ctx.Queue()
        self.ready, self.next_job, self.ahead = {}, None, ahead
        self.procs = [ctx.Process(target=worker, args=(open_source, refresh_every, seed, self.jobs, self.out), daemon=True) for _ in range(workers)]
        for p in self.procs:
            p.start()

    def get(self, step, progress_of):
        if self.next_job is None:
            self.next_job = step
        while self.next_job < step + self.ahead:
            self.jobs.put((self.next_job, progress_of(self.next_job))); self.next_job += 1
        while step not in self.ready:
            try:
                k, batch = self.out.get(timeout=60)
            except queue.Empty:
                raise RuntimeError(f"no batch for step {step} within 60 s: a worker died") from None
            self.ready[k] = batch
        batch = self.ready.pop(step)
        if isinstance(batch, str):
            raise RuntimeError(f"batch {step} cannot be made: {batch}")
        return batch

    def close(self):
        for p in self.procs:
            p.terminate()
