"""OpenCV's side of loader.mjs: see loader_passes.py.

`grab` decodes frames that are not wanted without turning them into BGR; `retrieve` turns those that are.
"""
import os

import cv2
import numpy as np

from loader_passes import place, serve, short_side

VARIANTS = ["grabbing, one thread", "grabbing, automatic threads", "seeking, one thread"]

cv2.setNumThreads(1)


def wanted_frames(variant, path, wanted):
    # The decoder's threads can be set by the environment alone.
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "threads;1" if "one thread" in variant else "threads;0"
    capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG)
    at = 0
    try:
        for index in sorted(set(wanted)):
            if "seeking" in variant and index > at:
                capture.set(cv2.CAP_PROP_POS_FRAMES, index)
                at = index
            while at <= index:
                if not capture.grab():
                    raise RuntimeError(f"{path} has no frame {at}")
                at += 1
            yield index, capture.retrieve()[1]
    finally:
        capture.release()


def read_clip(variant, path, frames, out):
    for index, image in wanted_frames(variant, path, frames):
        height, width, _ = image.shape
        small = cv2.resize(image, short_side(width, height), interpolation=cv2.INTER_LINEAR)
        for place_in_clip in (place_in_clip for place_in_clip, one in enumerate(frames) if one == index):
            place(cv2.cvtColor(small, cv2.COLOR_BGR2RGB), out[place_in_clip])


def check(variant, path, frames, reference):
    """RGB as swscale makes it of the planes: a wrong frame differs by far more than its rounding."""
    got = np.stack([image[:, :, ::-1] for _, image in wanted_frames(variant, path, frames)])
    expected = np.fromfile(reference, np.uint8).reshape(got.shape)
    return {"meanDifference": float(np.abs(got.astype(int) - expected).mean()), "planes": "rgb24"}


if __name__ == "__main__":
    serve("OpenCV", VARIANTS, read_clip, check)
