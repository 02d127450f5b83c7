"""What loader_pyav.py and loader_opencv.py share: worker processes that make clips when loader.mjs asks for them.

A line of JSON comes in for every job and one goes out with its result:

  {"job": "pass", "variant": NAME, "clips": [{"path": ..., "frames": [...]}]}  ->  {"seconds": ..., "cpuSeconds": ...}
  {"job": "check", "variant": NAME, "clip": {...}, "reference": FILE}  ->  {"meanDifference": ..., "levels": ...}
  {"job": "evict", "paths": [...]}  ->  {}

The processes stay; each takes the next clip that is left and writes it into memory that all share, so that nothing is sent.
"""
import argparse
import ctypes
import json
import multiprocessing
import os
import sys
import time

import numpy as np

FRAMES = 8
SIZE = 224
SLOTS = 8
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)
# One multiplication and one addition for a value of 0..255.
SCALE = 1 / (255 * STD)
SHIFT = -MEAN / STD


def short_side(width, height):
    """The size whose short side is SIZE."""
    scale = SIZE / min(width, height)
    return max(SIZE, round(width * scale)), max(SIZE, round(height * scale))


def place(image, out):
    """The middle of an RGB picture whose short side is SIZE, normalised."""
    height, width, _ = image.shape
    y, x = (height - SIZE) // 2, (width - SIZE) // 2
    np.multiply(image[y : y + SIZE, x : x + SIZE], SCALE, out=out)
    out += SHIFT


def work(read_clip, tasks, results, memory):
    out = np.frombuffer(memory, np.float32).reshape(SLOTS, FRAMES, SIZE, SIZE, 3)
    while (task := tasks.get()) is not None:
        number, variant, clip = task
        begin = time.process_time()
        read_clip(variant, clip["path"], clip["frames"], out[number % SLOTS])
        results.put(time.process_time() - begin)


def evict(paths):
    """Drops files from the page cache."""
    for path in paths:
        file = os.open(path, os.O_RDONLY)
        os.fsync(file)
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(file)


def serve(name, variants, read_clip, check):
    """Answers jobs until there are no more.

    read_clip(variant, path, frames, out) makes one clip of float32 [FRAMES, SIZE, SIZE, 3].
    check(variant, path, frames, reference) compares decoded frames with what ffmpeg wrote into a file.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    context = multiprocessing.get_context("fork")
    tasks, results = context.SimpleQueue(), context.SimpleQueue()
    memory = context.RawArray(ctypes.c_float, SLOTS * FRAMES * SIZE * SIZE * 3)
    workers = [context.Process(target=work, args=(read_clip, tasks, results, memory)) for _ in range(given.workers)]
    for worker in workers:
        worker.start()
    print(json.dumps({"ready": name, "variants": variants}), flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        answer = {}
        if job["job"] == "evict":
            evict(job["paths"])
        elif job["job"] == "check":
            answer = check(job["variant"], job["clip"]["path"], job["clip"]["frames"], job["reference"])
        else:
            begin = time.perf_counter()
            for number, clip in enumerate(job["clips"]):
                tasks.put((number, job["variant"], clip))
            cpu = sum(results.get() for _ in job["clips"])
            answer = {"seconds": time.perf_counter() - begin, "cpuSeconds": cpu}
        print(json.dumps(answer), flush=True)
    for _ in workers:
        tasks.put(None)
    for worker in workers:
        worker.join()
