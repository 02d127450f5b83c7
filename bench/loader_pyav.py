"""PyAV's side of loader.mjs: see loader_passes.py.

Frames are resized and turned into RGB by swscale in one call, as they are wanted; the others are only decoded.
"""
import av
import numpy as np

from loader_passes import place, serve, short_side

# How frames are reached (through all before them, or by seeking to the key frame before each), and the decoder's threads.
VARIANTS = ["sequential, one thread", "sequential, automatic threads", "seeking, one thread"]


def open_stream(path, variant):
    container = av.open(path)
    stream = container.streams.video[0]
    if "one thread" in variant:
        stream.thread_type = "NONE"
        stream.codec_context.thread_count = 1
    else:
        stream.thread_type = "AUTO"
    return container, stream


def sequential(container, stream, wanted):
    left = set(wanted)
    for index, frame in enumerate(container.decode(stream)):
        if index in left:
            yield index, frame
            left.discard(index)
            if not left:
                return


def seeking(container, stream, wanted):
    """Seeks before each frame unless the last one decoded lies in the same group of pictures or later."""
    rate, unit = stream.average_rate, stream.time_base
    start = stream.start_time or 0
    times = {round(index / rate / unit) + start: index for index in sorted(wanted)}
    decoded = None
    frames = None
    for time, index in times.items():
        if decoded is None or (time - decoded) * unit > 1:
            container.seek(time, stream=stream)
            frames = container.decode(stream)
        for frame in frames:
            decoded = frame.pts
            if frame.pts >= time:
                yield index, frame
                break


def wanted_frames(variant, path, wanted):
    container, stream = open_stream(path, variant)
    with container:
        yield from (seeking if "seeking" in variant else sequential)(container, stream, wanted)


def read_clip(variant, path, frames, out):
    places = {}
    for place_in_clip, index in enumerate(frames):
        places.setdefault(index, []).append(place_in_clip)
    for index, frame in wanted_frames(variant, path, frames):
        width, height = short_side(frame.width, frame.height)
        image = frame.to_ndarray(width=width, height=height, format="rgb24", interpolation="BILINEAR")
        for place_in_clip in places[index]:
            place(image, out[place_in_clip])


def check(variant, path, frames, reference):
    """The planes themselves: they must be ffmpeg's."""
    expected = np.fromfile(reference, np.uint8)
    decoded = {index: frame.to_ndarray(format="yuv420p").ravel() for index, frame in wanted_frames(variant, path, frames)}
    got = np.concatenate([decoded[index] for index in sorted(set(frames))])
    return {"meanDifference": float(np.abs(got.astype(int) - expected).mean()), "planes": "yuv420p"}


if __name__ == "__main__":
    serve("PyAV", VARIANTS, read_clip, check)
